"""Written answers against the answers that are right: BLEU, chrF, TER, exact match, ROUGE-L, similarity, perplexity.

Each measure is counted row by row and computed from the sum of its counts, as the field defines it over a whole test
set. So the percentile bootstrap over rows (Efron 1979) and the paired bootstrap test between two systems (Koehn 2004,
"Statistical significance tests for machine translation evaluation") are those of the measure itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.errors import MetricError

RESAMPLES = 1_000
ORDER = 6  # of chrF: character n-grams up to six
BETA = 2.0  # of chrF: recall counts twice as much as precision
_WORD = re.compile(r"\w+")
_MARK = re.compile(r"[^\w\s]")

# The right answers to a question: one, or several that are equally right.
References = Sequence[str | Sequence[str]]


@dataclass(frozen=True)
class Counts:
    """One measure of one system.

    rows: (n, k) float64 counts of each test row. value: (m, k) sums over rows → (m,) scores. goal: "max" or "min".
    """

    name: str
    rows: np.ndarray
    value: Callable[[np.ndarray], np.ndarray]
    goal: str = "max"

    @property
    def score(self) -> float:
        return float(self.value(self.rows.sum(axis=0, keepdims=True))[0])

    def by_row(self) -> np.ndarray:
        """(n,) the measure of each row alone."""
        return self.value(self.rows)

    def grouped(self, groups: Sequence[int]) -> Counts:
        """The same measure, whose rows are groups (dialogues, documents): what is resampled is then a group.

        groups: (n,) numbers from 0 on.
        """
        numbers = np.asarray(groups)
        rows = np.zeros((int(numbers.max()) + 1, self.rows.shape[1]))
        np.add.at(rows, numbers, self.rows)
        return replace(self, rows=rows)

    def resampled(self, seed: int) -> np.ndarray:
        """(1000,) scores of test sets drawn with replacement; the same draws for every system of as many rows."""
        rng = np.random.default_rng([seed, len(self.rows)])
        share = np.full(len(self.rows), 1.0 / len(self.rows))
        sums = [rng.multinomial(len(self.rows), share, size=100) @ self.rows for _ in range(RESAMPLES // 100)]
        return self.value(np.concatenate(sums))


@dataclass(frozen=True)
class Difference:
    """value: the score of one system less that of the other. interval: 95 %, paired bootstrap. p: the two-sided
    chance, were the test set drawn anew, that the sign is the other one."""

    value: float
    interval: tuple[float, float]
    p: float

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "interval": list(self.interval), "p": self.p}


def measured(counts: Sequence[Counts], *, seed: int = 0) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
    """(scores, 95 % intervals) by name."""
    scores = {each.name: each.score for each in counts}
    return scores, {each.name: _ends(each.resampled(seed)) for each in counts}


def paired(one: Counts, other: Counts, *, seed: int = 0) -> Difference:
    """How far `one` is from `other` on the same test rows (Koehn 2004). MetricError for other rows or measures."""
    if one.name != other.name or len(one.rows) != len(other.rows):
        raise MetricError(
            f"{one.name} of {len(one.rows)} answers and {other.name} of {len(other.rows)} cannot be compared.",
            "Score both systems by the same measure on the same rows.",
        )
    away = one.resampled(seed) - other.resampled(seed)
    # Of so many resamples none can show a smaller p than one more would.
    tail = int(min((away <= 0).sum(), (away >= 0).sum()))
    return Difference(one.score - other.score, _ends(away), min(1.0, 2 * (tail + 1) / (RESAMPLES + 1)))


def bleu(answers: Sequence[str], references: References) -> Counts:
    """BLEU (Papineni et al. 2002) as sacrebleu computes it: 0 to 100, tokens "13a", exponential smoothing."""
    scorer = _sacrebleu().BLEU(effective_order=True)
    pairs = _pairs(answers, references)
    found = [scorer.sentence_score(answer, list(right)) for answer, right in pairs]
    rows = np.array([[*each.counts, *each.totals, each.sys_len, each.ref_len] for each in found], dtype=float)

    def value(sums: np.ndarray) -> np.ndarray:
        return np.array(
            [
                scorer.compute_bleu(list(row[:4]), list(row[4:8]), int(row[8]), int(row[9]), smooth_method="exp").score
                for row in sums.round().astype(int)
            ]
        )

    return Counts("bleu", rows, value)


def chrf(answers: Sequence[str], references: References) -> Counts:
    """chrF2 (Popović 2015): F score of character n-grams, 0 to 100; of several references the nearest counts."""
    rows = []
    for answer, right in _pairs(answers, references):
        mine = _grams(answer)
        each = np.array([_matched(mine, _grams(reference)) for reference in right])
        rows.append(each[int(_chrf(each).argmax())])
    return Counts("chrf", np.array(rows, dtype=float), _chrf)


def ter(answers: Sequence[str], references: References) -> Counts:
    """TER (Snover et al. 2006): edits, shifts among them, for each hundred words of the reference; 0 is best."""
    scorer = _sacrebleu().TER()
    found = [scorer.sentence_score(answer, list(right)) for answer, right in _pairs(answers, references)]
    rows = np.array([[each.num_edits, each.ref_length] for each in found], dtype=float)
    return Counts("ter", rows, lambda sums: 100 * sums[:, 0] / np.maximum(sums[:, 1], 1), "min")


def exact_match(answers: Sequence[str], references: References) -> Counts:
    """Share of answers that are a reference, but for case, punctuation and white space (as in SQuAD, without its
    English articles)."""
    return _mean(
        "exact_match",
        [float(any(_bare(answer) == _bare(each) for each in right)) for answer, right in _pairs(answers, references)],
    )


def rouge_l(answers: Sequence[str], references: References) -> Counts:
    """ROUGE-L (Lin 2004): F1 of the longest common subsequence of words, mean over rows, within [0, 1]."""
    return _mean(
        "rouge_l", [max(_rouge(answer, each) for each in right) for answer, right in _pairs(answers, references)]
    )


def embedding_similarity(answers: Sequence[str], references: References, *, encoder: str | Path) -> Counts:
    """Mean cosine of sentence vectors, within [-1, 1]. encoder: a model's name or folder; "minilm-l6" knows English."""
    from trasunto.language.embed import load_embedder
    from trasunto.language.offline import find

    embedder = load_embedder(find(encoder))
    pairs = _pairs(answers, references)
    mine = embedder.embed([answer for answer, _ in pairs])
    theirs = embedder.embed([each for _, right in pairs for each in right])
    ends = np.cumsum([len(right) for _, right in pairs])
    best = [
        float((theirs[end - len(right) : end] @ mine[n]).max())
        for n, (end, (_, right)) in enumerate(zip(ends, pairs, strict=True))
    ]
    return _mean("similarity", best)


