"""Texts that are copied betray canaries, texts that are not do not, by what is written alone."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import MetricError
from trasunto.pipeline.canaries import audit_canaries
from trasunto.pipeline.canary_texts import audit_texts, craft_texts, echoes
from trasunto.privacy.budget import Budget, Guarantee

SCHEMA = TableSchema((Column("text", "text"), Column("label", "category")))
WORDS = [f"word{place}" for place in range(300)]


def letters(rows=200, seed=0):
    rng = np.random.default_rng(seed)
    share = 1.0 / np.arange(1, 301)
    texts = [" ".join(rng.choice(WORDS, 12, p=share / share.sum())) for _ in range(rows)]
    return Dataset.of(Table(SCHEMA, pl.DataFrame({"text": texts, "label": ["a", "b"] * (rows // 2)})))


@dataclass(frozen=True)
class Drawer:
    kept: Dataset
    guarantee: Guarantee = field(default_factory=lambda: Guarantee(Budget(1.0), "row", "toy"))

    def sample(self, rows, *, seed, **asked):
        places = np.random.default_rng(seed).integers(0, len(self.kept), rows)
        return self.kept.with_table(self.kept.only.take(places))


@dataclass(frozen=True)
class Copier:
    """Writes the real texts again, one word of four another."""

    def fit(self, real, *, seed, budget=None, progress=None):
        rng = np.random.default_rng(seed)
        texts = [
            " ".join(word if rng.random() < 0.75 else str(rng.choice(WORDS)) for word in text.split())
            for text in real.rows["text"]
        ]
        rows = real.rows.with_columns(pl.Series("text", texts))
        return Drawer(real.with_table(Table(real.only.schema, rows)))


@dataclass(frozen=True)
class Stranger:
    """Writes texts of the same kind that it has not read."""

    def fit(self, real, *, seed, budget=None, progress=None):
        return Drawer(letters(400, 1_000 + seed))


def test_a_writer_that_copies_is_caught_by_its_texts_alone():
    found = audit_texts(letters(), Copier(), Budget(1.0), canaries=100, seed=0, rows=1_000)
    assert found.refuted and found.auc > 0.9
    assert set(found.attacks) == {"word pairs", "most alike"}


def test_a_writer_that_has_not_read_them_is_not():
    found = [audit_texts(letters(), Stranger(), Budget(1.0), canaries=60, seed=seed, rows=300) for seed in range(20)]
    # At 95 % one in twenty may be refuted; three are beyond chance (p < 0.08 for a bound that is never tight here).
    assert sum(each.refuted for each in found) <= 1
    assert np.mean([np.mean(list(each.attacks.values())) for each in found]) == pytest.approx(0.5, abs=0.05)


def test_a_table_with_texts_is_audited_by_its_texts():
    one = audit_canaries(letters(), Copier(), Budget(1.0), canaries=40, seed=2, rows=200)
    assert one == audit_texts(letters(), Copier(), Budget(1.0), canaries=40, seed=2, rows=200)


def test_canaries_begin_like_texts_and_end_like_none():
    real = letters()
    made = craft_texts(real.only, "text", 50, np.random.default_rng(0)).rows["text"].to_list()
    begun = {" ".join(text.split()[:6]) for text in real.rows["text"]}
    assert all(" ".join(text.split()[:6]) in begun for text in made)
    assert all(len(text.split()) == 14 for text in made)
    assert len(set(made)) == 50


def test_echoes_are_the_word_pairs_written_out():
    scores = echoes(["a b c", "x y z"], ["a b", "x y", "c z"], ["a b c", "a b"])
    assert scores["most alike"].tolist() == [2.0, 0.0]
    assert scores["word pairs"][0] > 0 > scores["word pairs"][1]


def test_what_cannot_be_audited_is_refused():
    with pytest.raises(MetricError, match="repeats is 3"):
        audit_texts(letters(), Copier(), Budget(1.0), repeats=3)
    short = Dataset.of(Table(SCHEMA, pl.DataFrame({"text": ["hi"] * 30, "label": ["a"] * 30})))
    with pytest.raises(MetricError, match="too few to make canaries"):
        audit_texts(short, Copier())
    with pytest.raises(MetricError, match="nothing to look at"):
        audit_texts(letters(), Copier(), rows=0)
    more = audit_texts(letters(), Copier(), repeats=5, rows=600)
    assert more.auc > 0.95
