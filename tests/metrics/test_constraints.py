"""Rules of the schema, counted in rows that break them on purpose."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Constraint
from trasunto.errors import SchemaError
from trasunto.metrics.constraints import constraints
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison

RULES = ("start <= end", "combination(city, country)", "total == net + tax")


def orders(build, rows: int, bad: int = 0, rules: tuple[str, ...] = RULES, **settings: bool) -> Dataset:
    """Rows of which the first `bad` break every rule."""
    made = build(
        start=("integer", [place % 7 for place in range(rows)]),
        end=("integer", [place % 7 + (-1 if place < bad else 1) for place in range(rows)]),
        city=("category", ["rome" if place % 2 else "bern" for place in range(rows)]),
        country=("category", ["it" if (place % 2 == 1) != (place < bad) else "ch" for place in range(rows)]),
        net=("integer", list(range(rows))),
        tax=("integer", [5] * rows),
        total=("integer", [place + (6 if place < bad else 5) for place in range(rows)]),
    ).only
    schema = replace(made.schema, constraints=tuple(Constraint(rule, **settings) for rule in rules))
    return Dataset.of(Table(schema, made.rows))


def test_rows_that_break_a_rule_are_counted_rule_by_rule(build):
    comparison = Comparison(orders(build, 200), orders(build, 100, 10), orders(build, 80, 4))
    whole, *each = constraints(comparison)
    assert whole.value == pytest.approx(0.1)
    assert whole.goal == 0.0
    assert whole.control == pytest.approx(0.05)
    assert whole.interval is not None
    assert whole.interval[0] < 0.1 < whole.interval[1]
    assert {score.subject for score in each} == set(RULES)
    for score in each:
        assert score.value == pytest.approx(0.1)
        assert score.control == pytest.approx(0.05)
    # Two cities and two countries drawn by themselves miss each other half of the time.
    assert next(s for s in each if s.subject.startswith("comb")).baseline == pytest.approx(0.5, abs=0.15)


def test_rows_that_keep_all_rules_break_none(build):
    whole, *_ = constraints(Comparison(orders(build, 200), orders(build, 100)))
    assert (whole.value, whole.control) == (0.0, 0.0)
    assert whole.baseline is not None
    assert whole.baseline > 0.3


def test_training_rows_are_the_control_without_a_holdout(build):
    whole, *_ = constraints(Comparison(orders(build, 200, 20), orders(build, 100)))
    # Of the three rules the training rows cannot break the combinations, which are their own.
    assert whole.control == pytest.approx(0.1 * 2 / 3)


def test_only_confirmed_rules_count(build):
    assert constraints(Comparison(orders(build, 50, confirmed=False), orders(build, 50, 5))) == ()
    assert constraints(Comparison(orders(build, 50, rules=()), orders(build, 50, 5))) == ()


def test_a_rule_that_cannot_be_read_is_no_silence(build):
    with pytest.raises(SchemaError, match="nowhere"):
        measure(Comparison(orders(build, 50, rules=("nowhere <= end",)), orders(build, 50)))
