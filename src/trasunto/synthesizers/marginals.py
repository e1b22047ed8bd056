"""`marginals`: a few noisy marginals, and the distribution of greatest entropy that fits them. For private releases.

Select, measure, generate. `aim` is McKenna et al. 2022, "AIM: an adaptive and iterative mechanism for differentially
private synthetic data"; `mst` is McKenna, Miklau and Sheldon 2021, "Winning the NIST contest". Both are as in
graphical/adaptive.py, over groups of codes at several resolutions; the code inside a group comes from a noisy histogram
of the column by itself. All noise is exact and all of it is paid: see privacy/mechanisms.py. Without a budget the same
marginals are taken without noise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.encoders.codes import Codes, Levels
from trasunto.errors import FitError, SampleError
from trasunto.graphical.adaptive import Coded, Course, Exact, Plan, Source, Spent, adapted
from trasunto.graphical.estimate import Estimate, inside
from trasunto.graphical.junction import Tree
from trasunto.graphical.rows import Field, chosen
from trasunto.privacy.accountant import rho_of
from trasunto.privacy.budget import Budget, Guarantee, Spending, guaranteed
from trasunto.privacy.mechanisms import noise
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.coded import CodedModel, Prepared, load_coded, prepare
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.private import prepare_private

# Without a budget marginals are weighed and chosen as if so much noise were on them.
RHO = 2.5
# Least share of a code in its group, and of a cell in its table, so that what is asked for can be drawn.
LEAST = 1e-12
# How marginals are chosen, by method.
METHODS = {
    "aim": "Marginals that the model misses most, chosen and measured in rounds (AIM).",
    "mst": "Marginals of pairs that hang all columns together (MST).",
}


@dataclass(frozen=True)
class Marginals:
    """Settings.

    method: "aim" (rounds, marginals of up to `degree` columns) or "mst" (pairs alone, once; quicker). degree: most
    columns of a marginal, 2 or 3. rounds: how many marginals are planned, as a multiple of the columns; fewer when more
    noise than signal is met. cells: most cells of the model's tables; fits take time in proportion. bins: about how
    many codes numbers have. lift: how much more marginals with the target are worth. seconds: after so long the round
    that is on becomes the last one, and takes what is left of the budget; None for no limit.
    """

    method: str = "aim"
    degree: int = 3
    rounds: float = 3.0
    cells: int = 400_000
    bins: int = 300
    lift: float = 2.0
    seconds: float | None = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise FitError(f"method is {self.method!r}; it must be one of {', '.join(METHODS)}.")
        if self.degree not in (2, 3):
            raise FitError(f"degree is {self.degree}; it must be 2 or 3.")
        for name, least in {"cells": 10_000, "bins": 2, "lift": 1}.items():
            if getattr(self, name) < least:
                raise FitError(f"{name} is {getattr(self, name)}; it must be at least {least:,}.")
        if not self.rounds > 0 or not (self.seconds is None or self.seconds > 0):
            raise FitError(f"rounds is {self.rounds} and seconds is {self.seconds}; both must be above 0.")

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table.

        seed: of all that is drawn from the model on the way; the noise of a private fit has no seed. Raises FitError
        for several tables, no rows or free text; BudgetError for a domain neither declared nor paid for, or no delta.
        """
        progress("fit marginals", 0, 100)
        rng = np.random.default_rng(seed)
        told = _teller(progress)
        if budget is None:
            ready = prepare(real, "marginals", bins=self.bins)
            if not ready.codes.names:
                return ready.model("marginals", self, MarginalsJoint.empty(self))
            coded = _coded(ready, ready.filled(seed))
            course, now = adapted(coded, self._plan(), rho=RHO, noise=Exact(), rng=rng, told=told)
            progress("fit marginals", 100, 100)
            return ready.model("marginals", self, _joint(self, ready, course, now, told=None))
        if budget.delta == 0:
            rho_of(budget)
        ready, rest, spending, assumptions = prepare_private(real, "marginals", budget, bins=self.bins)
        if not ready.codes.names:
            raise FitError("No column has values to learn: all are identifiers.", "Fit without a budget.")
        rho = rho_of(rest)
        coded = _coded(ready, ready.coded)
        course, now = adapted(coded, self._plan(), rho=rho, noise=noise(), rng=rng, told=told)
        joint = _joint(self, ready, course, now, told=rho)
        progress("fit marginals", 100, 100)
        guarantee = self._guarantee(budget, (*spending, *_spending(course, ready.codes.names)), assumptions)
        return ready.model("marginals", self, joint, guarantee=guarantee)

    def learnt(
        self, ready: Prepared, *, rho: float, rows: int | None, seed: int, noise: Source
    ) -> tuple[CodedModel, int, float]:
        """(a model of codes, how many marginals were measured, the standard deviation of the noise on the last).

        rho: what may be spent, with one row as unit. rows: how many there are, where that is public; else the noisy
        counts tell. The guarantee is for whoever holds the model to give.
        """
        coded = replace(_coded(ready, ready.coded), total=rows)
        course, now = adapted(coded, self._plan(), rho=rho, noise=noise, rng=np.random.default_rng(seed))
        joint = _joint(self, ready, course, now, told=rho)
        sigmas = [each.sigma for each in course.spent if each.what == "marginal"]
        model = replace(ready, rows=round(course.total)).model("marginals", self, joint)
        return model, len(sigmas), sigmas[-1] if sigmas else 0.0

    def _plan(self) -> Plan:
        seconds = math.inf if self.seconds is None else self.seconds
        return Plan(
            tree=self.method == "mst",
            rounds=self.rounds,
            degree=self.degree,
            cells=self.cells,
            lift=self.lift,
            seconds=seconds,
        )

    def _guarantee(self, budget: Budget, spending: tuple[Spending, ...], assumptions: tuple[str, ...]) -> Guarantee:
        told = METHODS[self.method]
        mechanism = f"{told} Discrete Gaussian noise and the exponential mechanism, added up as zCDP."
        return guaranteed(budget, mechanism, spending, assumptions)


