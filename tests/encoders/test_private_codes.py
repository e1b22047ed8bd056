"""Codes made from a domain alone."""

import numpy as np
import pytest

from trasunto.data.schema import Column, Format
from trasunto.encoders.codes import Levels
from trasunto.encoders.private_codes import codes_from, ids_from
from trasunto.privacy.domain import Domain


def test_categories_keep_their_order():
    assert codes_from(Column("c", "category"), Domain(True, ("b", "a")), bins=3) == Levels(("b", "a"), True, 0)


def test_few_whole_numbers_get_a_code_each():
    steps = codes_from(Column("n", "integer"), Domain(False, low=-2, high=3), bins=6)
    assert steps.low.tolist() == steps.high.tolist() == [-2, -1, 0, 1, 2, 3] and steps.grid == 1
    tenths = codes_from(Column("n", "number", format=Format(decimals=1)), Domain(True, low=0.1, high=0.7), bins=10)
    assert tenths.low.tolist() == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7] and tenths.size == 8


def test_ends_and_zero_are_codes_of_their_own():
    steps = codes_from(Column("n", "integer"), Domain(False, low=-100, high=900), bins=10)
    atoms = steps.low[steps.low == steps.high]
    assert atoms.tolist() == [-100, 0, 900]
    # Bins lie between them, without their ends: of whole numbers [low, high - 1].
    bins = [(low, high) for low, high in zip(steps.low, steps.high, strict=True) if low < high]
    covered = sorted([n for low, high in bins for n in range(int(low), int(high))] + atoms.astype(int).tolist())
    assert covered == list(range(-100, 901)) and len(bins) == 10
    real = codes_from(Column("n", "number"), Domain(False, low=0.0, high=1.0), bins=4)
    assert real.low.tolist() == [0, 0, 0.25, 0.5, 0.75, 1] and real.high.tolist() == [0, 0.25, 0.5, 0.75, 1, 1]


@pytest.mark.parametrize("bins", [1, 2, 7, 100])
def test_days_fall_on_days(bins):
    day = 86_400e6
    steps = codes_from(
        Column("d", "datetime", format=Format(date_only=True)), Domain(False, low=0, high=999 * day), bins=bins
    )
    assert (steps.low % day == 0).all() and (steps.high % day == 0).all() and steps.low.size <= bins + 4
    assert not (steps.low[1:] == 0).any()


def test_one_value_is_one_code():
    for column, domain in (
        (Column("n", "number"), Domain(False, low=4.5, high=4.5)),
        (Column("n", "integer"), Domain(False, low=4, high=4)),
        (Column("n", "integer"), Domain(False, low=4.2, high=4.7)),
    ):
        steps = codes_from(column, domain, bins=5)
        assert steps.size == 1 and steps.low == steps.high


def test_identifiers_begin_above_declared_bounds():
    rng = np.random.default_rng(0)
    bounded = ids_from(Column("i", "id", bounds=(1, 5000), declared=True), True)
    assert bounded.make(2, rng).to_list() == [5001, 5002]
    assert ids_from(Column("i", "id", bounds=(1, 5000)), True).make(2, rng).to_list() == [1, 2]
    texts = ids_from(Column("i", "id"), False).make(500, rng)
    assert texts.n_unique() == 500 and texts.str.contains(r"^\d{10}$").all()
