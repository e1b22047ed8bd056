"""Ten attacks that guess whether a person was among the training rows, from the synthetic rows alone.

No one attack wins everywhere, so all are tried (Ward et al. 2025, "Synth-MIA"). Each gives every person a number, the
higher the surer that he was there. The attacker has the synthetic rows and some real rows of the same kind, the
reference: one half of the holdout. The other half are the people who were not there.

    nearest synthetic row       minus the distance to it (Chen et al. 2020, GAN-Leaks); ties by chance
    nearer than the reference   distance to the reference less distance to the synthetic rows
    local neighbourhood         synthetic rows nearer than the fifth reference row (DPI, Ward et al. 2024)
    density of neighbours       ratio of the radii that hold five rows, a density ratio (DOMIAS)
    rows around                 synthetic rows within a fixed radius (Hilprecht et al. 2019, Monte Carlo)
    likelihood gain             how much likelier the synthetic rows nearby become when the person joins the reference
                                (Ward et al. 2024, Gen-LRA), by a kernel
    ratio of columns, of pairs  density ratios by tables (see `densities`)
    classifier                  see `densities`
    equal and far               a synthetic row that is equal in all columns counts, and counts more the further it lies
                                from the reference
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.attacks.densities import Shares, bins_of, by_columns, by_pairs, classified, tree_of
from trasunto.metrics.attacks.places import LEAST, WORK, Scale, affordable, equal, scale_of, totals
from trasunto.metrics.frames import Arrays, arrays, at_most
from trasunto.metrics.score import Comparison

# People of each kind, reference rows, and synthetic rows searched.
MOST_PEOPLE = 8_000
MOST_REFERENCE = 12_000
MOST_MADE = 50_000
LEAST_UNSEEN = 100
# Values of pairs counted to find the tree.
PAIRED = 1_000_000_000
NEIGHBOURS = 5
NEAREST = 3


@dataclass(frozen=True)
class Battery:
    """members: (n,) whether a person was among the training rows. scores: (n,) by attack. far: (n,) distance to the
    fifth nearest reference row. rare: (n,) how rare the values of the person are in the reference."""

    members: np.ndarray
    scores: dict[str, np.ndarray]
    far: np.ndarray
    rare: np.ndarray


# Held as long as the comparison itself is, and no longer: these are private rows.
_KEPT: WeakKeyDictionary[Comparison, Battery] = WeakKeyDictionary()


def battery_of(comparison: Comparison) -> Battery | None:
    """All attacks on a comparison, tried once; None without a holdout or columns but text and identifiers.

    MetricError when the holdout has fewer than 100 rows, or another part fewer than 50.
    """
    given = arrays(comparison)
    if "holdout" not in given.parts or not given.names:
        return None
    found = _KEPT.get(comparison)
    if found is None:
        found = _KEPT[comparison] = _battery(given, comparison.seed)
    return found


def _battery(given: Arrays, seed: int) -> Battery:
    rows = {part: len(given.parts[part]) for part in ("real", "synthetic", "holdout")}
    if rows["holdout"] < LEAST_UNSEEN or min(rows.values()) < LEAST_UNSEEN // 2:
        raise MetricError(
            f"Membership needs at least {LEAST_UNSEEN} rows of holdout and {LEAST_UNSEEN // 2} of the others, and has "
            f"{rows['holdout']} of holdout, {rows['real']} of real and {rows['synthetic']} of synthetic data.",
            "Give more rows: on so few, chance alone would decide.",
        )
    rng = np.random.default_rng(seed)
    unseen = rng.permutation(given.parts["holdout"])
    half = len(unseen) // 2
    made = rng.permutation(at_most(given.parts["synthetic"], MOST_MADE, rng))
    reference = unseen[half:][:MOST_REFERENCE]
    # Every synthetic row is held against every one of the reference: both are cut where that is too much.
    room = min(1.0, np.sqrt(WORK / (len(given.names) * len(made) * len(reference))))
    made, reference = made[: max(LEAST, int(room * len(made)))], reference[: max(LEAST, int(room * len(reference)))]
    most = affordable(len(given.names), len(made) + len(reference), 2 * MOST_PEOPLE) // 2
    people = min(half, len(given.parts["real"]), most)
    targets = np.concatenate([at_most(given.parts["real"], people, rng), unseen[:people]])
    scale = scale_of(given, made, targets, reference)
    near = _neighbours(scale, targets, made, reference)
    likely = _likely(given, targets, made, reference)
    rare = -likely.pop("rare")
    members = np.arange(len(targets)) < people
    scores = {
        **near.scores(rng),
        "ratio of columns": likely["columns"],
        "ratio of pairs": likely["pairs"],
        "classifier": classified(given, targets, made, reference, seed),
        "equal and far": np.where(equal(targets, made), 1.0 + near.reference[:, 0] + near.reference[:, -1], 0.0),
    }
    return Battery(members, scores, near.reference[:, -1].astype(float), rare)


@dataclass(frozen=True)
class _Neighbours:
    """made, reference: (n, neighbours) ascending distances. inside: (n,) synthetic rows nearer than the last reference
    neighbour. around: (n,) synthetic rows within the usual distance. gain: (n,) likelihood gained. unit: of distance.
    """

    made: np.ndarray
    reference: np.ndarray
    inside: np.ndarray
    around: np.ndarray
    gain: np.ndarray
    unit: int

    def scores(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        radius = np.log(self.reference[:, -1] + 1.0) - np.log(self.made[:, -1] + 1.0)
        return {
            "nearest synthetic row": -self.made[:, 0].astype(float) + rng.random(len(radius)),
            "nearer than the reference": (self.reference[:, 0] - self.made[:, 0]).astype(float),
            "local neighbourhood": self.inside.astype(float),
            "density of neighbours": radius,
            "rows around": self.around.astype(float),
            "likelihood gain": self.gain,
        }


def _neighbours(scale: Scale, targets: np.ndarray, made: np.ndarray, reference: np.ndarray) -> _Neighbours:
    asked, searched, known = scale.places(targets), scale.places(made), scale.places(reference)
    count = len(targets)
    to_reference = np.empty((count, NEIGHBOURS), dtype=np.int64)
    for block, total in totals(scale, asked, known):
        to_reference[block] = np.sort(np.partition(total, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS], axis=1)
    usual = max(1.0, float(np.median(to_reference[:, 0])))
    weights = np.exp(-np.arange(65_536) / usual).astype(np.float32)
    dense = np.empty(len(made))
    for block, total in totals(scale, searched, known):
        dense[block] = weights[total].sum(axis=1)
    to_made = np.empty((count, NEIGHBOURS), dtype=np.int64)
    inside, around, gain = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64), np.zeros(count)
    for block, total in totals(scale, asked, searched):
        radius = to_reference[block, -1:].astype(np.uint16)
        inside[block] = np.count_nonzero(total < radius, axis=1)
        around[block] = np.count_nonzero(total <= np.uint16(min(usual, 65_535.0)), axis=1)
        rows = np.arange(len(total))
        for step in range(NEIGHBOURS):
            at = total.argmin(axis=1)
            low = total[rows, at]
            to_made[block, step] = low
            if step < NEAREST:
                gain[block] += np.log1p(weights[low] / (dense[at] + 1e-9))
            total[rows, at] = 65_535
    return _Neighbours(to_made, to_reference, inside, around, gain, scale.unit)


def _likely(given: Arrays, targets: np.ndarray, made: np.ndarray, reference: np.ndarray) -> dict[str, np.ndarray]:
    bins = bins_of(given, np.concatenate([made, reference]))
    asked, one, other = bins.of(targets), bins.of(made), bins.of(reference)
    tree = tree_of(one[:, : max(2_000, PAIRED // len(bins.sizes) ** 2)], bins.sizes)
    drawn, real = Shares(one, bins.sizes), Shares(other, bins.sizes)
    rare = by_columns(asked, real)
    return {
        "rare": rare,
        "columns": by_columns(asked, drawn) - rare,
        "pairs": by_pairs(asked, drawn, tree) - by_pairs(asked, real, tree),
    }
