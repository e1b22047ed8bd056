import numpy as np
import pytest

from trasunto import registry
from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.errors import MetricError, UnknownNameError
from trasunto.metrics.related import Related, measure_related, table_comparisons
from trasunto.metrics.score import Score


@pytest.fixture(scope="module")
def parts(shop):
    return shop.shops(80, 0), shop.shops(80, 1), shop.shops(80, 2)


@pytest.fixture(scope="module")
def scores(parts):
    return measure_related(Related(*parts))


def test_all_metrics_apply_and_every_headline_is_complete(scores):
    heads = {score.metric: score for score in scores if not score.subject}
    # Told under other names, or of what these tables do not hold.
    others = {"relations.families", "relations.histories", "relations.text", "relations.verbatim_text"}
    assert set(heads) > set(registry.names("relations")) - others
    assert "privacy.families" in heads
    for score in heads.values():
        assert score.reading.endswith(".")
        assert score.control is not None
        assert score.baseline is not None
        assert all(np.isfinite(figure) for figure in (score.value, score.baseline, score.control))
        if score.interval:
            assert score.interval[0] <= score.value <= score.interval[1]
    assert Score.from_dict(scores[0].to_dict()) == scores[0]


def test_the_same_comparison_gives_the_same_scores(parts, scores):
    assert measure_related(Related(*parts)) == scores


def test_rows_and_tables_in_another_order_are_the_same(parts, shop):
    mixed = {
        name: parts[1].tables[name].take(np.random.default_rng(0).permutation(len(parts[1].tables[name])))
        for name in reversed(list(shop.SCHEMA.tables))
    }
    other = Dataset(Schema({name: shop.SCHEMA.tables[name] for name in mixed}), mixed)
    names = ["relations.integrity", "relations.cardinality", "relations.hop1"]
    plain = [score.value for score in measure_related(Related(parts[0], parts[1]), names)]
    assert [score.value for score in measure_related(Related(parts[0], other), names)] == pytest.approx(plain)


def test_names_choose_and_unknown_ones_stop_before_any_work(parts):
    told = []
    chosen = measure_related(Related(*parts), ["relations.cardinality"], lambda *each: told.append(each))
    assert {score.metric for score in chosen} == {"relations.cardinality", "relations.cardinality_counts"}
    assert told == [("measure", 0, 1), ("measure", 1, 1)]
    with pytest.raises(UnknownNameError, match=r"relations\.cardinality"):
        measure_related(Related(*parts), ["relations.shapes", "relations.cardinalty"], lambda *each: told.append(each))
    assert len(told) == 2


def test_shared_and_copied_tables_do_not_count(parts, shop):
    comparisons = table_comparisons(Related(*parts))
    # The regions are the same everywhere: they were copied.
    assert set(comparisons) == {"customer", "order", "item"}
    other = shop.changed(parts[1], "region", wealth=np.zeros(12))
    found = table_comparisons(Related(parts[0], other, parts[2]))
    assert set(found) == {"region", "customer", "order", "item"}
    # Those of the holdout are no unseen ones.
    assert found["region"].holdout is None
    assert found["order"].holdout is not None


def test_other_tables_or_columns_are_refused(parts, shop):
    fewer = Dataset(Schema({"customer": shop.SCHEMA.tables["customer"]}), {"customer": parts[1].tables["customer"]})
    with pytest.raises(MetricError, match="synthetic data has the tables"):
        Related(parts[0], fewer)
    table = parts[2].tables["item"]
    other = type(table)(
        type(table.schema)((*table.schema.columns[:1], type(table.schema.columns[1])("cost", "number"))),
        table.rows.rename({"price": "cost"}),
    )
    with pytest.raises(MetricError, match=r"'item' of the holdout data .* missing \['price'\], extra \['cost'\]"):
        Related(parts[0], parts[1], Dataset(parts[2].schema, {**parts[2].tables, "item": other}))
    void = Dataset(shop.SCHEMA, {name: each.take([]) for name, each in parts[0].tables.items()})
    with pytest.raises(MetricError, match="has no rows"):
        Related(void, parts[1])


def test_a_table_without_rows_is_left_out_and_the_rest_measured(parts, shop):
    void = Dataset(shop.SCHEMA, {**parts[1].tables, "item": parts[1].tables["item"].take([])})
    wanted = ["relations.cardinality", "relations.shapes", "relations.hop1", "relations.hop2"]
    scores = measure_related(Related(parts[0], void, parts[2]), wanted)
    values = {(score.metric, score.subject): score.value for score in scores}
    assert values["relations.hop1", "item → order"] == 1.0
    assert values["relations.cardinality", "item.number → order"] == 1.0
