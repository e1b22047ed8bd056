"""A trained language model in the forms that other programs read.

huggingface   a folder of safetensors with tokenizer and chat template; an adapter is worked in. A classifier becomes a
              folder of sentence-transformers, whose output are the logits of the labels
adapter       the adapter alone, as peft reads it
gguf          one file for llama.cpp, Ollama and their like
onnx          a classifier as a graph, for ONNX Runtime
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.errors import ModelError, near
from trasunto.language.classify import Classifier
from trasunto.language.decoder.decoder import Decoder
from trasunto.language.decoder.tokens import PLAIN
from trasunto.language.export_card import card
from trasunto.language.export_gguf import WEIGHTS, write_gguf
from trasunto.language.export_onnx import write_onnx
from trasunto.language.offline import find
from trasunto.language.pretrained import load_encoder
from trasunto.language.tasks.responder import Responder
from trasunto.writing import aside

FORMS = ("huggingface", "adapter", "gguf", "onnx")
LABELS = "labels.json"


@dataclass(frozen=True)
class Exported:
    """files: names in the folder, with their sizes in bytes. use: how the folder is read, in one line of code."""

    form: str
    files: Mapping[str, int]
    use: str


def export(model: Classifier | Responder, form: str, folder: str | Path, *, weights: str = "Q8_0") -> Exported:
    """Write a model into a folder (one that stands there is replaced), with a README that says what it is.

    form: one of FORMS. weights: of gguf, "F16" or "Q8_0".
    Raises ModelError for a form that the model does not have and says which it has, MissingLibraryError.
    """
    if form not in FORMS:
        raise ModelError(f"There is no form {form!r} to export to.", near(form, FORMS))
    if weights not in WEIGHTS:
        raise ModelError(f"Weights of {weights!r} cannot be written.", near(weights, WEIGHTS))
    known = forms_of(model)
    if form not in known:
        what = "a classifier" if isinstance(model, Classifier) else f"a model for {model.task}, {model.facts['method']}"
        raise ModelError(
            f"{what[0].upper()}{what[1:]} cannot be exported to {form}.",
            f"It can be exported to: {', '.join(known)}."
            if known
            else "Its folder holds all of it as it is: safetensors and JSON.",
        )
    with aside(folder, folder=True) as place:
        use = _writers(weights)[form](model, place)
        sizes = {
            str(each.relative_to(place)): each.stat().st_size for each in sorted(place.rglob("*")) if each.is_file()
        }
        (place / "README.md").write_text(card(model, form, use), encoding="utf-8")
    return Exported(form, sizes, use)


def forms_of(model: Classifier | Responder) -> tuple[str, ...]:
    """The forms that a model has."""
    if isinstance(model, Classifier):
        return ("huggingface", "onnx")
    if not isinstance(model.way, Decoder):
        return ()
    llama = model.way.network.config.model_type == "llama"
    return ("huggingface", *(["adapter"] if model.way.adapter else []), *(["gguf"] if llama else []))


def _writers(weights: str) -> dict[str, Callable[[Any, Path], str]]:
    def gguf(model: Responder, place: Path) -> str:
        name = f"{model.task}-{weights}.gguf"
        assert isinstance(model.way, Decoder)
        write_gguf(replace(model.way, tokenizer=speaking(model.way.tokenizer)), place / name, weights)
        return f"llama-cli -m {name}"

    return {"huggingface": _huggingface, "adapter": _adapter, "gguf": gguf, "onnx": _onnx}


def _huggingface(model: Classifier | Responder, place: Path) -> str:
    if isinstance(model, Responder):
        assert isinstance(model.way, Decoder)
        model.way.export(place)
        speaking(model.way.tokenizer).save_pretrained(place)
        return 'transformers.AutoModelForCausalLM.from_pretrained("FOLDER")'
    tokenizer, encoder, weight, bias = parts_of(model)
    encoder.save_pretrained(place)
    tokenizer.save_pretrained(place)
    _sentence_transformers(place, model, weight, bias)
    return 'sentence_transformers.SentenceTransformer("FOLDER").encode(texts)  # logits, in the order of labels.json'


def parts_of(model: Classifier) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    """(tokenizer, encoder, weight of the head (labels, width), its bias)."""
    if model.network is not None:
        tokenizer, encoder = model.network.tokenizer, model.network.encoder
    else:
        tokenizer, encoder, _ = load_encoder(find(model.settings.base))
    return tokenizer, encoder, model.head.weight.astype(np.float32), model.head.bias.astype(np.float32)


def _sentence_transformers(place: Path, model: Classifier, weight: np.ndarray, bias: np.ndarray) -> None:
    """The steps after the encoder: mean over tokens, length one, linear layer."""
    from safetensors.numpy import save_file

    width = weight.shape[1]
    kind = "sentence_transformers.models"
    steps = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize"), ("3_Dense", "Dense")]
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"{kind}.{name}"}
        for number, (path, name) in enumerate(steps)
    ]
    pooling = {"word_embedding_dimension": width, "pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
    dense = {
        "in_features": width,
        "out_features": len(model.labels),
        "bias": True,
        "activation_function": "torch.nn.modules.linear.Identity",
    }
    documents = {
        "modules.json": modules,
        "sentence_bert_config.json": {"max_seq_length": longest_of(model), "do_lower_case": False},
        "1_Pooling/config.json": pooling,
        "3_Dense/config.json": dense,
        LABELS: list(model.labels),
    }
    for name, document in documents.items():
        (place / name).parent.mkdir(exist_ok=True)
        (place / name).write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
    (place / "2_Normalize").mkdir(exist_ok=True)
    save_file({"linear.weight": weight, "linear.bias": bias}, place / "3_Dense" / "model.safetensors")


def speaking(tokenizer: Any) -> Any:
    """The tokenizer with the chat template that the model was trained in, where it brings none itself."""
    if tokenizer.chat_template:
        return tokenizer
    spoken = copy.deepcopy(tokenizer)
    spoken.chat_template = PLAIN
    return spoken


def longest_of(model: Classifier) -> int:
    """Tokens after which a text is cut."""
    from trasunto.language.embed import LONGEST

    return model.settings.longest if model.network is not None else LONGEST


def _adapter(model: Responder, place: Path) -> str:
    from safetensors.torch import save_file

    try:
        from peft import LoraConfig
    except ImportError as error:
        raise registry.missing(error, "an adapter") from error
    assert isinstance(model.way, Decoder) and model.way.adapter is not None
    adapter, base = model.way.adapter, model.way.settings.base
    # peft leaves the adapter's name out of its files.
    state = {name.replace(".default.", "."): each.contiguous() for name, each in adapter.tensors.items()}
    save_file(state, place / "adapter_model.safetensors")
    LoraConfig(
        r=adapter.rank,
        lora_alpha=adapter.alpha,
        lora_dropout=0.0,
        target_modules="all-linear",
        task_type="CAUSAL_LM",
        base_model_name_or_path=base,
        inference_mode=True,
    ).save_pretrained(str(place))
    speaking(model.way.tokenizer).save_pretrained(place)
    return f'peft.PeftModel.from_pretrained(base, "FOLDER")  # base: {base}'


def _onnx(model: Classifier, place: Path) -> str:
    tokenizer, encoder, weight, bias = parts_of(model)
    write_onnx(tokenizer, encoder, (weight, bias), place / "model.onnx")
    tokenizer.save_pretrained(place)
    (place / LABELS).write_text(json.dumps(list(model.labels), ensure_ascii=False), encoding="utf-8")
    return 'onnxruntime.InferenceSession("FOLDER/model.onnx")  # input_ids, attention_mask → logits'