def perplexity(nats: Any, tokens: Any) -> Counts:
    """exp of the mean loss of a token. nats, tokens: (n,) sums of each text. Comparable between models of one
    tokenizer alone; `bits_per_byte` is so between all."""
    rows = np.stack([np.asarray(nats, dtype=float), np.asarray(tokens, dtype=float)], axis=1)
    return Counts(
        "perplexity", rows, lambda sums: np.exp(np.minimum(sums[:, 0] / np.maximum(sums[:, 1], 1), 700)), "min"
    )


def bits_per_byte(nats: Any, texts: Sequence[str]) -> Counts:
    """How many bits a model needs for each byte (UTF-8) of unseen text; eight is to know nothing."""
    size = [len(text.encode("utf-8", "surrogatepass")) for text in texts]
    rows = np.stack([np.asarray(nats, dtype=float), np.array(size, dtype=float)], axis=1)
    return Counts("bits_per_byte", rows, lambda sums: sums[:, 0] / np.log(2) / np.maximum(sums[:, 1], 1), "min")


def _pairs(answers: Sequence[str], references: References) -> list[tuple[str, tuple[str, ...]]]:
    if not answers or len(answers) != len(references):
        raise MetricError(f"{len(answers)} answers to {len(references)} questions cannot be scored.", "Give one each.")
    several = [(each,) if isinstance(each, str) else tuple(each) for each in references]
    if not all(several):
        raise MetricError(f"Question {several.index(())} has no right answer.", "Leave it out.")
    return list(zip(answers, several, strict=True))


def _mean(name: str, values: Sequence[float]) -> Counts:
    rows = np.stack([np.asarray(values, dtype=float), np.ones(len(values))], axis=1)
    return Counts(name, rows, lambda sums: sums[:, 0] / np.maximum(sums[:, 1], 1))


def _ends(values: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _grams(text: str) -> list[Counter[str]]:
    letters = "".join(text.split())
    return [Counter(letters[i : i + n] for i in range(len(letters) - n + 1)) for n in range(1, ORDER + 1)]


def _matched(mine: list[Counter[str]], theirs: list[Counter[str]]) -> list[float]:
    """For each order: n-grams of the answer (none where the reference has none), of the reference, and of both."""
    found: list[float] = []
    for one, other in zip(mine, theirs, strict=True):
        both = sum(min(count, other[gram]) for gram, count in one.items() if gram in other)
        found += [one.total() if other else 0, other.total(), both]
    return found


def _chrf(sums: np.ndarray) -> np.ndarray:
    """(m, 18) counts → (m,) F, over the orders that both sides have, as sacrebleu's chrF2 without eps smoothing."""
    answer, reference, both = sums[:, 0::3], sums[:, 1::3], sums[:, 2::3]
    there = (answer > 0) & (reference > 0)
    orders = np.maximum(there.sum(axis=1), 1)
    precision = np.where(there, both / np.maximum(answer, 1), 0).sum(axis=1) / orders
    recall = np.where(there, both / np.maximum(reference, 1), 0).sum(axis=1) / orders
    below = BETA**2 * precision + recall
    return 100 * np.where(below > 0, (1 + BETA**2) * precision * recall / np.maximum(below, 1e-300), 0.0)


def _bare(text: str) -> str:
    return " ".join(_MARK.sub(" ", unicodedata.normalize("NFKC", text)).casefold().split())


def _rouge(answer: str, reference: str) -> float:
    one, other = (_WORD.findall(each.casefold()) for each in (answer, reference))
    if not one or not other:
        return float(one == other)
    # The longest common subsequence with a bit for each word (Hyyrö 2004): long answers cost no more than short ones.
    places: dict[str, int] = {}
    for place, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << place
    whole = (1 << len(one)) - 1
    row = whole
    for word in other:
        met = row & places.get(word, 0)
        row = ((row + met) | (row - met)) & whole
    common = len(one) - row.bit_count()
    return 2 * common / (len(one) + len(other))


def _sacrebleu() -> Any:
    try:
        from sacrebleu import metrics
    except ImportError as error:
        raise registry.missing(error, "BLEU and TER") from error
    return metrics
