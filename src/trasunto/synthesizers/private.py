"""What a method learns from under differential privacy: rows as codes of a domain that is public or was paid for.

The counterpart of `coded.prepare`, which reads categories, bins, gaps and shapes of identifiers from the rows. Here
nothing is: a row is restated by itself, so that one row more or less in the table is one row more or less in the codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import polars as pl

from trasunto.data.constraints import breaks, rules_of
from trasunto.data.dataset import Dataset, Table, held
from trasunto.data.schema import Column, TableSchema
from trasunto.encoders.codes import Codes, Levels, Steps
from trasunto.encoders.plain import Plain, labels, plan_of
from trasunto.encoders.private_codes import codes_from, ids_from
from trasunto.errors import BudgetError
from trasunto.privacy.budget import Budget, Spending, small_enough
from trasunto.privacy.domain import Domain, bought, declared_domain, of_persons, public_schema
from trasunto.privacy.mechanisms import Noise, noise
from trasunto.synthesizers.coded import Prepared, learnable

NO_CODES: Mapping[str, Levels | Steps] = MappingProxyType({})
# What every private fit takes as public, and what its claim leaves out.
NAMES = "Names, kinds, roles, keys and written formats of the columns are taken as public."
OUTSIDE = "Values outside that are counted as missing, or at random where none may be missing."
RULES = "The rules of the table are taken as public; rows that break one are left out."
MADE_UP = "Identifiers are made up without a look at the real ones."
OPEN = "How long the fit took is not hidden, and scores against real rows are outside the claim."


def prepare_private(
    real: Dataset, method: str, budget: Budget, *, bins: int
) -> tuple[Prepared, Budget, tuple[Spending, ...], tuple[str, ...]]:
    """(what `method` learns from, what is left of the budget for one row as unit, what was spent, assumptions).

    bins: about how many codes a continuous column has. `Prepared.rows` is the public or bought number of rows and may
    be used; the length of the arrays is private. No code is negative: a value outside the domain is coded as missing,
    or at random where none may be missing. Codes are of one row each, so that counts of rows have a sensitivity of 1.

    Raises BudgetError, before anything is learnt, for a domain that was neither declared nor paid for (all columns at
    once), a person column that is not there, a delta of 1 / rows or more; FitError as `coded.prepare` does.
    """
    table = learnable(real, method)
    source = noise()
    table = of_persons(table, budget, source)
    table = Table(public_schema(table.schema), table.rows)
    plan = plan_of(table.schema, {})
    known = _declared(plan)
    unknown = [column for column in plan.schema.columns if column.kind != "id" and column.name not in known]
    rest = budget
    if unknown or budget.rows is None:
        _refuse(unknown, plan, budget)
        share, rest = budget.split(budget.domain_share, 1 - budget.domain_share)
    plain = plan.restate(_lawful(table, plan))
    count = budget.rows
    spending: tuple[Spending, ...] = ()
    if rest is not budget:
        paid, found, spending = bought(unknown, plain.rows, share.one_row(), source, count=budget.rows is None)
        _require_some([c for c in unknown if c.kind == "category"], paid, budget)
        known |= paid
        count = budget.rows or found
    assert count is not None
    small_enough(budget.delta, count)
    codes = _codes(plan, plain, known, bins)
    coded = {
        name: _within(values, codes.columns[name], known[name], source)
        for name, values in codes.encode(_clipped(plain, codes)).items()
    }
    ready = Prepared(real.name, plan, codes, coded, count)
    return ready, rest.one_row(), spending, (*_assumed(table.schema, plan, budget), *source.assumptions)


def prepare_declared(
    table: Table, name: str, source: Noise, *, bins: int, made: Mapping[str, Levels | Steps] = NO_CODES
) -> Prepared:
    """What a method learns from of rows whose columns are all declared, as `prepare_private` has it.

    made: by column, codes to use instead of those that the declared domain gives. `Prepared.rows` is 0: not known.
    """
    schema = public_schema(table.schema)
    plan = plan_of(schema, {})
    known = _declared(plan)
    plain = plan.restate(_lawful(Table(schema, table.rows), plan))
    codes = _codes(plan, plain, known, bins)
    codes = replace(codes, columns={**codes.columns, **{n: each for n, each in made.items() if n in codes.columns}})
    coded = {
        name: _within(values, codes.columns[name], known[name], source)
        for name, values in codes.encode(_clipped(plain, codes)).items()
    }
    return Prepared(name, plan, codes, coded, 0)


def _declared(plan: Plain) -> dict[str, Domain]:
    """The domains that are known beforehand."""
    known = {}
    for column in plan.schema.columns:
        names = plan.joined.get(column.name)
        domain = declared_domain(column) if names is None else _one_hot(column.name, names, plan)
        if column.kind != "id" and domain is not None:
            known[column.name] = domain
    return known


def _one_hot(label: str, names: tuple[str, ...], plan: Plain) -> Domain | None:
    """The combinations of columns of which at most one is on; None for any other rule that joins columns."""
    family = next(rule.family for rule in rules_of(plan.whole) if rule.columns == names)
    if family != "one_hot" or any(plan.whole[name].kind not in ("boolean", "integer") for name in names):
        return None
    on = np.vstack([np.zeros(len(names), dtype=np.int64), np.eye(len(names), dtype=np.int64)])
    frame = pl.DataFrame([pl.Series(name, on[:, at]).cast(held(plan.whole[name])) for at, name in enumerate(names)])
    return Domain(False, tuple(sorted(labels(frame).to_list())))


def _refuse(unknown: list[Column], plan: Plain, budget: Budget) -> None:
    """BudgetError that names all that was not declared, when no share of the budget may buy it."""
    nested = [column.name for column in unknown if column.format.nested]
    if nested:
        raise BudgetError(
            f"Column {nested[0]!r} holds JSON objects, whose fields cannot be declared.", "Flatten or drop it."
        )
    if budget.domain_share:
        return
    lacking = [f"{column.name!r} ({_lack(column, plan)})" for column in unknown]
    if budget.rows is None:
        lacking.append("the number of rows")
    raise BudgetError(
        f"Not declared, so that reading it from the rows would itself give rows away: {', '.join(lacking)}.",
        "Declare it in a schema file (`declared: true` with `categories` or `bounds`; `rows` in the budget where the "
        "number of rows is public), or set domain_share, as 0.1, to buy it with a part of the budget.",
    )


def _require_some(worded: Sequence[Column], paid: Mapping[str, Domain], budget: Budget) -> None:
    """BudgetError when too little was paid for some column: the noise hid all of its values."""
    empty = [column.name for column in worded if not paid[column.name].values]
    if empty:
        raise BudgetError(
            f"{budget.domain_share:g} of epsilon {budget.epsilon:g} was too little to buy what {', '.join(empty)} may "
            "hold: no value came out above the noise. What was spent is spent.",
            "Declare these columns in a schema file, or give more rows, a greater epsilon or a greater domain_share.",
        )


def _lack(column: Column, plan: Plain) -> str:
    if column.name in plan.joined:
        return "combinations that occur"
    return "categories" if column.kind == "category" else "bounds"


def _lawful(table: Table, plan: Plain) -> Table:
    """The rows that keep the rules, each looked at by itself."""
    broken = np.zeros(len(table), dtype=bool)
    for rule in rules_of(plan.whole):
        if rule.family not in ("unique", "along"):
            broken |= breaks(rule, table)
    return table.take(np.flatnonzero(~broken)) if broken.any() else table


def _codes(plan: Plain, plain: Table, known: Mapping[str, Domain], bins: int) -> Codes:
    columns, ids = {}, {}
    for column in plan.schema.columns:
        if column.kind == "id":
            ids[column.name] = ids_from(column, plain.rows[column.name].dtype.is_integer())
        else:
            columns[column.name] = codes_from(column, known[column.name], bins=bins)
    return Codes(plan.schema, columns, ids)


def _clipped(plain: Table, codes: Codes) -> Table:
    """The rows with numbers beyond a bound set to it."""
    rows = plain.rows
    for name, each in codes.columns.items():
        if isinstance(each, Steps):
            ends = pl.Series([each.low[0], each.high[-1]])
            kind = rows[name].dtype
            low, high = ends.cast(pl.Int64).cast(kind) if kind == pl.Datetime("us") else ends.cast(kind)
            rows = rows.with_columns(pl.col(name).clip(low, high))
    return Table(plain.schema, rows)


def _within(coded: np.ndarray, codes: Levels | Steps, domain: Domain, source: Noise) -> np.ndarray:
    """Codes with a place for each value that has none: missing, else drawn at random."""
    lost = coded < 0
    if not lost.any():
        return coded
    found = coded.copy()
    if codes.null:
        found[lost] = codes.size - 1
    else:
        shares = np.asarray(domain.shares) if domain.shares else np.ones(codes.size)
        found[lost] = source.pick(shares, int(lost.sum()))
    return found


def _assumed(schema: TableSchema, plan: Plain, budget: Budget) -> tuple[str, ...]:
    """What is taken as public, and what the claim leaves out."""
    told = [NAMES]
    declared = [column.name for column in schema.columns if column.declared and column.kind != "id"]
    if declared:
        told.append(f"What these columns may hold was declared and is taken as public: {', '.join(declared)}.")
    told.append(OUTSIDE)
    if schema.constraints:
        told.append(RULES)
    if any(column.kind == "id" for column in plan.schema.columns):
        told.append(MADE_UP)
    if budget.rows is not None:
        told.append(f"The number of rows, {budget.rows:,}, is taken as public.")
    if budget.person is not None:
        told.append(
            f"At most {budget.contributions} rows of each person in {budget.person!r}, chosen at random, are learnt "
            "from; rows that name no person are left out."
        )
    told.append(OPEN)
    return tuple(told)
