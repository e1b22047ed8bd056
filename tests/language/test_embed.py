"""An encoder in the place of words, for metrics that ask what texts are about."""

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.language.embed import compare_by, load_embedder
from trasunto.metrics.score import Comparison
from trasunto.metrics.text_mauve import mauve
from trasunto.metrics.text_vectors import vectors_of


def test_metrics_look_through_an_encoder(texts, encoder):
    def part(rows):
        frame = pl.DataFrame({"text": [t for t, _ in texts[rows]]})
        return Dataset.of(Table(TableSchema((Column("text", "text"),)), frame))

    comparison = Comparison(part(slice(0, None, 3)), part(slice(1, None, 3)), part(slice(2, None, 3)))
    compare_by(comparison, str(encoder))
    found = vectors_of(comparison)
    assert found.parts["synthetic"].shape == (len(texts) // 3, load_embedder(encoder).width)
    assert str(encoder) in mauve(comparison)[0].reading
