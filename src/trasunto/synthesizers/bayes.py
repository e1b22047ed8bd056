"""`bayes`: a Bayesian network of columns, learnt greedily, with tables smoothed towards fewer parents.

The network is that of PrivBayes (Zhang et al. 2017, "PrivBayes: private data release via Bayesian networks"), without
its noise unless there is a budget: what is learnt and how is in synthesizers/dag.py, and under a budget in
synthesizers/private_bayes.py. It stands over at most about 24 groups a column;
synthesizers/within.py reaches the codes inside the groups, and synthesizers/inference.py draws rows, under conditions
too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.encoders.codes import Codes, Levels
from trasunto.privacy.budget import Budget, guaranteed
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.checked import at_least
from trasunto.synthesizers.coded import CodedModel, Prepared, load_coded, prepare
from trasunto.synthesizers.dag import (
    Column,
    Parent,
    contexts_of,
    counted,
    grouped,
    ordered_by,
    pairwise,
    parents_of,
)
from trasunto.synthesizers.inference import Lens, Node, as_asked, forward
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.private import prepare_private
from trasunto.synthesizers.private_bayes import Limits, learnt
from trasunto.synthesizers.within import Shares, Within, within

# Rows on which the structure is chosen, and on which the parent of fine codes is.
SEEN, SEEN_WITHIN = 50_000, 100_000
# Most steps of comparing all pairs of columns (rows * columns * columns), and fewest rows for it.
PAIRS, SEEN_PAIRS = 2 * 10**9, 2_000
# Columns tried as parents: those that tell most of the child.
TRIED, TRIED_WITHIN = 12, 6
# Rows drawn at once without conditions, and most cells of candidates with them.
AT_ONCE, CELLS_AT_ONCE = 2**18, 2 * 10**7
# Most bins of a continuous column under a budget: each has its own noise.
PRIVATE_BINS = 100


@dataclass(frozen=True)
class Bayes:
    """Settings.

    parents: most parents of a column. groups: about how many groups a column has in the network; a table's cells grow
    with their product. cells: most cells of one table. bins: most quantile bins of a continuous column.
    candidates: how many are weighed for each row under a condition. sweeps: how often each free value of such a row
    is drawn again given all others.
    """

    parents: int = 5
    groups: int = 24
    cells: int = 131_072
    bins: int = 300
    candidates: int = 16
    sweeps: int = 2

    def __post_init__(self) -> None:
        at_least(self, {"parents": 0, "groups": 4, "cells": 64, "bins": 2, "candidates": 1, "sweeps": 0})

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table, under a budget by synthesizers/private_bayes.py.

        seed: under a budget it decides no noise, so that two fits differ. Raises FitError for several tables, no rows
        or free text; BudgetError for a budget that cannot be honoured.
        """
        if budget is not None:
            return self._private(real, budget, seed, progress)
        ready = prepare(real, "bayes", bins=self.bins)
        progress("fit bayes", 0, len(ready.codes.names))
        columns = _columns(ready, self.groups)
        rng = np.random.default_rng(seed)
        seen = rng.permutation(ready.rows)[:SEEN]
        part = [column.of_rows(seen) for column in columns]
        shared = _shared(part)
        first = [place for place, column in enumerate(columns) if column.name in ready.first]
        order = ordered_by(shared, first) if columns else []
        codes, groups = {c.name: c.coded for c in columns}, {c.name: c.narrow for c in columns}
        nodes = []
        for place, at in enumerate(order):
            progress("fit bayes", place, len(order))
            near = _nearest(shared[at], order[:place])[:TRIED]
            among = [part[o] for o in dict.fromkeys([*near, *(o for o in first if o in order[:place])])]
            parents = parents_of(part[at], among, most=self.parents, cells=self.cells, first=ready.first)
            column = columns[at]
            context = contexts_of(parents, codes, groups, len(column.narrow))
            contexts = int(np.prod([p.width for p in parents]))
            counts = counted(context[column.seen], contexts, column.narrow[column.seen], column.width)
            few = rng.permutation(len(column.coded))[:SEEN_WITHIN]
            fine = within(column, [columns[o] for o in near[:TRIED_WITHIN]], few)
            nodes.append(Node(column.name, column.groups.astype(np.int32), parents, counts, fine))
        progress("fit bayes", len(order), len(order))
        by_name = {column.name: column for column in columns}
        return ready.model(
            "bayes", self, BayesJoint(self, tuple(_looking_back(node, nodes, by_name) for node in nodes))
        )

    def _private(self, real: Dataset, budget: Budget, seed: int, progress: Progress) -> CodedModel:
        progress("fit bayes", 0, 1)
        ready, rest, spending, assumed = prepare_private(real, "bayes", budget, bins=min(self.bins, PRIVATE_BINS))
        limits = Limits(self.parents, self.groups, self.cells)
        nodes, spent = learnt(ready, rest, limits, np.random.default_rng(seed))
        mechanism = (
            "PrivBayes: noisy tables of a Bayesian network whose parents are chosen by the exponential mechanism"
        )
        guarantee = guaranteed(budget, mechanism, (*spending, *spent), assumed)
        progress("fit bayes", 1, 1)
        return ready.model("bayes", self, BayesJoint(self, nodes, private=True), guarantee=guarantee)


