"""Sentences as vectors: a pretrained encoder, mean over tokens, length one. Computed once per text in a process."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.language.offline import find
from trasunto.metrics.score import Comparison
from trasunto.metrics.text_vectors import place
from trasunto.progress import Progress, quiet

BATCH = 64
LONGEST = 256
REMEMBERED = 200_000


@dataclass(frozen=True)
class Embedder:
    """A loaded encoder. Vectors are remembered by text, so that a learning curve costs one pass."""

    folder: Path
    tokenizer: Any
    network: Any
    device: str
    remembered: OrderedDict[bytes, np.ndarray] = field(default_factory=OrderedDict, repr=False)

    @property
    def width(self) -> int:
        return int(self.network.config.hidden_size)

    @property
    def parameters(self) -> int:
        return sum(each.numel() for each in self.network.parameters())

    def embed(self, texts: Sequence[str], progress: Progress = quiet) -> np.ndarray:
        """(n, width) float32, each of length one."""
        keys = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self.remembered}
        # Texts of like length share a batch, so that little is spent on padding.
        waiting = sorted(new.items(), key=lambda each: len(each[1]))
        for start in range(0, len(waiting), BATCH):
            part = waiting[start : start + BATCH]
            progress("embed", start, len(waiting))
            vectors = self._vectors([text for _, text in part])
            for (key, _), vector in zip(part, vectors, strict=True):
                self.remembered[key] = vector
        if waiting:
            progress("embed", len(waiting), len(waiting))
        result = np.stack([self.remembered[key] for key in keys]) if keys else np.empty((0, self.width), np.float32)
        while len(self.remembered) > REMEMBERED:
            self.remembered.popitem(last=False)
        return result

    def _vectors(self, texts: list[str]) -> np.ndarray:
        import torch

        from trasunto.language.pretrained import halves

        inputs = self.tokenizer(texts, padding=True, truncation=True, max_length=LONGEST, return_tensors="pt")
        inputs = inputs.to(self.device)
        with torch.inference_mode(), halves(self.device):
            states = self.network(**inputs).last_hidden_state.float()
        mask = inputs["attention_mask"].unsqueeze(-1)
        mean = (states * mask).sum(1) / mask.sum(1)
        return np.asarray(torch.nn.functional.normalize(mean, dim=1).cpu().numpy(), dtype=np.float32)


def compare_by(comparison: Comparison, base: str | Path, progress: Progress = quiet) -> None:
    """Have the metrics of this comparison look at its texts through an encoder (a model's name or a folder) instead of
    their words. Raises what `find` and `load_embedder` do; does nothing without text."""
    embedder = load_embedder(find(base))
    place(comparison, lambda texts: embedder.embed(texts, progress), str(base))


_LOADED: OrderedDict[str, Embedder] = OrderedDict()


def load_embedder(folder: Path) -> Embedder:
    """The encoder in a folder; the last one is kept, because loading it costs seconds."""
    key = str(folder.resolve())
    if key not in _LOADED:
        from trasunto.language.pretrained import load_encoder

        tokenizer, network, device = load_encoder(folder)
        _LOADED[key] = Embedder(folder, tokenizer, network, device)
        while len(_LOADED) > 1:
            _LOADED.popitem(last=False)
    return _LOADED[key]
