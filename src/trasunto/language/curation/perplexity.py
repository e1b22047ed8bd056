"""Texts that are stranger than real ones, or more monotonous: by their loss under a model of the training texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from trasunto.language.curation.looks import Finding
from trasunto.progress import Progress, quiet

ORDER = 5
# Letters of a text that are read.
MOST_LETTERS = 2_000
FOLDS = 4
# Fewer training texts say nothing of the tails.
LEAST_TEXTS = 50
# (n,) texts to (n,) mean losses in nats.
Reader = Callable[[Sequence[str]], np.ndarray]
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, eq=False)
class Order:
    """Runs of one length. keys, often: (runs,) hash, in order, and count; before, total, followed: (contexts,) hash of
    the run less its last letter, its count, and how many different letters follow it."""

    keys: np.ndarray
    often: np.ndarray
    before: np.ndarray
    total: np.ndarray
    followed: np.ndarray


@dataclass(frozen=True, eq=False)
class Letters:
    """An n-gram model of letters, each order mixed with the shorter one (Witten and Bell 1991, method C)."""

    orders: tuple[Order, ...]

    def losses(self, texts: Sequence[str]) -> np.ndarray:
        """(n,) mean negative log-likelihood of a letter, in nats; 0 for an empty text."""
        letters, rows = _letters(texts)
        chance = np.full(len(letters), 1.0 / 256)
        for length, order in enumerate(self.orders, start=1):
            keys, before = _runs(letters, length)
            often = _counted(order.keys, order.often, keys)
            total, followed = (_counted(order.before, each, before) for each in (order.total, order.followed))
            mixed = (often + followed * chance) / np.maximum(total + followed, 1)
            chance = np.where(total > 0, mixed, chance)
        real = rows >= 0
        sums = np.bincount(rows[real], weights=-np.log(chance[real]), minlength=len(texts))
        return np.asarray(sums / np.maximum(np.bincount(rows[real], minlength=len(texts)), 1))


def fit_letters(texts: Sequence[str]) -> Letters:
    """Counts of every run of one to five letters."""
    letters, rows = _letters(texts)
    real = rows >= 0
    orders = []
    for length in range(1, ORDER + 1):
        keys, before = (each[real] for each in _runs(letters, length))
        known, first, often = np.unique(keys, return_index=True, return_counts=True)
        contexts, place = np.unique(before[first], return_inverse=True)
        total = np.bincount(place, weights=often)
        orders.append(Order(known, often, contexts, total, np.bincount(place)))
    return Letters(tuple(orders))


@dataclass(frozen=True)
class Perplexity:
    """low, high: losses (nats) between which a text may lie. reader: what tells them."""

    reader: Reader = field(repr=False)
    low: float
    high: float

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        if not texts:
            return []
        return [self._finding(float(loss)) for loss in self.reader(texts)]

    def _finding(self, loss: float) -> Finding:
        if loss > self.high:
            return "perplexity", f"strange: perplexity {np.exp(loss):.1f}, above {np.exp(self.high):.1f}"
        if loss < self.low:
            return "perplexity", f"monotonous: perplexity {np.exp(loss):.1f}, below {np.exp(self.low):.1f}"
        return None


def fit_perplexity(
    train: Sequence[str], *, tail: float, reader: str, seed: int, progress: Progress = quiet
) -> Perplexity | None:
    """Limits that a share `tail` of training texts unseen by the model goes beyond, at each end; None with fewer than
    50 texts. reader: "n-gram", cross-fitted on the training texts, or a language model's name or folder, as it comes.
    """
    if len(train) < LEAST_TEXTS:
        return None
    if reader != "n-gram":
        told = _language_model(reader, progress)
        losses = told(train)
    else:
        fold = np.random.default_rng(seed).permutation(len(train)) % FOLDS
        losses = np.empty(len(train))
        for number in range(FOLDS):
            inside = np.flatnonzero(fold == number)
            model = fit_letters([train[row] for row in np.flatnonzero(fold != number).tolist()])
            losses[inside] = model.losses([train[row] for row in inside.tolist()])
        told = fit_letters(train).losses
    low, high = (float(end) for end in np.quantile(losses, [tail, 1 - tail]))
    return Perplexity(told, low, high)


def _language_model(name: str, progress: Progress) -> Reader:
    from trasunto.language.finetune import Prompted
    from trasunto.language.memorised_likelihood import Reader as Likelihood
    from trasunto.language.offline import find

    model = Likelihood.of(find(name), None)

    def losses(texts: Sequence[str]) -> np.ndarray:
        seen = model.read([Prompted("", text) for text in texts], progress, "read for perplexity")
        return np.array([each.loss if len(each.logs) else 0.0 for each in seen])

    return losses


def _letters(texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """(n,) code points of all texts, each text after ORDER - 1 blanks, and the row of each; -1 for those blanks."""
    pad = "\0" * (ORDER - 1)
    cut = [text[:MOST_LETTERS] for text in texts]
    joined = "".join(pad + text for text in cut)
    letters = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    sizes = np.array([len(text) for text in cut], dtype=np.int64)
    rows = np.repeat(np.arange(len(cut)), sizes + len(pad))
    starts = np.cumsum(sizes + len(pad)) - sizes - len(pad)
    rows[np.arange(len(rows)) - np.repeat(starts, sizes + len(pad)) < len(pad)] = -1
    return letters, rows


def _runs(letters: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) hash of the run of so many letters that ends at each place, and of that run less its last letter."""
    before = np.zeros(len(letters), dtype=np.uint64)
    with np.errstate(over="ignore"):
        for back in range(length - 1, 0, -1):
            shifted = np.zeros_like(letters)
            shifted[back:] = letters[: len(letters) - back]
            before = (before ^ (shifted + np.uint64(1))) * _MIX
            before ^= before >> np.uint64(31)
        keys = (before ^ (letters + np.uint64(1))) * _MIX
        keys ^= keys >> np.uint64(31)
    return keys, before


def _counted(keys: np.ndarray, counts: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """(n,) the count of each asked key; 0 for one that is not there. keys: ordered."""
    if not len(keys):
        return np.zeros(len(asked))
    places = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[places] == asked, counts[places], 0).astype(float)
