"""A sieve of private texts in a model's folder: hashes and a classifier, as arrays; never a text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from trasunto.errors import ModelError
from trasunto.language.curation.settings import Curate
from trasunto.language.curation.sieve import Sieve
from trasunto.language.head import Head

FILE = "sieve.npz"


def nothing(labels: tuple[str, ...] = ()) -> Sieve:
    """A sieve that knows of no private text: it finds what is empty or said twice."""
    empty = np.empty(0, dtype=np.uint64)
    return Sieve("", empty, empty, empty, labels)


def save_sieve(sieve: Sieve, place: Path) -> dict[str, Any]:
    """Write its arrays into a folder; what model.json holds of it."""
    arrays = {"runs": sieve.runs, "near": sieve.near, "whole": sieve.whole}
    if sieve.head is not None:
        arrays |= {"weight": sieve.head.weight, "bias": sieve.head.bias}
    np.savez(place / FILE, allow_pickle=False, **arrays)
    settings = sieve.settings.to_dict()
    return {"salt": sieve.salt, "labels": list(sieve.labels), "encoder": sieve.encoder, "settings": settings}


def load_sieve(known: Any, folder: Path) -> Sieve:
    """What `save_sieve` wrote. ModelError when it is broken."""
    try:
        with np.load(folder / FILE, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        head = Head(arrays["weight"], arrays["bias"]) if "weight" in arrays else None
        runs, near, whole = (arrays[name] for name in ("runs", "near", "whole"))
        told: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in known["settings"].items()
        }
        settings = Curate(**told)
        return Sieve(known["salt"], runs, near, whole, tuple(known["labels"]), head, known["encoder"], settings)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model in {folder} is broken: {error!r}.", "Fit it again.") from error
