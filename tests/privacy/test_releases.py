"""What a release under a budget may and may not do: no seeded noise, and broken mechanisms that must be found out."""

import ast
import math
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import trasunto
from trasunto.privacy.accountant import epsilon_of, gaussian_sigma
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import Noise, injected, noise

ROOT = Path(trasunto.__file__).parent
# Files through which noise of a release comes. Others are handed a `Noise`.
RELEASES = sorted({*ROOT.glob("privacy/*.py"), *ROOT.glob("synthesizers/private*.py"), *ROOT.glob("graphical/*.py")})
# Type names and arrays of random state, which draw nothing.
HARMLESS = {"Generator"}
# Runs of a choice, and the chance of each limit of a test to be wrong: some 30 limits are looked at.
FEW, UNSURE = 300, 1e-5


def drawn_from(tree):
    """Uses of random numbers that are no operating system's: (line, what)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            if any(name.split(".")[0] == "random" or name.startswith("numpy.random") for name in names):
                yield node.lineno, "import"
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Attribute)
            and (node.value.attr, getattr(node.value.value, "id", "")) == ("random", "np")
            and node.attr not in HARMLESS
        ):
            yield node.lineno, f"np.random.{node.attr}"


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.name)
def test_no_generator_is_made_where_noise_is_released(path):
    assert list(drawn_from(ast.parse(path.read_text(encoding="utf-8")))) == []


def test_the_scan_finds_what_it_looks_for():
    for text in (
        "import random",
        "from random import gauss",
        "x = np.random.default_rng(0)",
        "import numpy.random as r",
    ):
        assert list(drawn_from(ast.parse(text)))
    assert not list(drawn_from(ast.parse("def f(rng: np.random.Generator) -> None: ...")))


@dataclass(frozen=True)
class Release:
    """A small release of the kind that private synthesizers make: a choice of a table, then tables with noise.

    The faults are those that have been found in published code (Ganev et al. 2025, "The elusive pursuit of reproducing
    PATE-GAN"; Stadler et al. 2022).
    """

    epsilon: float = 1.0
    delta: float = 1e-5
    sensitivity: float = 1.0
    forgotten: int | None = None
    seed: int | None = None
    own_domain: bool = False
    free_choice: bool = False

    def __call__(self, rows, runs):
        """rows: (n, 2) codes of 0 ... 3. Numbers that many releases give out, each (runs,) or fewer: counts of two
        cells of each table and their sum, how many cells there are, which table was chosen."""
        source = noise() if self.seed is None else Noise(np.random.default_rng(self.seed))
        tables = [np.bincount(column, minlength=4) for column in rows.T]
        if self.own_domain:
            tables = [table[: column.max() + 1] for table, column in zip(tables, rows.T, strict=True)]
        sigma = gaussian_sigma(Budget(self.epsilon, self.delta), sensitivity=self.sensitivity, times=3)
        made = []
        for place, table in enumerate(tables):
            every = np.tile(table, (runs, 1))
            if self.seed is not None:
                noisy = np.tile(source.gaussian(table, sigma), (runs, 1))
            else:
                noisy = every if place == self.forgotten else source.gaussian(every, sigma)
            made += [noisy[:, at] if at < len(table) else np.full(runs, -99) for at in (0, 3)]
        cells = np.full(runs, sum(map(len, tables)))
        # The exponential mechanism costs epsilon**2 / 8 of rho, as a table with noise of this sigma does.
        weight, scores = math.sqrt(4 / sigma**2), np.array([float(table.max()) for table in tables])
        if self.free_choice:
            chosen = np.full(FEW, np.argmax(scores))
        else:
            chosen = np.array([source.choose(scores, sensitivity=1.0, epsilon=weight) for _ in range(FEW)])
        return [*made, made[0] + made[2], made[1] + made[3], cells, chosen]


def told_apart(release, runs=6000):
    """A lower bound on epsilon, 99.9 % sure, from how well one threshold tells two neighbours apart.

    One row is there or not. Half of the runs find the threshold, the others count what it gets right.
    """
    base = np.array([[0, 0]] * 20 + [[1, 1]] * 20)
    without, best = release(base, runs), 0.0
    for more in ([[3, 3]], [[2, 0]]):
        for values in zip(without, release(np.vstack([base, more]), runs), strict=True):
            half = len(values[0]) // 2
            for sign in (1, -1):
                first, second = (sign * each[:half] for each in values)
                bar = _best_bar(first, second)
                alarms, hits = (int((sign * each[half:] >= bar).sum()) for each in values)
                power = stats.beta.ppf(UNSURE, hits, half - hits + 1) if hits else 0.0
                false = stats.beta.ppf(1 - UNSURE, alarms + 1, half - alarms) if alarms < half else 1.0
                if power > release.delta:
                    best = max(best, math.log((power - release.delta) / false))
    return best


def _best_bar(without, with_):
    """The threshold at which what is seen with the row is most likelier than without, by runs enough."""
    bars = np.unique(np.concatenate([without, with_]))
    gains = [(with_ >= bar).mean() / ((without >= bar).mean() + 10 / len(without)) for bar in bars]
    return bars[int(np.argmax(gains))]


def test_the_true_release_is_not_told_apart():
    assert told_apart(Release()) <= 1.0


@pytest.mark.parametrize(
    "fault",
    [
        {"forgotten": 1},
        {"sensitivity": 0.2},
        {"seed": 7},
        {"own_domain": True},
        {"free_choice": True},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_a_broken_release_is_found_out(fault):
    assert told_apart(replace(Release(), **fault)) > 1.0


def test_noise_of_too_small_a_scale_is_found_out():
    # The account of what was really drawn, where the test above is too weak to see 0.8 of the noise.
    sigma = gaussian_sigma(Budget(1.0, 1e-5))
    drawn = noise().gaussian(np.zeros(20_000, dtype=np.int64), sigma)
    thinner = noise().gaussian(np.zeros(20_000, dtype=np.int64), 0.8 * sigma)
    # Both limits fail by chance less than once in 10,000 runs: the standard error of a deviation is 0.5 %.
    assert 0.98 < drawn.std() / sigma < 1.02
    assert thinner.std() / sigma < 0.82


def test_an_injected_source_gives_no_guarantee():
    with injected(np.random.default_rng(0)):
        assert any("nothing is guaranteed" in sentence for sentence in noise().assumptions)
    assert epsilon_of(0.5, 1e-5) > 1