def _coded(ready: Prepared, codes: Mapping[str, np.ndarray]) -> Coded:
    names = ready.codes.names
    kinds = [ready.codes.columns[name] for name in names]
    target = next((at for at, name in enumerate(names) if name in ready.first), None)
    return Coded(
        np.stack([codes[name] for name in names], axis=1).astype(np.int32),
        tuple(each.size for each in kinds),
        tuple(not isinstance(each, Levels) for each in kinds),
        tuple(each.null for each in kinds),
        target,
        ready.rows,
        names,
    )


def _teller(progress: Progress):  # type: ignore[no-untyped-def]
    return lambda share: progress("fit marginals", min(int(100 * share), 99), 100)


def _spending(course: Course, names: tuple[str, ...]) -> tuple[Spending, ...]:
    """What the budget went to; choices are added up."""
    gaussian = "discrete Gaussian noise"
    whats = {
        "codes": "Histogram of each column",
        "groups": "Histogram of the groups of each column",
        "groups again": "Histogram of the groups of each column, again, with what was left",
    }
    found = [Spending(whats[each.what], gaussian, rho=each.rho) for each in course.spent if each.what in whats]
    choices = [each.rho for each in course.spent if each.what == "choice"]
    if choices:
        what = f"Choice of {len(choices)} marginals"
        found.append(Spending(what, "exponential mechanism", rho=sum(choices)))
    for each in course.spent:
        if each.what == "marginal":
            what = f"Marginal of {', '.join(names[at] for at in each.columns)}"
            note = f"{' x '.join(map(str, each.cells))} cells, standard deviation of the noise {each.sigma:.1f} rows."
            found.append(Spending(what, gaussian, rho=each.rho, note=note))
    return tuple(found)


def _joint(
    settings: Marginals, ready: Prepared, course: Course, now: Estimate, *, told: float | None
) -> MarginalsJoint:
    """told: rho of a private fit."""
    groups, shares = [], []
    for at, scale in enumerate(course.scales):
        first = np.bincount(scale.groups, scale.counts)[scale.groups]
        number = np.bincount(scale.groups)[scale.groups]
        share = np.where(first > 0, scale.counts / np.where(first > 0, first, 1.0), 1.0 / number)
        groups.append(scale.of_codes(now.levels[at]).astype(np.int32))
        shares.append(share * inside(now, course.scales, at)[scale.groups] + LEAST)
    tables = tuple(np.maximum(table, table.max(initial=0.0) * LEAST) for table in now.field.factors)
    field = Field(now.field.sizes, now.field.tree, tables)
    marginals = [_marginal(each, ready.codes.names, private=told is not None) for each in course.spent if each.columns]
    return MarginalsJoint(settings, ready.codes.names, field, tuple(groups), tuple(shares), tuple(marginals), now.loss)


def _marginal(each: Spent, names: tuple[str, ...], *, private: bool) -> dict[str, Any]:
    found: dict[str, Any] = {"columns": [names[at] for at in each.columns], "cells": list(each.cells)}
    return {**found, "noise": round(each.sigma, 2)} if private else found


