import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import MetricError
from trasunto.metrics import sequences, sequences_forecast, sequences_told
from trasunto.metrics.score import Comparison
from trasunto.metrics.sequences_events import sequences_of

METRICS = (
    sequences.lengths,
    sequences.gaps,
    sequences.transitions,
    sequences.autocorrelation,
    sequences.totals,
    sequences_told.discriminative,
    sequences_forecast.forecasting,
)
COLUMNS = (
    Column("who", "id"),
    Column("day", "integer"),
    Column("state", "category"),
    Column("level", "number"),
)


def visits(entities, seed, *, mean=4.0, memory=0.8, sticky=0.8, gap=3.0):
    """Histories: a level that remembers, a state that stays, gaps of some days; in mixed order."""
    rng = np.random.default_rng(seed)
    rows = []
    for entity in range(entities):
        day, level, state = int(rng.integers(0, 100)), rng.normal(), int(rng.integers(0, 3))
        for _ in range(1 + rng.poisson(mean)):
            rows.append((f"{seed}-{entity}", day, "abc"[state], level))
            day += 1 + int(rng.exponential(gap))
            level = memory * level + float(rng.normal()) * (1 - memory**2) ** 0.5
            state = state if rng.random() < sticky else int(rng.integers(0, 3))
    rng.shuffle(rows)
    return table(rows)


def table(rows, sequence=("who", "day")):
    schema = TableSchema(COLUMNS, sequence=sequence)
    frame = pl.DataFrame(rows, schema=["who", "day", "state", "level"], orient="row")
    return Dataset.of(Table(schema, frame.cast({"day": pl.Int64, "level": pl.Float64})), "visits")


@pytest.fixture(scope="module")
def parts():
    return visits(400, 0), visits(400, 1)


def scored(metric, parts, made):
    return metric(Comparison(parts[0], made, parts[1]))


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)
def test_sequences_of_the_same_kind_are_as_good_as_unseen_ones(metric, parts):
    score = scored(metric, parts, visits(400, 2))[0]
    # As near as the control, which is drawn in the same way: standard errors are below 0.02 each.
    assert score.value == pytest.approx(score.control, abs=0.06)
    assert score.interval[0] <= score.value <= score.interval[1]
    assert score.reading.endswith(".")
    # Events dealt out at random are worse than both; the naive forecast is a good one for a state that stays.
    assert metric is sequences_forecast.forecasting or abs(score.goal - score.baseline) > abs(score.goal - score.value)


