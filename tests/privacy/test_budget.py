"""Budgets and guarantees."""

import math

import pytest

from trasunto.errors import BudgetError
from trasunto.privacy.budget import Budget, Guarantee, Spending, guaranteed, refuse


@pytest.mark.parametrize("epsilon", [0, -1, math.inf, math.nan])
def test_an_epsilon_that_cannot_be(epsilon):
    with pytest.raises(BudgetError, match=r"epsilon is .*finite number above 0"):
        Budget(epsilon)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"delta": 1.0}, "delta is 1.0"),
        ({"delta": -0.1}, "delta is -0.1"),
        ({"delta": math.nan}, "delta is nan"),
        ({"delta": 0.001, "rows": 1000}, r"with 1,000 rows it must be below 0.001. Choose 0.0001 or less"),
        ({"contributions": 3}, "no column says whose row it is"),
        ({"contributions": 0, "person": "p"}, "contributions is 0"),
        ({"domain_share": 1.0}, "domain_share is 1.0"),
        ({"rows": 0}, "rows is 0"),
    ],
)
def test_what_cannot_be_is_refused(fields, said):
    with pytest.raises(BudgetError, match=said):
        Budget(1.0, **fields)


def test_parts_add_up_and_keep_the_rest():
    whole = Budget(1.0, 1e-6, person="who", contributions=2, domain_share=0.1, rows=50)
    parts = whole.split(1, 3)
    assert [part.epsilon for part in parts] == [0.25, 0.75]
    assert sum(part.delta for part in parts) == pytest.approx(1e-6)
    assert all((p.person, p.contributions, p.domain_share, p.rows) == ("who", 2, 0.1, 50) for p in parts)
    with pytest.raises(BudgetError, match="Cannot split"):
        whole.split(1, 0)


@pytest.mark.parametrize("rows", [2, 5, 40])
def test_so_many_rows_of_a_person_add_up_to_the_budget(rows):
    whole = Budget(2.0, 1e-6, person="who", contributions=rows)
    one = whole.one_row()
    assert one.epsilon * rows == pytest.approx(2.0)
    # Hybrids: each step from k rows to k - 1 adds delta, stretched by the epsilon of the steps before.
    assert sum(one.delta * math.exp(step * one.epsilon) for step in range(rows)) == pytest.approx(1e-6)
    assert one.unit == "row" and whole.unit == "person (who)"


def test_a_delta_that_leaves_nothing_for_a_row_is_refused():
    with pytest.raises(BudgetError, match="leaves nothing for one row"):
        Budget(700.0, 1e-6, person="who", contributions=1000).one_row()


def test_a_guarantee_is_the_same_after_it_was_written():
    spending = (
        Spending("the number of rows", "Laplace", epsilon=0.1),
        Spending("tables", "Gaussian", rho=0.01, note="x"),
    )
    given = guaranteed(Budget(1.0, 1e-6, person="who", contributions=3, rows=9), "Laplace", spending, ("a", "b"))
    assert Guarantee.from_dict(given.to_dict()) == given
    assert given.to_dict()["neighbours"] == "add or remove all rows of one person (at most 3 of them learnt from)"
    with pytest.raises(BudgetError, match=r"no 'epsilom'.*epsilon"):
        Budget.from_dict({"epsilom": 1})


def test_a_method_without_a_private_version_says_so():
    refuse(None, "tree")
    with pytest.raises(BudgetError, match=r"'tree' has no differentially private version, but epsilon 1.5"):
        refuse(Budget(1.5), "tree")


def test_a_family_as_the_unit():
    asked = Budget(1.0, 1e-6, person="account", family=True, rows=100)
    assert asked.unit == "family (account)"
    assert asked.neighbours == "add or remove one row of account with all rows that hang from it"
    assert Budget.from_dict(asked.to_dict()) == asked
