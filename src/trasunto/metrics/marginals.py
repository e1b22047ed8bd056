"""Do triples of columns look alike? The three-way marginals; `fidelity` has those of one column and of two.

Mean total variation distance of the three-way tables over columns cut into few bins, as in the accuracy of Platzer and
Reutterer 2021 ("Holdout-based empirical assessment of mixed-type synthetic data"). Like every distance of counts it is
above 0 for fresh real rows too, the more so the more cells and the fewer rows there are: the control says how far.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from trasunto.metrics.distances import shares, whole
from trasunto.metrics.frames import Arrays, arrays, at_most
from trasunto.metrics.interval import around
from trasunto.metrics.score import Comparison, Score

# The mean over triples is known to a thousandth from so many, drawn at random.
MOST_TRIPLES = 300
SHOWN_TRIPLES = 20
# Rows a part: a table of a thousand cells differs by chance by a hundredth then, and costs a tenth of a millisecond.
MOST_ROWS = 50_000
# Numbers are cut at the real deciles; of a category so many frequent values stand by themselves, the others together.
BINS = 10


def triples(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.triples: mean total variation distance (0 equal, 1 nothing in common) of the three-way tables of the
    synthetic rows from those of the training rows, then the 20 triples that differ most. () with fewer than 3 columns.

    Numbers and dates are cut at the real deciles, the eleventh value of a category and rarer ones stand together, a
    missing value is a value. Of more than 300 triples as many are drawn at random, of more than 50,000 rows too.
    """
    given = arrays(comparison)
    width = len(given.names)
    if width < 3:
        return ()
    codes, sizes = binned(given, _as_many(given, comparison.seed))
    chosen = _chosen(width, np.random.default_rng(comparison.seed))
    others = [part for part in codes if part != "real"]
    errors = {part: np.empty(len(chosen)) for part in others}
    total = np.zeros(codes["synthetic"].shape[1])
    for number, (i, j, k) in enumerate(chosen):
        cells = sizes[i] * sizes[j] * sizes[k]
        placed = {part: (code[i] * sizes[j] + code[j]) * sizes[k] + code[k] for part, code in codes.items()}
        truth = shares(placed["real"], cells)
        for part in others:
            gap = shares(placed[part], cells) - truth
            errors[part][number] = min(1.0, 0.5 * float(np.abs(gap).sum()))
            if part == "synthetic":
                total += np.sign(gap)[placed[part]]
    total *= 0.5 / len(chosen)
    value = {part: float(found.mean()) for part, found in errors.items()}
    headline = Score(
        "fidelity.triples",
        value["synthetic"],
        0.0,
        around(value["synthetic"], total - total.mean(), 0.0, 1.0),
        value["independent"],
        value.get("holdout"),
        reading="Mean difference of the three-way tables of columns from those of the training rows; 0 is equal. The "
        "control is what as many unseen real rows differ by chance, the baseline columns drawn by themselves.",
    )
    worst = np.argsort(-errors["synthetic"], kind="stable")[:SHOWN_TRIPLES]
    return headline, *(_one(given, chosen[place], {p: float(e[place]) for p, e in errors.items()}) for place in worst)


def _one(given: Arrays, triple: tuple[int, int, int], error: dict[str, float]) -> Score:
    subject = " × ".join(given.names[place] for place in triple)
    alone, unseen = error["independent"], error.get("holdout")
    return Score("fidelity.triples", error["synthetic"], 0.0, None, alone, unseen, subject)


def _as_many(given: Arrays, seed: int) -> dict[str, np.ndarray]:
    """At most 50,000 rows a part, unseen rows cut to as many as there are synthetic ones: fewer differ more."""
    rng = np.random.default_rng(seed)
    made = min(len(given.parts["synthetic"]), MOST_ROWS)
    return {part: at_most(rows, made if part == "holdout" else MOST_ROWS, rng) for part, rows in given.parts.items()}


def _chosen(width: int, rng: np.random.Generator) -> list[tuple[int, int, int]]:
    """All triples of columns, or 300 of them, in order."""
    if comb(width, 3) <= MOST_TRIPLES:
        return list(combinations(range(width), 3))
    found: set[tuple[int, int, int]] = set()
    while len(found) < MOST_TRIPLES:
        i, j, k = sorted(rng.choice(width, 3, replace=False).tolist())
        found.add((i, j, k))
    return sorted(found)


def binned(given: Arrays, parts: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], list[int]]:
    """(columns, rows) bins of each part, the last for a missing value; and how many bins each column has."""
    codes = {part: np.empty(rows.shape[::-1], dtype=np.int64) for part, rows in parts.items()}
    sizes = []
    for place, levels in enumerate(given.levels.tolist()):
        cuts = np.empty(0)
        if not levels:
            known = parts["real"][:, place]
            known = known[~np.isnan(known)]
            cuts = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if known.size else cuts
        size = min(levels, BINS + 1) or len(cuts) + 1
        sizes.append(size + 1)
        for part, rows in parts.items():
            column = rows[:, place]
            if levels:
                # Codes go by frequency, so the rare ones are the high ones.
                codes[part][place] = whole(np.minimum(column, size - 1), size)
            else:
                codes[part][place] = np.where(np.isnan(column), size, np.searchsorted(cuts, column, side="right"))
    return codes, sizes
