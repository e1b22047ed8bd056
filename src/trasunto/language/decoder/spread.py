"""Training by the processes of an executor together: each takes its share of every step, as under torchrun.

The model is that of one process but for the order in which gradients are added up.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trasunto.executors import content_of, current, lay_out
from trasunto.language.decoder.decoder import Decoder, load_decoder_model
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.networks.course import Watch, watched, watching
from trasunto.progress import Progress


@dataclass(frozen=True)
class Asked:
    """A training as it travels. start: the files of a model to go on from; every: seconds between two checkpoints."""

    examples: Sequence[Example]
    settings: DecoderSettings
    seed: int
    start: dict[str, bytes] | None
    test: Sequence[Example] | None
    every: float


def train_spread(
    examples: Sequence[Example],
    settings: DecoderSettings,
    seed: int,
    start: Decoder | None,
    test: Sequence[Example] | None,
    progress: Progress,
) -> Decoder:
    """As `train_decoder`. A process that is lost costs what was learnt since the last checkpoint."""
    watch = watching()
    asked = Asked(examples, settings, seed, _packed(start) if start is not None else None, test, watch.every)
    progress("train", 0, 1)
    place: Any = tempfile.TemporaryDirectory() if watch.folder is None else nullcontext(watch.folder)
    with place as folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        made = _unpacked(current().together(_train, asked, files=Path(folder)))
    progress("train", 1, 1)
    return made


def _train(asked: Asked, folder: Path) -> dict[str, bytes]:
    from trasunto.language.decoder.train import train_decoder

    start = _unpacked(asked.start) if asked.start is not None else None
    with watched(Watch(folder=folder, every=asked.every)):
        made = train_decoder(asked.examples, settings=asked.settings, seed=asked.seed, start=start, test=asked.test)
    return _packed(made)


def _packed(model: Decoder) -> dict[str, bytes]:
    """The files of a model."""
    with tempfile.TemporaryDirectory() as place:
        model.save(Path(place) / "model")
        return content_of(Path(place) / "model")


def _unpacked(content: dict[str, bytes]) -> Decoder:
    with tempfile.TemporaryDirectory() as place:
        lay_out(content, Path(place))
        return load_decoder_model(place)
