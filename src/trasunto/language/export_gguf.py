"""A Llama as one GGUF file, for llama.cpp: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.

Written from the model itself: its settings, its byte-level BPE tokenizer, its tensors under llama.cpp's names.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.errors import ModelError
from trasunto.language.decoder.decoder import Decoder

WEIGHTS = ("Q8_0", "F16")
# Kinds of tokens, of llama.cpp.
NORMAL, CONTROL, UNUSED = 1, 3, 5
# Tensors of a layer: transformers' name → llama.cpp's.
_LAYER = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def write_gguf(decoder: Decoder, path: Path, weights: str) -> None:
    """Write the file. weights: "F16" or "Q8_0"; vectors and what does not divide by 32 stay float.

    Raises ModelError for a network that is no Llama and for a tokenizer that is no byte-level BPE.
    """
    try:
        import gguf
    except ImportError as error:
        raise registry.missing(error, "a GGUF file") from error
    config = decoder.network.config
    if config.model_type != "llama":
        raise ModelError(
            f"A {config.model_type} cannot be written as GGUF here, only a llama.", "Export to huggingface."
        )
    writer = gguf.GGUFWriter(str(path), "llama")
    _settings(writer, config, weights, gguf)
    _tokenizer(writer, decoder.tokenizer, config)
    kind = getattr(gguf.GGMLQuantizationType, weights)
    for name, values in _tensors(decoder.network, config):
        if values.ndim == 1:
            writer.add_tensor(name, values)
        elif weights == "F16" or values.shape[-1] % 32:
            writer.add_tensor(name, values.astype(np.float16))
        else:
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _settings(writer: Any, config: Any, weights: str, gguf: Any) -> None:
    rope = config.rope_parameters
    if rope.get("rope_type", "default") != "default":
        raise ModelError(
            f"Positions of the kind {rope['rope_type']!r} cannot be written as GGUF here.", "Export to huggingface."
        )
    heads = config.num_attention_heads
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_rope_dimension_count(config.head_dim or config.hidden_size // heads)
    writer.add_vocab_size(config.vocab_size)
    writer.add_file_type(getattr(gguf.LlamaFileType, f"MOSTLY_{weights}"))


def _tokenizer(writer: Any, tokenizer: Any, config: Any) -> None:
    document = json.loads(tokenizer.backend_tokenizer.to_str())
    names = {number: token for token, number in tokenizer.get_vocab().items()}
    special = {each["id"] for each in document["added_tokens"] if each["special"]}
    # Rows of the embedding that no text has.
    tokens = [names.get(number, f"[UNUSED{number}]") for number in range(config.vocab_size)]
    kinds = [CONTROL if n in special else NORMAL if n in names else UNUSED for n in range(config.vocab_size)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_cutting(document))
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    merges = document["model"]["merges"]
    writer.add_token_merges([each if isinstance(each, str) else " ".join(each) for each in merges])
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    for number, add in (
        (tokenizer.bos_token_id, writer.add_bos_token_id),
        (tokenizer.eos_token_id, writer.add_eos_token_id),
        (tokenizer.unk_token_id, writer.add_unk_token_id),
        (tokenizer.pad_token_id, writer.add_pad_token_id),
    ):
        if number is not None:
            add(number)
    if tokenizer.chat_template:
        writer.add_chat_template(tokenizer.chat_template)


def _cutting(document: dict[str, Any]) -> str:
    """How the tokenizer cuts texts before it merges, by llama.cpp's name for it."""
    if document["model"]["type"] != "BPE":
        raise ModelError(f"A tokenizer of the kind {document['model']['type']} cannot be written as GGUF here.")
    cutter = document["pre_tokenizer"] or {}
    parts = cutter.get("pretokenizers", [cutter])
    kinds = [each.get("type") for each in parts]
    if kinds == ["ByteLevel"]:
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"]:
        return "smollm"
    raise ModelError(f"A tokenizer that cuts by {kinds} cannot be written as GGUF here.", "Export to huggingface.")


def _tensors(network: Any, config: Any) -> list[tuple[str, np.ndarray]]:
    state = {name: each.detach().float().cpu().numpy() for name, each in network.state_dict().items()}
    found = [
        ("token_embd.weight", state["model.embed_tokens.weight"]),
        ("output_norm.weight", state["model.norm.weight"]),
    ]
    if not config.tie_word_embeddings:
        found.append(("output.weight", state["lm_head.weight"]))
    heads = {"self_attn.q_proj": config.num_attention_heads, "self_attn.k_proj": config.num_key_value_heads}
    for layer in range(config.num_hidden_layers):
        for ours, theirs in _LAYER.items():
            values = state[f"model.layers.{layer}.{ours}.weight"]
            if ours in heads:
                values = _paired(values, heads[ours])
            found.append((f"blk.{layer}.{theirs}.weight", values))
    return found


def _paired(values: np.ndarray, heads: int) -> np.ndarray:
    """Rows of each head in the order of llama.cpp, which turns neighbours where transformers turns halves."""
    rows, columns = values.shape
    halves = values.reshape(heads, 2, rows // heads // 2, columns)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows, columns))
