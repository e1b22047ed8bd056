"""How much of the training texts stands in the synthetic ones: runs of 13 and of 50 words, and texts said nearly
again, each beside what unseen texts share with the training texts by habit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.interval import around, wilson
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.text import texts_of
from trasunto.metrics.words import Stream, among

# Of so many words is an overlap when training data is looked for in a test (Brown et al. 2020, appendix C), and so
# many are verbatim in studies of what models repeat (Carlini et al. 2023, "Quantifying memorization").
OVERLAP = 13
VERBATIM = 50
# Texts whose runs of three words overlap so far (Jaccard) say the same; texts below five words are anybody's.
SHINGLE = 3
ALIKE = 0.5
LEAST_WORDS = 5
# Texts that are looked for, and training texts a run of three words may stand in: what more have is habit.
MOST_TEXTS = 5_000
COMMON = 50


def overlap(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.ngram_overlap: share of the runs of 13 words of the synthetic texts that stand in a training text;
    then privacy.verbatim_50 (share of synthetic texts with a run of 50 words of a training text) and
    privacy.near_duplicates (share whose runs of three words overlap those of one training text by half or more).

    Words are compared in lower case, punctuation aside. The control is the same for the unseen texts, the baseline
    for training words in random order. () without a column of text; a score is left out where no text is long enough.
    """
    read = texts_of(comparison)
    if read is None:
        return ()
    real, made, unseen = (read.streams.get(part) for part in ("real", "synthetic", "holdout"))
    if real is None or made is None or not len(real.words) or not len(made.words):
        raise MetricError(f"There are no texts to compare in {read.columns}.", "Give rows with texts.")
    rng = np.random.default_rng(comparison.seed)
    salad = real.shuffled(made, rng)
    if unseen is not None and not len(unseen.words):
        unseen = None
    return (
        *_overlap(real, made, salad, unseen),
        *_verbatim(real, made, salad, unseen),
        *_near(real, made, salad, unseen, rng),
    )


def _overlap(real: Stream, made: Stream, salad: Stream, unseen: Stream | None) -> tuple[Score, ...]:
    known = _known(real, OVERLAP)
    found = _found(made, known, OVERLAP)
    if found is None:
        return ()
    hits, runs = found
    value = float(hits.sum() / runs.sum())
    # A ratio of sums: a row moves it by its hits less what it should have had.
    influence = (hits - value * runs) * (len(runs) / runs.sum())
    interval = around(value, influence, 0.0, 1.0)
    if hits.sum() == 0:
        interval = (0.0, wilson(0, int((runs > 0).sum()))[1])
    beside = [_found(each, known, OVERLAP) if each is not None else None for each in (salad, unseen)]
    baseline, control = (None if each is None else float(each[0].sum() / each[1].sum()) for each in beside)
    return (
        Score(
            "privacy.ngram_overlap",
            value,
            0.0,
            interval,
            baseline,
            control,
            reading="Share of the runs of 13 words of the synthetic texts that stand in a training text word for word; "
            "the control is that of unseen real texts.",
        ),
    )


def _verbatim(real: Stream, made: Stream, salad: Stream, unseen: Stream | None) -> tuple[Score, ...]:
    known = _known(real, VERBATIM)
    found = _found(made, known, VERBATIM)
    if not len(known) or found is None:
        return ()
    shares = [
        None if each is None else _found(each, known, VERBATIM) or (np.zeros(1), np.ones(1)) for each in (salad, unseen)
    ]
    baseline, control = (None if each is None else float((each[0] > 0).mean()) for each in shares)
    copied = int((found[0] > 0).sum())
    return (
        Score(
            "privacy.verbatim_50",
            copied / made.rows,
            0.0,
            wilson(copied, made.rows),
            baseline,
            control,
            reading="Share of synthetic texts with 50 words in a row of a training text; the control is that of "
            "unseen real texts.",
        ),
    )


