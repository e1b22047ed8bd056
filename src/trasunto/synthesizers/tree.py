"""`tree`: chains of decision trees, one per column on the columns before it, in several orders; the default.

The chain of trees is that of Reiter (2005, "Using CART to generate partially synthetic public use microdata") and
synthpop (Nowok, Raab and Dibben 2016), with these changes. Values are codes (atoms, bins, categories: see
encoders/codes.py), so that no real value of a continuous column is copied, and columns of many codes are drawn coarse
to fine (synthesizers/coarse.py). Trees are pruned by what the best of many splits would gain by chance, and a value is
drawn from its leaf only with the chance that the leaf has seen enough, else from the node above, and so on up: small
leaves lean on few people, and borrow from their parents. A large leaf in which two columns tell only together, as in an
exclusive or, is split by both (synthesizers/lookahead.py). And rows are drawn from several chains, each in a random
order of the columns: what one order cannot say in few splits another can, so that the mixture is closer to the table
than any of them, while none has to follow the training rows more closely.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.encoders.codes import Codes
from trasunto.errors import ModelError
from trasunto.executors import current
from trasunto.privacy.budget import Budget, refuse
from trasunto.progress import Progress, quiet
from trasunto.synthesizers import coarse
from trasunto.synthesizers.branches import Branches, grow, smallest, stump
from trasunto.synthesizers.chain import Chain
from trasunto.synthesizers.checked import at_least
from trasunto.synthesizers.coded import CodedModel, Prepared, load_coded, prepare
from trasunto.synthesizers.growing import Growth
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.telling import telling

# Tree growth is about rows × columns × inputs steps a chain; with more than this in all, fewer orders are grown.
STEPS = 200_000_000
# Chains of a table with very many columns cost more than they bring.
COLUMNS = 1_500
# A chain keeps the codes of at most so many rows in its leaves; other chains keep others.
KEPT = 1_000_000
# Of a column that is always given a chain keeps the codes of so many rows, for rows of which it is not known.
MARGIN = 1_000


@dataclass(frozen=True)
class Tree:
    """Settings.

    orders: chains of trees, each with the columns in another order; large tables take fewer.
    penalty: what a split must gain to stay, in units of what chance gives the best of many splits; more is more
    private and less faithful. smoothing: how readily a leaf borrows from the nodes above it; 0 draws from leaves alone.
    min_leaf: fewest training rows in a leaf. max_depth: deepest tree. bins: most quantile bins of a continuous
    column. grow_rows: rows of which a tree's splits are found; leaves are filled with more. max_inputs: most columns
    that a tree looks at: the most telling ones.
    """

    orders: int = 10
    penalty: float = 1.2
    smoothing: float = 1.0
    min_leaf: int = 10
    max_depth: int = 24
    bins: int = 300
    grow_rows: int = 100_000
    max_inputs: int = 40

    def __post_init__(self) -> None:
        at_least(self, {"orders": 1, "penalty": 0, "smoothing": 0, "min_leaf": 1, "max_depth": 1, "bins": 2})
        at_least(self, {"grow_rows": 100, "max_inputs": 1})

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table. Raises FitError for several tables, no rows, or free text; BudgetError for a budget."""
        refuse(budget, "tree")
        ready = prepare(real, "tree", bins=self.bins, narrow=True)
        # Trees know codes alone: rows that nobody else holds need not stay in memory while they grow.
        del real
        groups = _groups(ready)
        orders = [coarse.spread(order, groups) for order in orders_of(ready, self, seed)]
        places = [(number, place) for number, order in enumerate(orders) for place in range(len(order))]
        seeds = np.random.SeedSequence(seed).spawn(len(places))
        # Trees of the last columns look at the most and take longest: begun first, nobody waits for one in the end.
        jobs = sorted(zip(places, seeds, strict=True), key=lambda job: -job[0][1])
        told = telling(ready.coded, ready.sizes, seed) if len(ready.codes.names) > self.max_inputs else None
        rows = [_kept(ready.rows, number, seed) for number in range(len(orders))]
        trees: list[dict[str, Branches]] = [{} for _ in orders]
        narrow: dict[str, np.ndarray] = {n: each.astype(smallest(int(each.max()) + 1)) for n, each in groups.items()}
        # Trees are grown in compiled code that lets other threads run; each has a seed of its own.
        grown = current().map(_one, jobs, shared=Learnt(ready, narrow, orders, told, self, rows))
        for done, (((number, place), _), tree) in enumerate(zip(jobs, grown, strict=True)):
            trees[number][orders[number][place]] = tree
            progress("fit tree", done + 1, len(jobs))
        chains = tuple(Chain(order, {n: trees[number][n] for n in order}) for number, order in enumerate(orders))
        return ready.model("tree", self, Chains(chains, groups))


