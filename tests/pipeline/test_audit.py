import json

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Schema, TableSchema
from trasunto.errors import MetricError, RecipeError
from trasunto.metrics.score import Gate, Score
from trasunto.pipeline.audit import LEVELS, AuditOptions, audit, gates_of, judged, reached


def people(rows, seed):
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, rows)
    frame = {
        "age": age.tolist(),
        "town": rng.choice(["x", "y", "z"], rows).tolist(),
        "height": rng.normal(170, 10, rows).tolist(),
        "weight": rng.normal(70, 10, rows).tolist(),
        "ill": rng.choice(["a", "b", "c", "d"], rows).tolist(),
    }
    return tr.read(frame, name="people")


def planted(real, count, others):
    rows = pl.concat([real.rows.head(count), others.rows.slice(count)])
    return real.with_table(Table(real.only.schema, rows))


@pytest.fixture(scope="module")
def parts():
    return people(600, 0), people(600, 1), people(800, 2)


@pytest.fixture(scope="module")
def clean(parts):
    real, made, unseen = parts
    return audit(real, made, holdout=unseen)


def test_rows_of_one_law_give_nothing_away(clean):
    facts = clean.facts["risks"]
    assert facts["findings"] == []
    assert facts["level"] in ("controlled", "internal")
    assert facts["secrets"] == ["age", "town", "height", "weight", "ill"]
    for name in ("singling_out", "linkability", "inference"):
        assert clean.score(f"privacy.{name}").interval[0] == 0.0
    assert clean.passed


def test_a_leak_stops_a_release(parts):
    real, made, unseen = parts
    report = audit(
        real, planted(real, 300, made), holdout=unseen, secrets=("ill",), keys=("age", "height"),
        options=AuditOptions(level="controlled"),
    )  # fmt: skip
    assert not report.passed
    assert report.facts["risks"]["level"] == "internal"
    failed = {verdict.gate.metric for verdict in report.verdicts if not verdict.passed}
    assert {"privacy.singling_out", "privacy.linkability", "privacy.inference", "privacy.membership_tpr_1"} <= failed
    assert report.facts["risks"]["keys"] == ["age", "height"]
    assert json.loads(json.dumps(report.to_dict()))["passed"] is False


TEXTS = Schema({"letters": TableSchema((Column("text", "text"), Column("label", "category")))})
BOTH = Schema({"letters": TableSchema((*TEXTS.only.columns, Column("age", "integer")))})


@pytest.mark.parametrize("schema", [None, TEXTS, BOTH], ids=["table", "texts", "both"])
@pytest.mark.parametrize("level", LEVELS)
def test_every_limit_holds_at_its_edge_and_not_beyond(level, schema):
    gates = [Gate.parse(text) for text in gates_of(level, schema)]
    for moved in [None, *gates]:
        scores = tuple(
            Score(g.metric, g.limit, 0.0, (g.limit + (0.001 if g is moved else 0.0),) * 2)
            if g.end != "value"
            else Score(g.metric, g.limit + (0.001 if g is moved else 0.0), 0.0)
            for g in gates
        )
        assert all(verdict.passed for verdict in judged(level, scores, schema)) is (moved is None)
        assert (reached(scores, schema) == level) is (moved is None)


def test_no_limit_reads_a_distance_and_what_is_unknown_is_not_kept():
    read = {Gate.parse(text).metric for level in LEVELS.values() for text in level}
    assert not read & {"privacy.nearer_to_train", "privacy.near_copies", "privacy.authenticity"}
    verdicts = judged("open", ())
    assert [verdict.passed for verdict in verdicts] == [False] * len(LEVELS["open"])
    assert verdicts[0].value is None
    assert reached(()) == "internal"
    with pytest.raises(RecipeError, match="'open'"):
        gates_of("opne")