@pytest.mark.parametrize(
    ("metric", "changed"),
    [
        (sequences.lengths, {"mean": 7.0}),
        (sequences.gaps, {"gap": 8.0}),
        (sequences.transitions, {"sticky": 0.1}),
        (sequences.autocorrelation, {"memory": 0.0}),
        (sequences.totals, {"mean": 7.0}),
        (sequences_told.discriminative, {"sticky": 0.0, "memory": 0.0}),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_what_is_changed_shows(metric, changed, parts):
    like = scored(metric, parts, visits(400, 2))[0]
    other = scored(metric, parts, visits(400, 2, **changed))[0]
    assert other.interval[0] > like.interval[1]


def test_lengths_by_hand():
    real = table([("a", 1, "a", 0.0), ("b", 1, "a", 0.0), ("b", 2, "a", 0.0)])
    made = table([("x", 1, "a", 0.0), ("x", 5, "a", 0.0), ("y", 1, "a", 0.0), ("y", 2, "a", 0.0), ("y", 9, "a", 0.0)])
    # Of the real entities half have one event, of the synthetic ones none.
    assert sequences.lengths(Comparison(real, made))[0].value == 0.5


def test_gaps_by_hand():
    real = table([("a", 0, "a", 0.0), ("a", 2, "a", 0.0), ("b", 0, "a", 0.0), ("b", 4, "a", 0.0)])
    made = table([("x", 10, "a", 0.0), ("x", 12, "a", 0.0)])
    scores = {score.subject: score.value for score in sequences.gaps(Comparison(real, made))}
    assert scores == {"": 0.5, "first event": 1.0, "span": 0.5}


def test_a_transition_by_hand():
    real = table([("a", 1, "a", 0.0), ("a", 2, "b", 0.0)])
    made = table([("x", 1, "b", 0.0), ("x", 2, "a", 0.0)])
    scores = {score.subject: score.value for score in sequences.transitions(Comparison(real, made))}
    # start → a, a → b, b → end against start → b, b → a, a → end: nothing in common.
    assert scores["state"] == 1.0
    assert scores["level"] == 0.0


def test_events_that_do_not_come_again_are_wholly_wrong():
    real = table([("a", 0, "a", 0.0), ("a", 2, "a", 0.0)])
    made = table([("x", 0, "a", 0.0), ("y", 2, "a", 0.0)])
    assert sequences.gaps(Comparison(real, made))[0].value == 1.0


def test_events_are_sorted_by_entity_and_order_whatever_the_order_of_the_rows():
    given = sequences_of(
        Comparison(
            table([("b", 9, "a", 2.0), ("a", 5, "a", 1.0), ("b", 3, "a", 0.5)]),
            table([("a", 1, "a", 0.0)]),
        )
    )
    real = given.parts["real"]
    assert real.when.tolist() == [5.0, 3.0, 9.0]
    assert real.values[:, given.names.index("level")].tolist() == [1.0, 0.5, 2.0]
    assert real.lengths.tolist() == [1, 2]
    assert np.isnan(real.gap[:2]).all()
    assert real.gap[2] == 6.0


def test_forecasting_wants_what_was_learned_from_real_sequences(parts):
    found = {score.subject: score for score in scored(sequences_forecast.forecasting, parts, visits(400, 2))}
    assert set(found) == {"", "gap", "state", "level"}
    # A level that remembers 0.8 of itself explains 0.64 of its variance.
    assert found["level"].value == pytest.approx(0.6, abs=0.12)
    assert found["level"].control == pytest.approx(0.6, abs=0.12)
    # Gaps are drawn alone.
    assert found["gap"].value < 0.05
    loose = {s.subject: s for s in scored(sequences_forecast.forecasting, parts, visits(400, 2, memory=0.0))}
    assert loose["level"].value < 0.1


def test_without_a_sequence_there_is_nothing_to_measure(parts):
    plain = [table(part.rows.rows(), sequence=None) for part in parts]
    for metric in METRICS:
        assert metric(Comparison(plain[0], plain[1])) == ()


def test_times_are_days_and_an_order_of_words_is_an_error(parts):
    def dated(data):
        columns = (COLUMNS[0], Column("day", "datetime"), *COLUMNS[2:])
        start = pl.datetime(2024, 1, 1, time_unit="us")
        rows = data.rows.with_columns((start + pl.duration(days=pl.col("day"))).alias("day"))
        return Dataset.of(Table(TableSchema(columns, sequence=("who", "day")), rows), "visits")

    plain = sequences.gaps(Comparison(parts[0], parts[1]))
    times = sequences.gaps(Comparison(dated(parts[0]), dated(parts[1])))
    assert [score.value for score in plain] == pytest.approx([score.value for score in times], abs=1e-9)
    words = table(parts[0].rows.rows(), sequence=("who", "state"))
    with pytest.raises(MetricError, match=r"order column 'state' of the real data"):
        sequences.lengths(Comparison(words, parts[1]))


def test_too_few_entities_to_be_told_apart(parts):
    few = table(parts[0].rows.filter(pl.col("who").is_in(["0-1", "0-2"])).rows())
    with pytest.raises(MetricError, match=r"needs 10 entities a side and has 2"):
        sequences_told.discriminative(Comparison(parts[0], few, parts[1]))


def test_without_a_holdout_there_is_no_control_and_no_forecast(parts):
    comparison = Comparison(parts[0], parts[1])
    assert sequences.totals(comparison)[0].control is None
    assert "rewards copying" in sequences_told.discriminative(comparison)[0].reading
    assert sequences_forecast.forecasting(comparison) == ()


def test_missing_values_and_constant_columns_are_measured():
    rng = np.random.default_rng(0)
    rows = [(f"{n // 3}", n % 3, None if rng.random() < 0.5 else "a", None if n % 2 else 1.0) for n in range(180)]
    given = Comparison(table(rows), table(rows[:90]), table(rows[90:]))
    for metric in METRICS:
        for score in metric(given):
            figures = (score.value, score.baseline, *(score.interval or ()))
            assert all(np.isfinite(figure) for figure in figures if figure is not None), score