def _near(
    real: Stream, made: Stream, salad: Stream, unseen: Stream | None, rng: np.random.Generator
) -> tuple[Score, ...]:
    known = _Shingles.of(real)
    drawn = _long_enough(made, rng)
    if not len(drawn):
        return ()
    near = _alike(made, drawn, known)
    baseline = float(_alike(salad, _long_enough(salad, rng), known).mean()) if len(_long_enough(salad, rng)) else None
    control = None
    if unseen is not None and len(asked := _long_enough(unseen, rng)):
        control = float(_alike(unseen, asked, known).mean())
    return (
        Score(
            "privacy.near_duplicates",
            float(near.mean()),
            0.0,
            wilson(int(near.sum()), len(near)),
            baseline,
            control,
            reading="Share of synthetic texts of five words or more that say nearly what one training text says (half "
            "of the runs of three words of both together are in both); the control is that of unseen real texts.",
        ),
    )


def _known(stream: Stream, length: int) -> np.ndarray:
    """The hashes of every run of so many words, sorted."""
    return np.sort(stream.runs(length, stream.sums())[0])


def _found(stream: Stream, known: np.ndarray, length: int) -> tuple[np.ndarray, np.ndarray] | None:
    """(rows,) runs of each row that are known, and (rows,) runs of each; None when no row is long enough."""
    hashes, row = stream.runs(length, stream.sums())
    if not len(hashes):
        return None
    runs = np.bincount(row, minlength=stream.rows)
    return np.bincount(row[among(hashes, known)], minlength=stream.rows).astype(float), runs


@dataclass(frozen=True, eq=False)
class _Shingles:
    """Which row holds which run of three words. hashes, rows: (pairs,) ordered by hash; sizes: (rows,) runs of each."""

    hashes: np.ndarray
    rows: np.ndarray
    sizes: np.ndarray

    @staticmethod
    def of(stream: Stream) -> _Shingles:
        hashes, rows = _different(*stream.runs(SHINGLE, stream.sums()))
        sizes = np.bincount(rows, minlength=stream.rows)
        places = np.searchsorted(hashes, hashes)
        often = np.bincount(places, minlength=len(hashes))[places] > COMMON
        return _Shingles(hashes[~often], rows[~often], sizes)


def _different(hashes: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each pair once, ordered by hash."""
    order = np.lexsort((rows, hashes))
    hashes, rows = hashes[order], rows[order]
    new = np.ones(len(hashes), dtype=bool)
    new[1:] = (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
    return hashes[new], rows[new]


def _long_enough(stream: Stream, rng: np.random.Generator) -> np.ndarray:
    """At most 5,000 rows that have five words or more."""
    words = np.bincount(stream.row, weights=stream.lengths, minlength=stream.rows)
    rows = np.flatnonzero(words >= LEAST_WORDS)
    return rows if len(rows) <= MOST_TEXTS else np.sort(rng.choice(rows, MOST_TEXTS, replace=False))


def _alike(stream: Stream, asked: np.ndarray, known: _Shingles) -> np.ndarray:
    """(asked,) bool: whether a row says nearly what a known row says."""
    hashes, rows = _different(*stream.runs(SHINGLE, stream.sums()))
    sizes = np.bincount(rows, minlength=stream.rows)
    inside = np.zeros(stream.rows, dtype=bool)
    inside[asked] = True
    hashes, rows = hashes[inside[rows]], rows[inside[rows]]
    low, high = (np.searchsorted(known.hashes, hashes, side=side) for side in ("left", "right"))
    counts = high - low
    mine = np.repeat(rows, counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    theirs = known.rows[np.repeat(low, counts) + step]
    pairs, shared = np.unique(mine * len(known.sizes) + theirs, return_counts=True)
    mine, theirs = pairs // len(known.sizes), pairs % len(known.sizes)
    near = shared >= ALIKE * (sizes[mine] + known.sizes[theirs] - shared)
    found = np.zeros(stream.rows, dtype=bool)
    found[mine[near]] = True
    return found[asked]