def test_texts_have_limits_of_their_own_and_a_label_adds_none():
    assert not set(gates_of("controlled", TEXTS)) & set(LEVELS["controlled"])
    assert set(gates_of("controlled", BOTH)) > set(gates_of("controlled", TEXTS)) | {
        "upper(privacy.linkability) <= 0.2"
    }
    found = (
        Score("privacy.membership_echoes_tpr_1", 0.01, 0.0, (0.005, 0.02)),
        Score("privacy.verbatim_text", 0.0, 0.0, (0.0, 0.005)),
    )
    # No identifiers in the texts, and no language model: nothing to measure, nothing to keep.
    assert reached(found, TEXTS) == "controlled"
    assert reached((*found, Score("privacy.epsilon", 2.0, 0.0)), TEXTS) == "open"
    assert reached((*found, Score("privacy.replayed_identifiers", 0.1, 0.0)), TEXTS) == "internal"
    assert reached(found, BOTH) == reached(found[:1], TEXTS) == "internal"


def test_texts_that_nobody_read_may_go_to_known_recipients_and_copies_may_not():
    def letters(rows, seed):
        rng = np.random.default_rng(seed)
        words = np.array([f"word{place}" for place in range(300)])
        frame = {"text": [" ".join(rng.choice(words, 12)) for _ in range(rows)], "label": ["a", "b"] * (rows // 2)}
        return Dataset.of(Table(TEXTS.only, pl.DataFrame(frame)), "letters")

    real, unseen = letters(1_000, 0), letters(1_000, 1)
    report = audit(real, letters(600, 2), holdout=unseen, options=AuditOptions(level="controlled"))
    assert report.passed and report.facts["risks"]["level"] == "controlled"
    copied = audit(real, planted(real, 100, letters(600, 2)), holdout=unseen, options=AuditOptions(level="controlled"))
    assert copied.facts["risks"]["level"] == "internal"
    failed = {verdict.gate.metric for verdict in copied.verdicts if not verdict.passed}
    assert failed == {"privacy.verbatim_text", "privacy.membership_echoes_tpr_1"}


def test_without_a_holdout_it_works_and_says_so(parts):
    real, made, _ = parts
    report = audit(real, made, secrets=("ill",))
    assert [finding["key"] for finding in report.facts["risks"]["findings"]] == ["found_no_holdout"]
    assert report.score("privacy.membership") is None
    assert report.score("privacy.inference").control is None
    assert report.facts["risks"]["level"] == "internal"


def test_the_real_file_as_synthetic_is_found_in_whatever_order(parts):
    real, _, unseen = parts
    shuffled = real.with_table(real.only.take(np.random.default_rng(0).permutation(len(real))))
    report = audit(real, shuffled, holdout=unseen, secrets=("ill",))
    assert report.facts["risks"]["findings"] == [{"key": "found_copy"}]
    assert min(report.score(f"privacy.{n}").value for n in ("singling_out", "linkability", "inference")) >= 0.8


def test_what_cannot_be_audited(parts):
    real, made, unseen = parts
    shuffled = real.with_table(real.only.take(np.arange(len(real))[::-1]))
    cases = [
        ((real.with_table(real.only.take(range(5))), made, unseen), {}, "50 rows of real data; there are 5"),
        ((real, made, real), {}, "training data itself"),
        ((real, made, shuffled), {}, "holds the training rows"),
        ((real, made, made), {}, "holds the synthetic rows"),
        ((real, made, unseen), {"secrets": ("il",)}, "No secret column called 'il'"),
        ((real, made, unseen), {"keys": ("agee",)}, "No key column"),
        ((real, Dataset.of(Table(*_without(made, "age"))), unseen), {}, "missing .'age'."),
    ]
    for (one, other, third), more, why in cases:
        with pytest.raises(MetricError, match=why):
            audit(one, other, holdout=third, **more)


def _without(data, name):
    from dataclasses import replace

    schema = data.only.schema
    return replace(schema, columns=tuple(c for c in schema.columns if c.name != name)), data.rows.drop(name)


def test_a_holdout_that_was_learnt_from_is_told(parts):
    real, made, _ = parts
    most = real.with_table(real.only.take(range(500)))
    found = audit(real, made, holdout=most, secrets=("ill",)).facts["risks"]["findings"]
    assert found == [{"key": "found_shared", "share": 1.0}]


def test_a_guarantee_that_attacks_disprove_stops_the_release(parts, monkeypatch):
    from types import SimpleNamespace

    from trasunto.pipeline import audit as audits
    from trasunto.privacy.budget import Budget, Guarantee

    claim = Guarantee(Budget(0.5, 1e-9), "row", "said so")
    monkeypatch.setattr(audits, "load", lambda folder: SimpleNamespace(guarantee=claim))
    real, made, unseen = parts
    options = AuditOptions(level="internal", model="model")
    report = audit(real, planted(real, 200, made), holdout=unseen, secrets=("ill",), options=options)
    assert report.score("privacy.epsilon").value == 0.5
    assert not report.passed
    assert "lower(privacy.membership_tpr_10) <= 0.164872" in {str(verdict.gate) for verdict in report.verdicts}
    fine = audit(real, made, holdout=unseen, secrets=("ill",), options=options)
    assert fine.passed
    assert fine.facts["risks"]["guarantee"] == {"epsilon": 0.5, "delta": 1e-9}


def test_folders_of_related_tables(tmp_path):
    def clinic(seed, rows=60):
        rng = np.random.default_rng(seed)
        of = rng.integers(0, rows, 3 * rows)
        return {
            "patients": pl.DataFrame({"patient_id": np.arange(rows), "town": rng.choice(["x", "y"], rows)}),
            "visits": pl.DataFrame(
                {
                    "visit_id": np.arange(3 * rows) + 1_000,
                    "patient_id": of,
                    "ward": rng.choice(list("abc"), 3 * rows),
                    "code": rng.choice(list("12345678"), 3 * rows),
                }
            ),
        }

    for name, seed in (("real", 0), ("copy", 0), ("other", 1)):
        (tmp_path / name).mkdir()
        for table, frame in clinic(seed).items():
            frame.write_csv(tmp_path / name / f"{table}.csv")
    copied = audit(str(tmp_path / "real"), str(tmp_path / "copy"), holdout=str(tmp_path / "other"))
    assert copied.score("privacy.families").value == 1.0
    assert copied.score("privacy.families").control < 0.2
    with pytest.raises(RecipeError, match="judges attacks on one table; here are 2"):
        audit(str(tmp_path / "real"), str(tmp_path / "copy"), options=AuditOptions(level="open"))
    other = audit(str(tmp_path / "real"), str(tmp_path / "other"))
    assert other.score("privacy.families").value < 0.2


def test_shadow_models_find_whom_a_copying_method_learnt(parts, monkeypatch):
    from trasunto.pipeline import shadow as shadows

    class Copier:
        """Gives back the rows it was fitted to."""

        def fit(self, real, *, seed):
            self.rows = real
            return self

        def sample(self, rows, *, seed):
            picked = np.random.default_rng(seed).integers(0, len(self.rows), rows)
            return self.rows.with_table(self.rows.only.take(picked))

    class Fresh(Copier):
        def fit(self, real, *, seed):
            self.rows = people(700, 99 + seed)
            return self

    real, _, unseen = parts
    from trasunto.metrics.score import Comparison

    monkeypatch.setattr(shadows, "make", lambda name, settings: Copier())
    leaky = shadows.shadow(Comparison(real, real, unseen), "copier", shadows=6)
    assert leaky[0].interval[0] > 0.8
    monkeypatch.setattr(shadows, "make", lambda name, settings: Fresh())
    fine = shadows.shadow(Comparison(real, people(600, 1), unseen), "fresh", shadows=6)
    assert fine[0].interval[0] <= 0.5
    assert shadows.shadow(Comparison(real, people(600, 1)), "fresh") == ()
