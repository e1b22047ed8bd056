"""Tokenizers and networks out of folders, quietly and without a network."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

from trasunto import registry
from trasunto.errors import ModelError


def load_encoder(folder: Path) -> tuple[Any, Any, str]:
    """(tokenizer, network, device) of an encoder. ModelError for a folder that cannot be loaded."""
    transformers = quiet_transformers()
    return _loaded(folder, transformers.AutoTokenizer, transformers.AutoModel, "float32")


def load_decoder(folder: Path, dtype: str = "float32") -> tuple[Any, Any, str]:
    """(tokenizer, network, device) of a causal language model. dtype: "float32" or "bfloat16"."""
    transformers = quiet_transformers()
    return _loaded(folder, transformers.AutoTokenizer, transformers.AutoModelForCausalLM, dtype)


def device() -> str:
    """The accelerator when there is one, else the CPU."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def halves(place: str) -> Any:
    """A context in which networks compute with bfloat16, where that is faster."""
    import torch

    return torch.autocast(place, dtype=torch.bfloat16, enabled=place == "cuda" or fast_halves())


@lru_cache(maxsize=1)
def fast_halves() -> bool:
    """Whether this processor computes with bfloat16 by itself; elsewhere it would be slower than float32."""
    try:
        return "avx512_bf16" in Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False


def _loaded(folder: Path, words: Any, kind: Any, dtype: str) -> tuple[Any, Any, str]:
    import torch

    try:
        tokenizer = words.from_pretrained(str(folder), local_files_only=True)
        network = kind.from_pretrained(str(folder), dtype=getattr(torch, dtype), local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        first = str(error).partition("\n")[0]
        raise ModelError(f"The model in {folder} cannot be loaded: {first}", "Give a Hugging Face folder.") from error
    place = device()
    return tokenizer, network.to(place).eval(), place


def quiet_transformers() -> Any:
    """The library, without its bars and its network. MissingLibraryError where it is not installed."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise registry.missing(error, "a language model") from error
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers
