"""Is there as much variety in synthetic texts as in real ones? All figures are of equally many texts or words."""

from __future__ import annotations

import numpy as np

from trasunto.metrics.interval import around
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.text import MOST_TEXTS, cut, texts_of
from trasunto.metrics.text_vectors import vectors_of
from trasunto.metrics.words import Stream

ORDERS = (1, 3)
# BLEU-4, with a tenth in place of no match (method 1 of Chen and Cherry 2014).
LONGEST = 4
FLOOR = 0.1


def diversity(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.vendi: effective number of different texts, by the similarity of their vectors (Friedman and Dieng
    2023); then fidelity.self_bleu: mean BLEU-4 of each text against all others (Zhu et al. 2018), high where texts
    repeat each other; fidelity.distinct_1 and fidelity.distinct_3: different words and word triples over all of them
    (Li et al. 2016).

    The goal of each is what as many unseen texts have (training texts where there are none), the baseline that of real
    words in random order. () without a column of text. Raises MetricError with fewer than 20 texts a side.
    """
    given = vectors_of(comparison)
    read = texts_of(comparison)
    if given is None or read is None:
        return ()
    value, influence = vendi(given.parts["synthetic"])
    goal, salad = vendi(given.compared)[0], vendi(given.parts["salad"])[0]
    headline = Score(
        "fidelity.vendi",
        value,
        goal,
        around(value, influence, 1.0, float(len(given.compared))),
        salad,
        goal,
        reading=f"So many texts without any likeness would be as varied as the {len(given.compared):,} synthetic ones "
        f"(Vendi score, on vectors of {given.space}); the goal is that of as many real ones.",
    )
    rng = np.random.default_rng(comparison.seed)
    made, beside = read.streams["synthetic"], read.streams.get("holdout", read.streams["real"])
    number = min(made.rows, beside.rows, MOST_TEXTS)
    parts = [_rows(each, number, rng) for each in (made, beside, read.streams["real"].shuffled(made, rng))]
    return headline, _repetition(*parts), *_distinct(made, beside, read.streams["real"], rng)


def vendi(vectors: np.ndarray) -> tuple[float, np.ndarray]:
    """exp of the entropy of the eigenvalues of the kernel of (n, width) vectors of length one, divided by n, and the
    (n,) influence of each text; from 1 (all alike) to the width."""
    values, directions = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    there = values > 1e-12
    values, directions = values[there], directions[:, there]
    logs = np.log(values)
    entropy = -float((values * logs).sum())
    surprise = -((vectors @ directions) ** 2 @ logs)
    number = float(np.exp(entropy))
    return number, number * (surprise - entropy)


def self_bleu(texts: list[np.ndarray]) -> np.ndarray:
    """(n,) BLEU-4 of each text, as an array of word numbers, with all others as references, in one pass over n-grams.

    The most often that any other text has an n-gram is the highest count of all, or the second highest where the text
    itself has that. Texts of fewer than four words are measured on the n-grams that they have.
    """
    lengths = np.array([len(each) for each in texts])
    logs, orders = np.zeros(len(texts)), np.zeros(len(texts))
    for order in range(1, LONGEST + 1):
        grams, rows, counts = _counted(texts, order)
        if not len(grams):
            break
        highest, second, times = _two_highest(grams, counts)
        others = np.where((counts == highest[grams]) & (times[grams] == 1), second[grams], highest[grams])
        hits = np.bincount(rows, weights=np.minimum(counts, others), minlength=len(texts))
        total = np.maximum(lengths - order + 1, 0)
        there = total > 0
        logs[there] += np.log(np.where(hits[there] > 0, hits[there], FLOOR) / total[there])
        orders += there
    brief = _closest_other(lengths) / np.maximum(lengths, 1)
    return np.asarray(np.exp(logs / np.maximum(orders, 1)) * np.exp(np.minimum(0.0, 1.0 - brief)))


def _repetition(made: list[np.ndarray], beside: list[np.ndarray], salad: list[np.ndarray]) -> Score:
    found = self_bleu(made)
    value, goal = float(found.mean()), float(self_bleu(beside).mean())
    return Score(
        "fidelity.self_bleu",
        value,
        goal,
        around(value, found - value, 0.0, 1.0),
        float(self_bleu(salad).mean()),
        goal,
        reading="How much each synthetic text repeats the others (mean BLEU-4 against all of them); the goal is that "
        "of as many real texts, and above it they say the same again and again.",
    )


def _distinct(made: Stream, beside: Stream, real: Stream, rng: np.random.Generator) -> tuple[Score, ...]:
    number = min(len(made.words), len(beside.words))
    scores = []
    for order in ORDERS:
        if number < order:
            continue
        value, goal = (_different(cut(each, number, rng), order) for each in (made, beside))
        baseline = _different(rng.choice(real.words, number), order)
        what = "words" if order == 1 else f"runs of {order} words"
        scores.append(
            Score(
                f"fidelity.distinct_{order}",
                value,
                goal,
                None,
                baseline,
                goal,
                reading=f"Different {what} over all {what}; the goal is that of as many real words.",
            )
        )
    return tuple(scores)


def _different(words: np.ndarray, order: int) -> float:
    runs = np.lib.stride_tricks.sliding_window_view(words, order)
    return len(np.unique(runs, axis=0)) / len(runs)


def _rows(stream: Stream, number: int, rng: np.random.Generator) -> list[np.ndarray]:
    """The words of so many rows, drawn at random."""
    words_of = np.repeat(stream.row, stream.lengths)
    ends = np.cumsum(np.bincount(words_of, minlength=stream.rows))[:-1]
    rows = np.split(stream.words, ends)
    return [rows[place] for place in np.sort(rng.permutation(len(rows))[:number])]


def _counted(texts: list[np.ndarray], order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """n-gram number, text, and how often it stands there, for each n-gram of each text."""
    long = [place for place, text in enumerate(texts) if len(text) >= order]
    if not long:
        empty = np.empty(0, dtype=np.int64)
        return empty, empty, empty
    runs = np.concatenate([np.lib.stride_tricks.sliding_window_view(texts[place], order) for place in long])
    rows = np.repeat(long, [len(texts[place]) - order + 1 for place in long])
    grams = _numbered(runs)
    pairs, counts = np.unique(rows * (grams.max() + 1) + grams, return_counts=True)
    return pairs % (grams.max() + 1), pairs // (grams.max() + 1), counts


def _numbered(runs: np.ndarray) -> np.ndarray:
    """(n,) a number for each of (n, order) runs, the same for the same."""
    found = runs[:, 0]
    for place in range(1, runs.shape[1]):
        # Small again after each word, so that nothing outgrows 64 bits.
        found = np.unique(found * (runs.max() + 1) + runs[:, place], return_inverse=True)[1]
    return np.asarray(found)


def _two_highest(grams: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each n-gram: the highest count of a text, the next lower one or equal, how many texts have the highest."""
    order = np.lexsort((-counts, grams))
    grams, counts = grams[order], counts[order]
    first = np.searchsorted(grams, np.arange(grams.max() + 1))
    last = np.searchsorted(grams, np.arange(grams.max() + 1), side="right")
    there = first < last
    at = np.minimum(first, len(counts) - 1)
    highest = np.where(there, counts[at], 0)
    follows = first + 1 < last
    second = np.where(follows, counts[np.minimum(first + 1, len(counts) - 1)], 0)
    times = np.bincount(grams, weights=counts == highest[grams], minlength=len(highest)).astype(np.int64)
    return highest, second, times


def _closest_other(lengths: np.ndarray) -> np.ndarray:
    """(n,) the length of the other text that is closest in length, the shorter of two."""
    if len(lengths) < 2:
        return lengths
    order = np.argsort(lengths, kind="stable")
    ordered = lengths[order].astype(float)
    below = np.concatenate([[-np.inf], ordered[:-1]])
    above = np.concatenate([ordered[1:], [np.inf]])
    found = np.empty(len(lengths))
    found[order] = np.where(ordered - below <= above - ordered, below, above)
    return found
