import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema
from trasunto.errors import MetricError
from trasunto.metrics.attacks.families import families


def clinic(rows, seed, visits=3):
    """Patients, their visits, and what was found on each visit."""
    rng = np.random.default_rng(seed)
    patients = pl.DataFrame(
        {"patient": [f"{seed}p{i}" for i in range(rows)], "town": rng.choice(["x", "y"], rows).tolist()}
    )
    of = rng.integers(0, rows, visits * rows)
    days = pl.DataFrame(
        {
            "visit": [f"{seed}v{i}" for i in range(len(of))],
            "patient": patients["patient"].gather(of),
            "ward": rng.choice(["a", "b", "c"], len(of)).tolist(),
        }
    )
    seen = rng.integers(0, len(of), len(of))
    found = pl.DataFrame({"visit": days["visit"].gather(seen), "code": rng.choice(list("12345678"), len(of)).tolist()})
    keys = {
        "patients": (("patient",), ()),
        "visits": (("visit",), (ForeignKey(("patient",), "patients", ("patient",)),)),
        "findings": ((), (ForeignKey(("visit",), "visits", ("visit",)),)),
    }
    tables = {}
    for name, frame in (("patients", patients), ("visits", days), ("findings", found)):
        columns = tuple(Column(c, "id" if c in ("patient", "visit") else "category") for c in frame.columns)
        tables[name] = Table(TableSchema(columns, *keys[name]), frame)
    return Dataset(Schema({name: table.schema for name, table in tables.items()}), tables)


def joined(one, other):
    tables = {n: Table(t.schema, pl.concat([t.rows, other.tables[n].rows])) for n, t in one.tables.items()}
    return Dataset(one.schema, tables)


def renamed(data):
    """The same families under other identifiers, rows in another order."""
    tables = {
        name: Table(
            table.schema,
            table.rows.with_columns(pl.col(c.name) + "z" for c in table.schema.columns if c.kind == "id")[::-1],
        )
        for name, table in data.tables.items()
    }
    return Dataset(data.schema, tables)


def by(scores):
    return {(score.metric, score.subject): score for score in scores}


def test_copied_families_are_counted_whatever_their_names_and_order():
    real = clinic(60, 0)
    found = by(families(real, joined(renamed(clinic(20, 3)), renamed(real)), clinic(60, 2)))
    whole = found["privacy.families", "patients"]
    # 60 of 80 patients less those without a visit.
    assert whole.value == pytest.approx(0.75, abs=0.05)
    assert whole.control < 0.2
    assert whole.baseline < 0.2
    assert found["privacy.families", ""].value >= whole.value - 1e-12
    assert found["privacy.near_families", "patients"].value >= whole.value


def test_other_families_are_none():
    found = by(families(clinic(60, 0), clinic(60, 1), clinic(60, 2)))
    whole = found["privacy.families", "patients"]
    assert whole.value < 0.2
    assert whole.interval[0] <= whole.control + 0.1
    assert families(clinic(60, 0), clinic(60, 1), clinic(60, 2)) == tuple(found.values())


def test_one_column_changed_is_a_near_family():
    real = clinic(60, 0)
    other = renamed(real)
    moved = other.tables["patients"]
    rows = moved.rows.with_columns(town=pl.lit("elsewhere"))
    made = Dataset(other.schema, {**other.tables, "patients": Table(moved.schema, rows)})
    found = by(families(real, made))
    assert found["privacy.families", "patients"].value == 0.0
    assert found["privacy.near_families", "patients"].value == 1.0
    assert found["privacy.near_families", "patients"].control is None


def test_a_missing_member_is_another_family():
    real = clinic(60, 0)
    fewer = real.tables["visits"]
    made = Dataset(real.schema, {**real.tables, "visits": Table(fewer.schema, fewer.rows.unique("patient"))})
    assert by(families(real, made))["privacy.families", "patients"].value < 0.5


def test_what_has_no_families(build):
    assert families(build(a=("integer", [1])), build(a=("integer", [1]))) == ()
    with pytest.raises(MetricError, match="tables"):
        families(clinic(10, 0), build(a=("integer", [1])))
