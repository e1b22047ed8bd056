"""Words and pairs of words counted under a budget: what `markov` draws from when it was given one.

A text is counted with at most so many different words, and so many pairs, chosen at random; counts get Gaussian noise,
and a word or a pair is kept where its noisy count passes a threshold that one text hardly reaches alone (Korolova et
al. 2009, "Releasing search queries and clicks privately"; Gopi et al. 2020, "Differentially private set union"). Words
that were not kept are counted as their shapes, which are public. The rest is arithmetic on what was released.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import TableSchema
from trasunto.encoders.codes import Levels
from trasunto.language.layouts import Layout
from trasunto.language.ngram import Level, Ngrams, starts_of, sums
from trasunto.language.ngram_words import BEGIN, END, MOST_DIGITS, pieces, shape, words_of
from trasunto.language.private import granted
from trasunto.privacy.accountant import rho_of
from trasunto.privacy.budget import Budget, Guarantee, Spending, guaranteed
from trasunto.privacy.domain import of_persons, public_schema
from trasunto.privacy.mechanisms import noise
from trasunto.synthesizers.autoregressive import Autoregressive
from trasunto.synthesizers.coded import CodedModel

# Shares of what the texts get: of words, of pairs of words, of the number of all pieces.
SPLIT = (0.7, 0.25, 0.05)
# A text counts as of at most so many pieces in that number.
MOST_PIECES = 64
# A context backs off at least so often, however sure its counts look.
BACKS_OFF = 0.1
# Pieces of a text: nothing of its length is read.
LONGEST = 120


@dataclass(frozen=True)
class Told:
    """What was learnt. roots: as of a `MarkovModel`; longest: pieces of a text; rows: a public or bought count."""

    schema: TableSchema
    roots: tuple[tuple[str, str], ...]
    model: Ngrams
    attributes: CodedModel | None
    longest: int
    rows: int
    guarantee: Guarantee


def counted_privately(settings: Any, real: Dataset, layout: Layout, budget: Budget, seed: int) -> Told:
    """Fit to one table. settings: a `Markov`. Raises what its `fit` does."""
    source = noise()
    bounded = of_persons(real.only, budget, source)
    rows = layout.held(bounded.rows)
    table = Table(bounded.schema, rows)
    attributes, rest, count, spent, assumed = _attributed(table, layout, budget, settings.attributed, seed)
    levels = attributes.codes.columns if attributes is not None else {}
    roots = tuple(
        (name, value)
        for name in layout.conditions
        if isinstance(level := levels.get(name), Levels)
        for value in pl.Series(level.values).cast(pl.String)
    )
    if len({name for name, _ in roots}) > 1:
        # One root of a row: every further one would count each text once more.
        roots = tuple(each for each in roots if each[0] == layout.conditions[0])
    known = {value: place for place, (_, value) in enumerate(roots)}
    first = roots[0][0] if roots else None
    told = rows[first].cast(pl.String).to_list() if first is not None else [""] * len(rows)
    under = [known.get(value, -1) for value in told] if first is not None else [0] * len(rows)
    texts = [(root, pieces(text)) for root, text in zip(under, layout.written(rows), strict=True) if root >= 0]
    counting = _Counting.of(rest, settings.contributed)
    singles = counting.words(texts)
    pairs = counting.pairs(texts, {piece for _, piece in singles})
    model = _model(singles, pairs, max(len(roots), 1), pooled=bool(roots), mean=counting.mean(texts, count))
    limits = f"at most {settings.contributed} different ones of a text"
    paid = (
        Spending(f"words, {limits}", "discrete Gaussian noise above a threshold", rho=counting.rho * SPLIT[0],
                 delta=counting.delta),
        Spending(f"pairs of words, {limits}", "discrete Gaussian noise above a threshold",
                 rho=counting.rho * SPLIT[1], delta=counting.delta),
        Spending(f"number of pieces, at most {MOST_PIECES} of a text", "discrete Gaussian noise",
                 rho=counting.rho * SPLIT[2]),
    )  # fmt: skip
    schema = replace(public_schema(table.schema), primary_key=(), foreign_keys=())
    promised = guaranteed(
        budget, "Noisy counts of words and pairs of words above a threshold", (*spent, *paid), (*assumed, SHAPES)
    )
    return Told(schema, roots, model, attributes, settings.longest or LONGEST, count, promised)


SHAPES = "The shapes of words (small letters, capitals, numbers of so many digits, marks) are public."


@dataclass(frozen=True)
class _Counting:
    """How texts are counted. rho: of both counts together. delta: for the threshold of each. most: of a text."""

    rho: float
    delta: float
    most: int

    @staticmethod
    def of(rest: Budget, most: int) -> _Counting:
        # Half of delta turns zero-concentrated privacy into epsilon, a quarter goes to each threshold.
        return _Counting(rho_of(replace(rest, delta=rest.delta / 2)), rest.delta / 4, most)

    def words(self, texts: Sequence[tuple[int, list[str]]]) -> dict[tuple[int, str], int]:
        """Noisy counts of (root, piece), END as "" among them."""
        return self._kept([[(root, piece) for piece in {*said, ""}] for root, said in texts], SPLIT[0])

    def pairs(
        self, texts: Sequence[tuple[int, list[str]]], known: set[str]
    ) -> dict[tuple[int, str, str], int]:  # fmt: skip
        """Noisy counts of (root, piece before, piece), BEGIN as the mark "\\x02"."""
        found = []
        for root, said in texts:
            spelt = ["\x02", *(p if p in known else shape(p) for p in said), ""]
            found.append([(root, *pair) for pair in dict.fromkeys(pairwise(spelt))])
        return self._kept(found, SPLIT[1])

    def mean(self, texts: Sequence[tuple[int, list[str]]], count: int) -> float:
        """About how many pieces a text has. count: of texts, public or bought."""
        total = np.array([sum(min(len(said), MOST_PIECES) for _, said in texts)], dtype=np.int64)
        noisy = noise().gaussian(total, MOST_PIECES / math.sqrt(2 * self.rho * SPLIT[2]))
        return float(np.clip(noisy[0] / count, 1, MOST_PIECES))

    def _kept(self, texts: Sequence[list[Any]], share: float) -> dict[Any, int]:
        """Noisy counts of things that texts hold, each once, where they pass the threshold."""
        source = noise()
        counts: dict[Any, int] = {}
        for held in texts:
            # A set has an order of its own in each process: what is chosen must be chosen by chance alone.
            held = sorted(held)
            if len(held) > self.most:
                held = [held[place] for place in np.argsort(source.ranks(len(held)))[: self.most]]
            for each in held:
                counts[each] = counts.get(each, 0) + 1
        if not counts:
            return {}
        sigma = math.sqrt(self.most / (2 * self.rho * share))
        noisy = source.gaussian(np.array(list(counts.values()), dtype=np.int64), sigma)
        least = threshold(sigma, self.delta / self.most)
        return {each: int(value) for each, value in sorted(zip(counts, noisy, strict=True)) if value >= least}


def threshold(sigma: float, chance: float) -> int:
    """The least count that noise lifts a single text's thing to with at most this chance.

    Canonne, Kamath and Steinke 2020, proposition 25: a discrete normal tail is no heavier than a normal one a step
    nearer.
    """
    from scipy.special import log_ndtr

    least = 1
    while log_ndtr(-least / sigma) > math.log(chance):
        least += 1
    # One from the text itself, one for the step.
    return least + 2


def _model(
    singles: dict[tuple[int, str], int],
    pairs: dict[tuple[int, str, str], int],
    kinds: int,
    *,
    pooled: bool,
    mean: float,
) -> Ngrams:
    """Released counts as n-grams of order 2. pooled: one root more, the sum of the others. mean: pieces of a text."""
    counted: dict[str, int] = {}
    for (_, piece), times in singles.items():
        counted[piece] = counted.get(piece, 0) + times
    counted.pop("", None)
    words = words_of(sorted(counted, key=lambda piece: (-counted[piece], piece)), SHAPED)
    roots = kinds + 1 if pooled else kinds
    size = len(words)
    number = words.number
    first: dict[int, float] = {root * size + BEGIN: 0.0 for root in range(roots)}
    own = [(root, number[piece] if piece else END, float(times)) for (root, piece), times in singles.items()]
    for root, place, amount in own:
        for under in {root, roots - 1}:
            key = under * size + place
            first[key] = first.get(key, 0.0) + amount
    # Rare words did not pass, and the end of a text did: how often it comes is said by the mean.
    for root in range(roots):
        inside = sum(amount for under, place, amount in own if place != END and root in (under, roots - 1))
        first[root * size + END] = max(inside, 1.0) / mean
    low = np.array(sorted(first), dtype=np.int64)
    weights = np.array([first[key] for key in low.tolist()])
    second: dict[int, float] = {}
    places = {key: place for place, key in enumerate(low.tolist())}
    for (root, before, piece), times in pairs.items():
        for under in {root, roots - 1}:
            at = places.get(under * size + (BEGIN if before == "\x02" else number[before]))
            if at is not None:
                key = at * size + (number[piece] if piece else END)
                second[key] = second.get(key, 0.0) + times
    high = np.array(sorted(second), dtype=np.int64)
    above = np.array([second[key] for key in high.tolist()])
    # What of a context's count went into pairs that were kept; that of BEGIN is not counted, and is all its pairs.
    held_by = sums(above, starts_of(high, len(low), size)) if len(high) else np.zeros(len(low))
    begins = low % size == BEGIN
    held = np.where(begins, np.maximum(held_by, 1.0), np.maximum(weights, 1.0))
    stop = np.minimum(held_by / held, 1 - BACKS_OFF)
    return Ngrams(words, (Level(low, weights, np.ones(roots)), Level(high, above, stop)), roots)


def _shapes() -> tuple[str, ...]:
    kinds = ["mark", "mixed", "upper", "capital", "lower", *(f"{n}digits" for n in range(1, MOST_DIGITS + 1))]
    return tuple(f"\0{kind}{blank}" for kind in kinds for blank in ("", " ", "\n"))


SHAPED = _shapes()


def _attributed(
    table: Table, layout: Layout, budget: Budget, attributed: float, seed: int
) -> tuple[CodedModel | None, Budget, int, tuple[Spending, ...], tuple[str, ...]]:
    """What draws the other columns, None when there is none; what is left for the texts; the number of rows."""
    kept = tuple(column for column in table.schema.columns if column.name not in layout.texts)
    one = budget.one_row()
    if not kept:
        grant = granted(Dataset.of(table), one, None)[1]
        return None, grant.rest, grant.rows, grant.spending, grant.assumptions
    bought = budget.domain_share
    part = attributed * (1 - bought) + bought
    share, rest = one.split(part, 1 - part)
    others = Dataset.of(Table(TableSchema(kept), table.rows.select([column.name for column in kept])))
    attributes = Autoregressive().fit(others, seed=seed, budget=replace(share, domain_share=bought / part))
    assert attributes.guarantee is not None
    paid = attributes.guarantee
    return attributes, rest, attributes.fitted_to, paid.spending, paid.assumptions


__all__ = ["Told", "counted_privately", "threshold"]
