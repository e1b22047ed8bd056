"""Histories and texts of single tables, measured among related ones."""

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, ForeignKey, TableSchema
from trasunto.metrics.related import Related, measure_related
from trasunto.metrics.score import Comparison
from trasunto.metrics.sequences import lengths

NAMES = ("relations.histories", "relations.text", "relations.verbatim_text")


def desk(owners, seed, *, calm=True, words="the invoice was late and we call again about parcel"):
    """Owners with visits that rise by the hour, and a note at each visit."""
    rng = np.random.default_rng(seed)
    of = np.repeat(np.arange(owners), rng.integers(2, 6, owners))
    place = pl.Series(of).to_frame("of").select(pl.int_range(pl.len()).over("of")).to_series()
    level = rng.normal(0, 5, owners)[of] if calm else rng.normal(0, 5, len(of))
    word = words.split()
    note = [f"{' '.join(rng.permutation(word))} {rng.integers(10**6)}" for _ in of]
    visit = pl.DataFrame({"owner": of, "hour": place * 3 + 1, "level": level + rng.normal(0, 1, len(of)), "note": note})
    owner = pl.DataFrame({"id": np.arange(owners), "home": rng.choice(["York", "Bilbao"], owners)})
    columns = (Column("owner", "id", False), Column("hour", "integer", False), Column("level", "number", False))
    key = ForeignKey(("owner",), "owner", ("id",))
    return Dataset.holding(
        {
            "owner": Table(TableSchema((Column("id", "id", False), Column("home", "category", False)), ("id",)), owner),
            "visit": Table(
                TableSchema((*columns, Column("note", "text", False)), (), (key,), sequence=("owner", "hour")), visit
            ),
        }
    )


@pytest.fixture(scope="module")
def real():
    return desk(150, 0)


def heads(real, made, names=NAMES):
    scores = measure_related(Related(real, made, desk(150, 9)), names)
    return {score.metric: score for score in scores if not score.subject}, scores


def test_histories_are_measured_as_those_of_the_table_alone(real):
    made = desk(150, 1)
    found, scores = heads(real, made, ["relations.histories"])
    assert {"sequences.lengths", "sequences.gaps", "sequences.totals", "sequences.discriminative"} <= set(found)
    alone = {n: Dataset.of(each.tables["visit"], "visit") for n, each in (("real", real), ("made", made))}
    (alike,) = lengths(Comparison(alone["real"], alone["made"]))
    assert found["sequences.lengths"].value == pytest.approx(alike.value)
    assert "visit" in {score.subject for score in scores}
    worse, _ = heads(real, desk(150, 2, calm=False), ["relations.histories"])
    metric = "sequences.autocorrelation"
    assert worse[metric].value > found[metric].value + 0.1


def test_texts_are_told_apart_and_copies_found(real):
    good, scores = heads(real, desk(150, 1))
    assert abs(good["relations.text"].value - 0.5) < 0.15 and good["relations.verbatim_text"].value < 0.05
    assert good["relations.text"].control is not None and good["relations.text"].reading
    assert "visit: text words" in {score.subject for score in scores}
    strange, _ = heads(real, desk(150, 3, words="cats and dogs run over green hills in sunny weather today"))
    assert strange["relations.text"].value > 0.9
    visit = real.tables["visit"]
    moved = Table(visit.schema, visit.rows.with_columns(pl.col("level") + 1))
    copied, _ = heads(real, Dataset.holding({**real.tables, "visit": moved}))
    assert copied["relations.verbatim_text"].value > 0.9


def test_what_no_table_holds_gives_no_score(real):
    plain = Dataset.holding({name: each for name, each in real.tables.items() if name == "owner"})
    assert measure_related(Related(plain, plain), NAMES) == ()
