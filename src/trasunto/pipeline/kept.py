"""Trainings of networks whose state is kept in a folder, so that they can be gone on with."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from trasunto.data.dataset import Dataset
from trasunto.networks.course import INTERRUPTED, Watch, watched
from trasunto.synthesizers.model import Model


def kept_at(folder: str | Path, data: Dataset, *, stops: bool = False) -> AbstractContextManager[None]:
    """A block whose trainings on `data` are kept in `folder`, and gone on with when they stand there.

    stops: Ctrl-C goes on up once the state is written, instead of ending the training with the best so far.
    """
    return watched(Watch(folder=Path(folder) / data.digest()[:16], stops=stops))


def interrupted(model: Model) -> tuple[int, int] | None:
    """(steps done, steps planned) of a training that Ctrl-C ended early, else None."""
    told = model.describe()
    return (told["steps"], told["planned_steps"]) if told.get("stopped") == INTERRUPTED else None


def standing(folder: str | Path) -> bool:
    """Whether the state of a training stands in a folder."""
    return any(Path(folder).rglob("*.safetensors"))