@dataclass(frozen=True)
class BayesJoint:
    """A fitted network. nodes: in the order in which they are drawn. private: fitted under a budget."""

    settings: Bayes
    nodes: tuple[Node, ...]
    private: bool = False

    @cached_property
    def plain(self) -> tuple[Lens, ...]:
        return tuple(Lens.of(node, None, 1.0) for node in self.nodes)

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows as asked. SampleError when no value of a column is allowed."""
        lenses = self.plain
        if evidence.allowed or evidence.temperature != 1.0:
            lenses = tuple(Lens.of(n, evidence.allowed.get(n.name), evidence.temperature) for n in self.nodes)
        asked = bool(evidence.rows and (evidence.known or evidence.allowed))
        most = AT_ONCE
        if asked:
            most = max(CELLS_AT_ONCE // (self.settings.candidates * max(len(self.nodes), 1)), 64)
        parts = []
        for start in range(0, max(evidence.rows, 1), most):
            places = np.arange(start, min(start + most, evidence.rows))
            if asked:
                how = {"candidates": self.settings.candidates, "sweeps": self.settings.sweeps}
                parts.append(as_asked(lenses, evidence.take(places), rng=rng, **how).codes)
            else:
                parts.append(forward(lenses, len(places), rng).codes)
        return {n.name: np.concatenate([p[n.name] for p in parts]).astype(np.int32) for n in self.nodes}

    def free(self, rows: int, temperature: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows without conditions."""
        return self.draw(Evidence(rows, temperature=temperature), rng)

    def arrays(self) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for node in self.nodes:
            cells = np.flatnonzero(node.counts)
            mine = {"groups": node.groups, "cells": cells, "times": node.counts.ravel()[cells]}
            mine |= {f"levels{at}": parent.levels for at, parent in enumerate(node.parents)}
            mine |= node.within.arrays() if node.within is not None else {}
            if node.back is not None:
                mine |= node.back[1].arrays("back", len(node.groups))
            found |= {f"{node.name}\x1f{key}": value for key, value in mine.items()}
        return found

    def facts(self) -> dict[str, Any]:
        return {
            "method": "A Bayesian network: each column given a few columns before it.",
            "source": f"Zhang et al. 2017, PrivBayes, {'with' if self.private else 'without'} noise",
            "private": self.private,
            "order": [node.name for node in self.nodes],
            "columns": {node.name: _facts(node) for node in self.nodes},
        }

    @staticmethod
    def of(settings: Bayes, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> BayesJoint:
        """Back from what `arrays` and `facts` gave."""
        mine: dict[str, dict[str, np.ndarray]] = {name: {} for name in facts["order"]}
        for key, value in arrays.items():
            name, _, field = key.rpartition("\x1f")
            mine[name][field] = value
        nodes = tuple(_node(n, facts["columns"][n], mine[n]) for n in facts["order"])
        return BayesJoint(settings, nodes, facts.get("private", False))

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, Bayes, BayesJoint.of)


def _facts(node: Node) -> dict[str, Any]:
    parents = [{"name": p.name, "levels": p.width, "by_code": p.by_code, "strength": p.strength} for p in node.parents]
    fine = node.within.facts() if node.within is not None else None
    back = node.back[0] if node.back is not None else None
    return {"groups": node.counts.shape[1], "parents": parents, "cells": node.counts.size, "within": fine, "back": back}


def _node(name: str, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Node:
    parents = tuple(
        Parent(p["name"], arrays[f"levels{at}"], p["by_code"], p["strength"]) for at, p in enumerate(facts["parents"])
    )
    counts = np.zeros(facts["cells"], dtype=np.int64)
    counts[arrays["cells"]] = arrays["times"]
    groups = arrays["groups"]
    fine = Within.of(len(groups), facts["within"], arrays) if facts["within"] is not None else None
    node = Node(name, groups, parents, counts.reshape(-1, facts["groups"]), fine)
    if facts["back"] is None:
        return node
    return replace(node, back=(facts["back"], Shares.of(arrays["back_keys"], arrays["back_times"], len(groups))))


def _columns(ready: Prepared, most: int) -> list[Column]:
    """The columns to learn from, in groups."""
    found = []
    for name, coded in ready.coded.items():
        each = ready.codes.columns[name]
        ordered = not isinstance(each, Levels)
        null = ordered and each.null and each.size > 1
        counts = np.bincount(coded[coded >= 0], minlength=each.size)
        groups = grouped(counts, ordered=ordered, null=null, most=most)
        narrow = np.append(groups, groups.max() + 1).astype(np.int32)[coded]
        found.append(Column(name, np.where(coded < 0, each.size, coded), groups, narrow, ordered, null))
    return found


def _looking_back(node: Node, nodes: list[Node], columns: dict[str, Column]) -> Node:
    """The node with `back` set, when others hang on its codes: the one from which its codes are guessed best."""
    best, found = -1.0, node
    for other in nodes:
        fine = other.within is not None and other.within.parent == node.name
        if node.within is not None and (fine or any(p.by_code and p.name == node.name for p in other.parents)):
            mine, theirs = columns[node.name], columns[other.name]
            both = mine.seen & theirs.seen
            key = theirs.coded[both].astype(np.int64) * mine.size + mine.coded[both]
            back = Shares.of(*np.unique(key, return_counts=True), mine.size)
            guessed = np.maximum.reduceat(back.times, back.starts[:-1]).sum() / max(len(key), 1) if len(key) else 0.0
            if guessed > best:
                best, found = guessed, replace(node, back=(other.name, back))
    return found


def _shared(columns: list[Column]) -> np.ndarray:
    """(d, d) mutual information of all pairs; of very many columns, on some of the rows."""
    if not columns:
        return np.zeros((0, 0))
    rows = max(PAIRS // len(columns) ** 2, SEEN_PAIRS)
    return pairwise([column.of_rows(slice(rows)) for column in columns])


def _nearest(shared: np.ndarray, among: list[int]) -> list[int]:
    """Positions of columns, those that share most first."""
    return [among[place] for place in np.argsort(-shared[among], kind="stable")]