@dataclass(frozen=True)
class Learnt:
    """What all trees grow from. told: by column, the others, the most telling first; rows: by chain, those it keeps."""

    ready: Prepared
    groups: Mapping[str, np.ndarray]
    orders: list[tuple[str, ...]]
    told: dict[str, list[str]] | None
    settings: Tree
    rows: list[np.ndarray | None]


def orders_of(ready: Prepared, settings: Tree, seed: int) -> list[tuple[str, ...]]:
    """Random orders of the columns; what is to be predicted comes first in each."""
    names = ready.codes.names
    grown = min(ready.rows, settings.grow_rows)
    drawn = len(names) - len(ready.context)
    steps = max(1, grown * drawn * min(len(names), settings.max_inputs))
    count = max(1, min(settings.orders, STEPS // steps, COLUMNS // max(1, len(names))))
    rng = np.random.default_rng([seed, 7])
    first = tuple(name for name in names if name in ready.first)
    rest = [name for name in names if name not in ready.first]
    # One column has one order.
    count = min(count, math.factorial(len(rest))) if len(rest) < 4 else count
    return [(*first, *(rest[place] for place in rng.permutation(len(rest)))) for _ in range(count)]


@dataclass(frozen=True)
class Chains:
    """Several chains; rows are shared out evenly among them. groups: by column, (size,) the group of each code."""

    chains: tuple[Chain, ...]
    groups: Mapping[str, np.ndarray]

    @property
    def names(self) -> list[str]:
        """The columns."""
        return [name for name in self.chains[0].order if not coarse.marked(name)]

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """(rows,) codes by column. What is asked of columns goes to the chains that draw those columns first."""
        chains = self._fit_for(evidence)
        if not evidence.rows:
            return {name: np.empty(0, dtype=np.int32) for name in self.names}
        evidence = coarse.told(evidence, self.groups)
        dealt = np.array_split(rng.permutation(evidence.rows), len(chains))
        seeds = rng.integers(0, 2**63, len(chains))
        drawn: dict[str, np.ndarray] = {}
        for chain, places, seed in zip(chains, dealt, seeds, strict=True):
            if not len(places):
                continue
            # Blocks of rows keep memory flat, however many particles a row needs.
            for block in np.array_split(places, max(1, len(places) // 100_000)):
                made = chain.draw(evidence.take(block), np.random.default_rng([int(seed), len(block)]))
                for name in self.names:
                    drawn.setdefault(name, np.empty(evidence.rows, dtype=np.int32))[block] = made[name]
        return drawn

    def _fit_for(self, evidence: Evidence) -> tuple[Chain, ...]:
        asked = list(evidence.allowed) + [n for n, codes in evidence.known.items() if (codes >= 0).any()]
        free = len(asked) == 0 or len(set(asked)) == len(self.names)
        if free or len(self.chains) < 4:
            return self.chains
        late = [sum(chain.order.index(name) for name in set(asked)) for chain in self.chains]
        if min(late) == max(late):
            return self.chains
        best = np.argsort(late, kind="stable")[: max(2, len(self.chains) // 3)]
        return tuple(self.chains[place] for place in sorted(best.tolist()))

    def arrays(self) -> dict[str, np.ndarray]:
        trees = {
            f"{number}\x1f{name}\x1f{key}": value
            for number, chain in enumerate(self.chains)
            for name, tree in chain.trees.items()
            for key, value in tree.arrays().items()
        }
        return trees | {f"groups\x1f{name}\x1f": group for name, group in self.groups.items()}

    def facts(self) -> dict[str, Any]:
        leaves = {name: [chain.trees[name].leaves for chain in self.chains] for name in self.names}
        inputs = [[list(chain.trees[name].inputs) for name in chain.order] for chain in self.chains]
        return {
            "method": "Chains of decision trees, one per column on the columns before it, in several orders.",
            "source": "Reiter 2005; Nowok, Raab and Dibben 2016",
            "orders": [list(chain.order) for chain in self.chains],
            "inputs": inputs,
            "columns": {name: {"leaves": round(float(np.mean(counts)))} for name, counts in leaves.items()},
        }

    @staticmethod
    def of(settings: Tree, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Chains:
        """Back from `arrays` and `facts`."""
        parts: dict[tuple[int, str], dict[str, np.ndarray]] = {}
        groups = {}
        for key, value in arrays.items():
            of, name, field = key.split("\x1f")
            if of == "groups":
                groups[name] = value
            else:
                parts.setdefault((int(of), name), {})[field] = value
        chains = []
        for number, order in enumerate(facts["orders"]):
            trees = {}
            for place, name in enumerate(order):
                trees[name] = Branches(**parts[number, name], inputs=tuple(facts["inputs"][number][place]))
            if {name for name in order if not coarse.marked(name)} != set(codes.names):
                raise ModelError("The chains of the model have other columns than its codes.", "Fit it again.")
            chains.append(Chain(tuple(order), trees))
        return Chains(tuple(chains), groups)

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, Tree, Chains.of)


def _kept(rows: int, number: int, seed: int) -> np.ndarray | None:
    """Positions of the rows whose codes a chain keeps; None for all."""
    if rows <= KEPT:
        return None
    chosen = np.random.default_rng([seed, 11, number]).choice(rows, KEPT, replace=False).astype(np.int32)
    chosen.sort()
    return chosen


def _groups(ready: Prepared) -> dict[str, np.ndarray]:
    """Groups of the codes of the columns that have many."""
    found = {
        name: coarse.groups_of(ready.coded[name], size, ordered=name not in ready.worded)
        for name, size in ready.sizes.items()
        if name not in ready.context
    }
    return {name: group for name, group in found.items() if group is not None}


def _one(job: tuple[tuple[int, int], np.random.SeedSequence], learnt: Learnt) -> Branches:
    """The tree of the column at a place of a chain."""
    (number, place), seed = job
    order, rows = learnt.orders[number][: place + 1], learnt.rows[number]
    ready, groups, told, settings = learnt.ready, learnt.groups, learnt.told, learnt.settings
    rng = np.random.default_rng(seed)
    name = order[-1].removesuffix(coarse.MARK)
    if name in ready.context:
        # It is given: what it would be by itself is seldom needed, and nothing is learnt of it.
        seen = ready.coded[name][ready.coded[name] >= 0][:MARGIN]
        return stump(seen if seen.size else np.zeros(1, dtype=np.int32), ready.sizes[name])
    earlier = [each for each in order[:-1] if not coarse.marked(each)]
    if told is not None and len(earlier) > settings.max_inputs:
        there = set(earlier)
        earlier = [each for each in told[name] if each in there][: settings.max_inputs]
    coded = ready.coded
    if rows is not None:
        places = rows.astype(np.intp)
        coded = {each: ready.coded[each][places] for each in (*earlier, name)}
    known = coded[name] >= 0
    whole = bool(known.all())
    before = {each: coded[each] if whole else coded[each][known] for each in earlier}
    growth = Growth(
        settings.min_leaf,
        settings.max_depth,
        settings.penalty,
        settings.smoothing,
        settings.grow_rows,
    )
    response, sizes, within = coded[name] if whole else coded[name][known], ready.sizes, None
    if coarse.marked(order[-1]):
        response, sizes = groups[name][response], {**sizes, name: int(groups[name].max()) + 1}
    elif name in groups:
        within = (coarse.of(name), groups[name])
    return grow(before, response, sizes=sizes, worded=ready.worded, name=name, growth=growth, rng=rng, within=within)
