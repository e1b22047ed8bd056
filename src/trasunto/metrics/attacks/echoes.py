"""What synthetic texts echo of one text: its word pairs, oftener than texts that have not read it would.

After Meeus et al. 2025 ("The Canary's Echo: Auditing Privacy Risks of LLM-Generated Synthetic Text"), whose attacker
sees the synthetic texts alone and fits a model of word pairs to them.
"""

from __future__ import annotations

import numpy as np

from trasunto.metrics.attacks.battery import LEAST_UNSEEN, Battery
from trasunto.metrics.score import Comparison
from trasunto.metrics.text import texts_of
from trasunto.metrics.words import Stream, Vocabulary

# How much a word by itself counts beside the pair it stands in: weight of so many pairs.
PRIOR = 2.0
# People asked about on each side, texts the attacker knows, synthetic texts that are looked at.
MOST_PEOPLE, MOST_REFERENCE, MOST_MADE = 4_000, 5_000, 20_000
# Texts held against all synthetic ones at once.
BLOCK = 256


def echoed(asked: Stream, known: Stream, written: Stream, size: int) -> dict[str, np.ndarray]:
    """By attack (rows of asked,) scores, high for a text that seems to have been read; size: of the vocabulary.

    word pairs: mean log-likelihood of the words under the word pairs of the written texts, less that under those of the
    known ones. most alike: most of its different word pairs that one written text holds.
    """
    ratio = _pair_logs(asked, written, size) - _pair_logs(asked, known, size)
    row = asked.row[np.searchsorted(asked.ends, np.arange(len(asked.words)), side="right")]
    words = np.bincount(row, minlength=asked.rows)
    total = np.bincount(row, weights=ratio, minlength=asked.rows)
    return {"word pairs": total / np.maximum(words, 1), "most alike": _most_alike(asked, written, size)}


def battery_of_texts(comparison: Comparison) -> Battery | None:
    """Both attacks on training and unseen texts; the attacker knows one half of the holdout, of the other half are the
    people who were not there. None without a column of text, or with fewer than 100 unseen texts."""
    read = texts_of(comparison)
    unseen = len(read.texts.get("holdout", ())) if read is not None else 0
    if read is None or min(unseen, 2 * len(read.texts["real"])) < LEAST_UNSEEN or not read.texts["synthetic"]:
        return None
    rng = np.random.default_rng(comparison.seed)
    order = rng.permutation(unseen)
    people = min(unseen // 2, len(read.texts["real"]), MOST_PEOPLE)
    chosen = {
        "inside": [read.texts["real"][at] for at in rng.permutation(len(read.texts["real"]))[:people]],
        "outside": [read.texts["holdout"][at] for at in order[:people]],
        "known": [read.texts["holdout"][at] for at in order[unseen // 2 :][:MOST_REFERENCE]],
        "written": [read.texts["synthetic"][at] for at in rng.permutation(len(read.texts["synthetic"]))[:MOST_MADE]],
    }
    vocabulary = Vocabulary()
    asked = vocabulary.stream([*chosen["inside"], *chosen["outside"]])
    known, written = (vocabulary.stream(chosen[part]) for part in ("known", "written"))
    scores = echoed(asked, known, written, len(vocabulary))
    none = np.zeros(2 * people)
    return Battery(np.arange(2 * people) < people, scores, none, none)


def _pair_logs(asked: Stream, texts: Stream, size: int) -> np.ndarray:
    """(words,) log-likelihood of each word after the one before it, under word pairs with words as prior."""
    single = np.bincount(texts.words, minlength=size).astype(float)
    share = (single + 0.5) / (single.sum() + 0.5 * size)
    keys, _ = _pairs(texts, size)
    values, counts = np.unique(keys, return_counts=True)
    contexts = np.bincount(keys // size, minlength=size)
    logs = np.log(share[asked.words])
    second = _second(asked)
    left, right = asked.words[second - 1], asked.words[second]
    seen = _looked_up(left * size + right, values, counts)
    logs[second] = np.log((seen + PRIOR * share[right]) / (contexts[left] + PRIOR))
    return logs


def _pairs(texts: Stream, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Every two words that follow each other within a text, as one number, and the row they are in."""
    second = _second(texts)
    row = texts.row[np.searchsorted(texts.ends, second, side="right")] if len(second) else second
    return texts.words[second - 1] * size + texts.words[second], row


def _second(texts: Stream) -> np.ndarray:
    """The places of the words that are not the first of a text."""
    inside = np.ones(len(texts.words), dtype=bool)
    inside[texts.starts[texts.starts < len(inside)]] = False
    return np.flatnonzero(inside)


def _looked_up(keys: np.ndarray, values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    if not len(values):
        return np.zeros(len(keys))
    at = np.searchsorted(values, keys).clip(max=len(values) - 1)
    return np.where(values[at] == keys, counts[at], 0).astype(float)


def _most_alike(asked: Stream, texts: Stream, size: int) -> np.ndarray:
    """(rows,) the largest number of different word pairs of each that one text holds."""
    from scipy.sparse import csr_array

    mine, theirs = _pairs(asked, size), _pairs(texts, size)
    shared = np.intersect1d(mine[0], theirs[0])
    held = []
    for (keys, row), stream in ((mine, asked), (theirs, texts)):
        at = np.searchsorted(shared, keys).clip(max=max(len(shared) - 1, 0))
        both = shared[at] == keys if len(shared) else np.zeros(len(keys), dtype=bool)
        cells = np.unique(np.stack([row[both], at[both]], axis=1), axis=0)
        ones = np.ones(len(cells), dtype=np.int32)
        held.append(csr_array((ones, (cells[:, 0], cells[:, 1])), shape=(stream.rows, max(len(shared), 1))))
    found, other = np.zeros(asked.rows), held[1].T.tocsr()
    for start in range(0, asked.rows, BLOCK):
        block = (held[0][start : start + BLOCK] @ other).tocsr()
        for place in range(block.shape[0]):
            found[start + place] = block.data[block.indptr[place] : block.indptr[place + 1]].max(initial=0)
    return found
