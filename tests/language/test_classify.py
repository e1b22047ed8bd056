"""Classifiers: trained, saved, judged; every arm on the same unseen texts."""

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import DataError, FitError, ModelError, TrasuntoError
from trasunto.language.classify import ClassifySettings, load_classifier, score, train_classifier, train_on
from trasunto.language.corpus import Corpus


def reviews(texts, rows=slice(None)):
    frame = pl.DataFrame({"text": [t for t, _ in texts[rows]], "label": [y for _, y in texts[rows]]})
    return Dataset.of(Table(TableSchema((Column("text", "text"), Column("label", "category"))), frame))


@pytest.fixture
def settings(encoder):
    return ClassifySettings(base=str(encoder))


@pytest.mark.parametrize("method", ["frozen", "finetune"])
def test_it_learns_saves_and_answers_the_same_from_disk(texts, encoder, tmp_path, method):
    settings = ClassifySettings(method=method, base=str(encoder), epochs=12, learning_rate=2e-3)
    train, test = reviews(texts, slice(0, None, 2)), reviews(texts, slice(1, None, 2))
    trained = train_on(train, settings=settings, seed=0)
    found = score(trained, test)
    assert found.macro_f1 > 0.9
    trained.save(tmp_path / "lm")
    again = load_classifier(tmp_path / "lm")
    assert again.predict([t for t, _ in texts]) == trained.predict([t for t, _ in texts])
    assert again.describe()["hyperparameters"]["method"] == method
    assert tr.score(str(tmp_path / "lm"), test).macro_f1 == found.macro_f1
    assert not list((tmp_path / "lm").rglob("*.bin")) and not list((tmp_path / "lm").rglob("*.pkl"))


def test_the_same_seed_gives_the_same_model(texts, encoder):
    settings = ClassifySettings(method="finetune", base=str(encoder), epochs=1)
    one, again = (train_on(reviews(texts), settings=settings, seed=4) for _ in range(2))
    sample = [t for t, _ in texts[:20]]
    assert (one.probabilities(sample) == again.probabilities(sample)).all()


def test_rows_of_a_table_are_read_as_text(settings):
    ages = list(range(20, 80)) * 4
    frame = pl.DataFrame({"age": ages, "ill": ["yes" if age > 50 else "no" for age in ages]})
    schema = TableSchema((Column("age", "integer"), Column("ill", "category", role="target")))
    rows = Dataset.of(Table(schema, frame))
    trained = train_on(rows, settings=settings)
    # A random encoder of some thousand parameters; guessing reaches 0.5.
    assert score(trained, rows).macro_f1 > 0.8
    # A tenth of the rows must be read on the scale of all, not on their own.
    old = Dataset.of(Table(schema, frame.filter(frame["age"] > 70)))
    assert trained.texts_of(old).texts[0].startswith(f"age is {old.rows['age'][0]} (")
    assert not any("low" in text for text in trained.texts_of(old).texts)
    with pytest.raises(DataError, match="lacks the columns"):
        score(trained, Dataset.of(Table(TableSchema((schema["ill"],)), frame.select("ill"))))


def test_data_without_the_columns_it_was_trained_on_is_refused(texts, settings):
    trained = train_on(reviews(texts), settings=settings)
    other = Dataset.of(Table(TableSchema((Column("site", "category"),)), pl.DataFrame({"site": ["a", "b"]})))
    with pytest.raises(FitError, match="no label column 'label'"):
        score(trained, other)


@pytest.mark.parametrize(
    ("rows", "label", "error", "words"),
    [
        ({"text": ["a b", "c d"], "label": ["x", "x"]}, "label", FitError, "have the label 'x'"),
        ({"text": [None, "  "], "label": ["x", "y"]}, "label", TrasuntoError, "No row has both"),
        ({"text": ["a b", "c d"], "label": ["x", "y"]}, "lable", FitError, "'label'"),
    ],
)
def test_what_cannot_be_learned_is_refused(settings, rows, label, error, words):
    schema = TableSchema((Column("text", "text"), Column("label", "category")))
    data = Dataset.of(Table(schema, pl.DataFrame(rows, schema={"text": pl.String, "label": pl.String})))
    with pytest.raises(error, match=words):
        train_on(data, label=label, settings=settings)


def test_a_label_seen_once_and_labels_never_seen_are_taken(texts, settings):
    few = Corpus(("one word", "other word", "third"), ("a", "a", "b"))
    trained = train_classifier(few, settings=settings)
    test = Dataset.of(
        Table(
            TableSchema((Column("text", "text"), Column("label", "category"))),
            pl.DataFrame({"text": ["one word", "😀 \u202e", "x"], "label": ["a", "b", "never seen"]}),
        )
    )
    found = score(train_classifier(Corpus(few.texts, few.labels, "text"), settings=settings), test)
    assert "never seen" in found.labels
    assert trained.predict([]) == []


def test_a_base_that_is_not_there_names_what_is(texts):
    with pytest.raises(TrasuntoError, match="minilm-l6"):
        train_on(reviews(texts), settings=ClassifySettings(base="minilm"))
    with pytest.raises(FitError, match="'frozen'"):
        ClassifySettings(method="frozn")


def test_a_broken_folder_is_one_clear_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be read"):
        load_classifier(tmp_path)
    (tmp_path / "model.json").write_text('{"language_model": "classifier", "version": 9}')
    with pytest.raises(ModelError, match="version 1"):
        load_classifier(tmp_path)
