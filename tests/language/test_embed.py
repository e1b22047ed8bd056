"""An encoder in the place of words, for metrics that ask what texts are about."""

from types import SimpleNamespace

import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import UnknownNameError
from trasunto.language.embed import compare_by, load_embedder
from trasunto.metrics.score import Comparison
from trasunto.metrics.text_mauve import mauve
from trasunto.metrics.text_vectors import vectors_of
from trasunto.pipeline import steps
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.texts import check_texts
from trasunto.progress import quiet


def part(texts, first):
    frame = pl.DataFrame({"text": [t for t, _ in texts[first::3]]})
    return Dataset.of(Table(TableSchema((Column("text", "text"),)), frame))


def test_metrics_look_through_an_encoder(texts, encoder):
    comparison = Comparison(*(part(texts, first) for first in range(3)))
    compare_by(comparison, str(encoder))
    found = vectors_of(comparison)
    assert found.parts["synthetic"].shape == (len(texts) // 3, load_embedder(encoder).width)
    assert str(encoder) in mauve(comparison)[0].reading


def recipe(**more):
    return Recipe.from_dict({"data": {"source": "x.csv"}, "metrics": ["fidelity.mauve"], **more})


def test_a_recipe_names_the_encoder_also_for_repeats(texts, encoder):
    parts = SimpleNamespace(train=part(texts, 0), holdout=part(texts, 2))
    for asked, space in ((recipe(vectors=str(encoder), repeats=2), str(encoder)), (recipe(), "words and letters")):
        comparison = steps.compare(asked, parts, part(texts, 1))
        scores = steps.measured(asked, comparison, quiet)
        assert space in scores[0].reading
    asked = recipe(vectors=str(encoder), repeats=2)
    found = steps.repeated(asked, comparison, scores, lambda seed: part(texts, 1), quiet)
    # Each repeat has the seed after; the recipe of that seed measures the same.
    next_one = asked.model_copy(update={"seed": 1})
    alone = steps.measured(next_one, steps.compare(next_one, parts, part(texts, 1)), quiet)
    assert found[0].values == (scores[0].value, alone[0].value) and str(encoder) in alone[0].reading
    few = Dataset.of(Table(parts.train.only.schema, parts.train.rows.head(5)))
    assert steps.compare(asked, parts, few).synthetic is few


def test_an_encoder_that_is_not_there_is_told_before_any_work():
    with pytest.raises(UnknownNameError, match="minilm-l7"):
        check_texts(recipe(vectors="minilm-l7"))