@dataclass(frozen=True)
class MarginalsJoint:
    """A fitted model.

    names: of the columns. field: over groups of codes. groups, shares: (codes,) of each column, the group of each code
    and its share in it. marginals: what was measured, for the report. loss: see Estimate.
    """

    settings: Marginals
    names: tuple[str, ...]
    field: Field
    groups: tuple[np.ndarray, ...]
    shares: tuple[np.ndarray, ...]
    marginals: tuple[dict[str, Any], ...]
    loss: float

    @staticmethod
    def empty(settings: Marginals) -> MarginalsJoint:
        """Of a table without a column to learn."""
        return MarginalsJoint(settings, (), Field((), Tree((), (), ()), ()), (), (), (), 0.0)

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows as asked, exactly as likely as the model says. SampleError when no value of a column is allowed."""
        known, weights, inner = {}, {}, []
        for at, name in enumerate(self.names):
            share = self.shares[at]
            if evidence.temperature != 1.0:
                share = share ** (1.0 / evidence.temperature)
            if name in evidence.allowed:
                share = share * evidence.allowed[name]
                if not share.any():
                    raise SampleError(
                        f"No value of column {name!r} is allowed.", "Ask for values that the model has learnt."
                    )
            if name in evidence.allowed or evidence.temperature != 1.0:
                weights[at] = np.bincount(self.groups[at], share, minlength=self.field.sizes[at])
            if name in evidence.known:
                codes = evidence.known[name]
                known[at] = np.where(codes >= 0, self.groups[at][codes], -1)
            inner.append(share)
        field = self.field
        if evidence.temperature != 1.0:
            raised = tuple(table ** (1.0 / evidence.temperature) for table in field.factors)
            field = Field(field.sizes, field.tree, raised)
        groups = field.draw(evidence.rows, known, rng, weights)
        drawn = {}
        for at, name in enumerate(self.names):
            drawn[name] = _within(self.groups[at], inner[at], groups[:, at], field.sizes[at], rng)
            if name in evidence.known:
                codes = evidence.known[name]
                drawn[name] = np.where(codes >= 0, codes, drawn[name]).astype(np.int32)
        return drawn

    def free(self, rows: int, temperature: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows without conditions."""
        return self.draw(Evidence(rows, temperature=temperature), rng)

    def arrays(self) -> dict[str, np.ndarray]:
        found = {f"table{at}": table for at, table in enumerate(self.field.factors)}
        for name, groups, shares in zip(self.names, self.groups, self.shares, strict=True):
            found |= {f"{name}\x1fgroups": groups, f"{name}\x1fshares": shares}
        return found

    @cached_property
    def _columns(self) -> dict[str, dict[str, Any]]:
        return {name: {"groups": size} for name, size in zip(self.names, self.field.sizes, strict=True)}

    def facts(self) -> dict[str, Any]:
        tree = self.field.tree
        return {
            "method": METHODS[self.settings.method],
            "source": "McKenna et al. 2021 (MST), 2022 (AIM), 2019 (Private-PGM)",
            "marginals": [dict(each) for each in self.marginals],
            "misfit": round(self.loss, 4),
            "cells": sum(table.size for table in self.field.factors),
            "tree": {
                "cliques": [list(each) for each in tree.cliques],
                "parents": list(tree.parents),
                "separators": [list(each) for each in tree.separators],
            },
            "columns": self._columns,
        }

    @staticmethod
    def of(
        settings: Marginals, codes: Codes, arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]
    ) -> MarginalsJoint:
        """Back from what `arrays` and `facts` gave."""
        told, names = facts["tree"], tuple(facts["columns"])
        cliques, separators = (tuple(tuple(each) for each in told[key]) for key in ("cliques", "separators"))
        tree = Tree(cliques, tuple(told["parents"]), separators)
        sizes = tuple(facts["columns"][name]["groups"] for name in names)
        field = Field(sizes, tree, tuple(arrays[f"table{at}"] for at in range(len(cliques))))
        groups, shares = (tuple(arrays[f"{name}\x1f{key}"] for name in names) for key in ("groups", "shares"))
        return MarginalsJoint(settings, names, field, groups, shares, tuple(facts["marginals"]), facts["misfit"])

    @staticmethod
    def load(folder: Path) -> CodedModel:
        return load_coded(folder, Marginals, MarginalsJoint.of)


def _within(
    group_of: np.ndarray, shares: np.ndarray, groups: np.ndarray, size: int, rng: np.random.Generator
) -> np.ndarray:
    """(rows,) a code in each group, drawn by its share."""
    order = np.argsort(group_of, kind="stable")
    width = np.bincount(group_of, minlength=size)
    starts = np.cumsum(width) - width
    table = np.zeros((size, max(int(width.max(initial=1)), 1)))
    table[group_of[order], np.arange(len(order)) - starts[group_of[order]]] = shares[order]
    place = chosen(table, groups.astype(np.int64), rng)
    result: np.ndarray = order[starts[groups] + place].astype(np.int32)
    return result
