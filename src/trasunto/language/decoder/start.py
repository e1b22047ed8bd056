"""What a training begins with: a tokenizer and a network, new, pretrained or trained before."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trasunto.errors import FitError
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.decoder.tokens import train_tokenizer
from trasunto.language.offline import find
from trasunto.language.pretrained import device, fast_halves, load_decoder, quiet_transformers


def computes_halves(settings: DecoderSettings) -> bool:
    """Whether products are in bfloat16."""
    return settings.precision == "auto" and (device() == "cuda" or fast_halves())


def scratch(examples: Sequence[Example], settings: DecoderSettings) -> tuple[Any, Any]:
    """(tokenizer, network): a tokenizer of these texts, and a small Llama with random weights, in the layout that
    transformers, CTranslate2 and llama.cpp read."""
    transformers = quiet_transformers()
    tokenizer = train_tokenizer((each.text for each in examples), settings.vocabulary)
    config = transformers.LlamaConfig(
        # Widths that are multiples of 64 are quicker; no text has the tokens that fill up.
        vocab_size=-(-len(tokenizer) // 64) * 64,
        hidden_size=settings.width,
        # Two thirds of four times the width, as in Touvron et al. 2023.
        intermediate_size=-(-settings.width * 8 // 3 // 64) * 64,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.heads,
        num_key_value_heads=settings.heads,
        max_position_embeddings=max(settings.longest, 128) * 2,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        tie_word_embeddings=True,
    )
    return tokenizer, transformers.LlamaForCausalLM(config).to(device()).eval()


def pretrained(settings: DecoderSettings) -> tuple[Path, Any, Any]:
    """(folder, tokenizer, network) of the base, in the precision that the method learns in."""
    folder = find(settings.base)
    # What learns stays in float32; a base that does not learn may be kept in half of that.
    still = settings.method in ("lora", "qlora") and computes_halves(settings)
    tokenizer, network, _ = load_decoder(folder, "bfloat16" if still else "float32")
    if tokenizer.eos_token_id is None:
        raise FitError(f"The tokenizer in {folder} has no token for the end of a text.", "Take another base.")
    return folder, tokenizer, network
