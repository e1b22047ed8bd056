"""Whether a synthesizer can learn from a table at all, found before any is fitted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trasunto.data.dataset import Dataset
from trasunto.language.layouts import texts_of
from trasunto.pipeline.verbs import ROWS
from trasunto.synthesizers.coded import learnable
from trasunto.synthesizers.sequences_apart import require_sequence

WRITE = ("lm-finetune", "lm-evolve", "markov", "backtranslate")


def check_suited(name: str, settings: Mapping[str, Any], real: Dataset) -> None:
    """FitError for a synthesizer that cannot learn from a table with such columns, whatever its rows say. Of those that
    a plug-in added nothing is known."""
    if name in ROWS:
        learnable(real, name)
    if name in ("sequences", "sequence-bootstrap"):
        require_sequence(real, name)
    if name in WRITE and settings.get("kind") is None:
        texts_of(real.only.schema, name)
