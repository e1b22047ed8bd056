"""A generator learns, writes the same for the same seed, and throws away what it copied."""

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import BudgetError, FitError, ModelError, SampleError, TrasuntoError
from trasunto.language.curate import Sifting, fit_sieve
from trasunto.language.finetune import Adaptation, Prompted, finetune, merged
from trasunto.language.generate import Sampling, Writer
from trasunto.language.offline import find, models
from trasunto.language.pretrained import load_decoder
from trasunto.networks.loop import Loop
from trasunto.privacy.budget import Budget
from trasunto.synthesizers.model import load_model


def reviews(texts):
    schema = TableSchema(
        (Column("text", "text"), Column("label", "category", role="label"), Column("stars", "integer"))
    )
    rows = {
        "text": [t for t, _ in texts],
        "label": [y for _, y in texts],
        "stars": [5 if y == "good" else 1 for _, y in texts],
    }
    return Dataset.of(Table(schema, pl.DataFrame(rows)), "reviews")


@pytest.fixture
def quick(decoder):
    return {"base": str(decoder), "epochs": 3, "learning_rate": 1e-2, "rank": 8, "agree": False, "longest": 60}


def test_training_lowers_the_loss_and_the_same_seed_gives_the_same_adapter(texts, decoder):
    examples = [Prompted(f"{label}:", f" {text}") for text, label in texts]
    settings = Adaptation(rank=8, longest=40, loop=Loop(epochs=3, learning_rate=1e-2))
    adapter, facts = finetune(examples, base=decoder, settings=settings, seed=1)
    again, _ = finetune(examples, base=decoder, settings=settings, seed=1)
    curve = facts["curves"]["training loss"]
    assert sum(curve[-5:]) < 0.9 * sum(curve[:5])
    assert all((adapter.tensors[name] == again.tensors[name]).all() for name in adapter.tensors)
    assert 0 < facts["trained_parameters"] < facts["parameters"]


@pytest.mark.parametrize("engine", ["ctranslate2", "torch"])
def test_the_same_seed_writes_the_same_texts(texts, decoder, monkeypatch, engine):
    if engine == "torch":
        monkeypatch.setattr("trasunto.language.generate._has_ctranslate2", lambda: False)
    examples = [Prompted(f"{label}:", f" {text}") for text, label in texts]
    settings = Adaptation(rank=4, longest=40, loop=Loop(epochs=2, learning_rate=1e-2))
    adapter, _ = finetune(examples, base=decoder, settings=settings)
    with Writer(*merged(decoder, adapter)) as writer:
        asked = ["good:", "bad:"] * 10
        one, again, other = (writer.write(asked, Sampling(longest=40), seed=seed) for seed in (3, 3, 4))
    assert one == again != other
    assert any(one)


@pytest.mark.parametrize("engine", ["ctranslate2", "torch"])
def test_a_text_that_does_not_end_is_thrown_away_or_kept_to_its_last_sentence(decoder, monkeypatch, engine):
    if engine == "torch":
        monkeypatch.setattr("trasunto.language.generate._has_ctranslate2", lambda: False)
    whole, asked = "One. Two! And thr", ["good:"] * 4
    with Writer(*load_decoder(decoder)) as writer:
        # What was written in 2 tokens is read as a text of two sentences and a bit.
        monkeypatch.setattr(type(writer.tokenizer), "decode", lambda *args, **more: whole)
        assert writer.write(asked, Sampling(longest=2, cut=True), seed=0) == ["One. Two!"] * 4
        assert writer.write(asked, Sampling(longest=2), seed=0) == [""] * 4
        whole = "no sentence at all"
        assert writer.write(asked, Sampling(longest=2, cut=True), seed=0) == [""] * 4


def test_the_synthesizer_keeps_columns_labels_and_its_rows_after_saving(texts, quick, tmp_path):
    real = reviews(texts)
    model = tr.fit(real, "lm-finetune", seed=0, settings=quick)
    made, curation = model.sample_with_curation(24, seed=1)
    assert made.rows.columns == ["text", "label", "stars"]
    assert made.rows["text"].null_count() == 0 and (made.rows["text"].str.len_chars() > 0).all()
    assert set(made.rows["label"]) <= {"good", "bad"}
    assert curation.written >= curation.kept == 24
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").sample(24, seed=1).digest() == made.digest()
    assert model.describe()["fitted_to"] == len(real)
    kept = {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert kept == {".json", ".npz", ".safetensors"}


def test_no_private_text_lies_in_the_saved_model(texts, quick, tmp_path):
    tr.fit(reviews(texts), "lm-finetune", seed=0, settings=quick).save(tmp_path / "model")
    for path in (tmp_path / "model").rglob("*.json"):
        assert "come again number" not in path.read_text(encoding="utf-8")


def test_a_label_that_is_given_is_kept(texts, quick):
    real = reviews(texts)
    model = tr.fit(real, "lm-finetune", seed=0, settings=quick)
    label = TableSchema((real.only.schema["label"],))
    made = model.sample(6, seed=1, given=Dataset.of(Table(label, pl.DataFrame({"label": ["bad"] * 6}))))
    assert made.rows["label"].to_list() == ["bad"] * 6


def test_copies_near_copies_duplicates_and_empty_texts_are_thrown_away(texts):
    private = ["my number is 555 1234 and I live in Gran Via street near the station", "call me back please Ana"]
    sieve = fit_sieve(private, ["", ""], encoder="", agree=False, seed=0)
    sifting = Sifting(sieve)
    written = [
        "hello, my number is 555 1234 and I live in Lugo",
        "Call me back, please, Ana!",
        "my number is 555 1234 and I dwell in Gran Via street near the station",
        "something entirely different about a garden",
        "Something entirely different about a GARDEN!",
        "we talked at length about the roses and the old tree in the large garden behind the house",
        "we talked at length about the roses and the old tree in the large garden behind our house",
        "  ",
    ]
    kept = [text for text, _ in sifting.keep(written, [""] * len(written))]
    assert kept == [written[3], written[5]]
    assert dict(sifting.rejected) | {"disagrees": 0} == {
        "verbatim": 2,
        "near_copy": 1,
        "duplicate": 1,
        "near_duplicate": 1,
        "empty": 1,
        "disagrees": 0,
    }


def test_runs_that_many_share_are_nobodys(texts):
    wish = "I wish you all a very merry Christmas and a happy new year"
    sieve = fit_sieve([wish] * 5, [""] * 5, encoder="", agree=False, seed=0)
    assert sieve.copies(wish) == ""


def test_a_text_with_another_label_than_asked_is_thrown_away(texts, encoder):
    plain = [t for t, _ in texts]
    sieve = fit_sieve(plain, [y for _, y in texts], encoder=str(encoder), agree=True, seed=0)
    sieve.agrees(plain[:1], ["good"])
    wanted = [y for _, y in texts]
    assert sieve.agrees(plain, wanted).mean() > 0.9
    assert sieve.agrees(plain, ["bad" if y == "good" else "good" for y in wanted]).mean() < 0.1


def test_what_cannot_be_learned_is_refused(texts, quick):
    table = Dataset.of(Table(TableSchema((Column("n", "integer"),)), pl.DataFrame({"n": [1, 2]})))
    with pytest.raises(FitError, match="finds 0: none"):
        tr.fit(table, "lm-finetune", settings=quick)
    empty = reviews([("", "good")] * 20)
    with pytest.raises(FitError, match="holds 0 texts"):
        tr.fit(empty, "lm-finetune", settings=quick)
    with pytest.raises(BudgetError):
        tr.fit(reviews(texts), "lm-finetune", settings=quick, budget=Budget(1.0))
    with pytest.raises(SampleError, match="-1"):
        tr.fit(reviews(texts), "lm-finetune", settings={**quick, "epochs": 1}).sample(-1, seed=0)
    with pytest.raises(FitError, match="above 0"):
        tr.fit(reviews(texts), "lm-finetune", settings={**quick, "temperatures": [0.0]})


def test_models_are_found_by_name_or_folder_and_never_fetched(decoder, tmp_path):
    assert find(decoder) == decoder
    with pytest.raises(TrasuntoError, match="smollm2-135m"):
        find("smollm2")
    with pytest.raises(ModelError, match=r"no config\.json"):
        find(tmp_path)
    assert {model.name for model in models()} == {"smollm2-135m", "minilm-l6"}


@pytest.mark.slow
def test_the_real_model_writes_readable_messages(tmp_path):
    """SmolLM2 on 120 real messages for 15 seconds: it writes, keeps the labels, and copies nobody."""
    real = tr.read("packaged:sms").with_role("label", "label")
    train, holdout = real.split(holdout=0.9, seed=0, stratify="label")
    few = train.with_table(train.only.take(range(120)))
    model = tr.fit(few, "lm-finetune", seed=0, settings={"max_seconds": 15.0})
    made = model.sample(16, seed=1)
    assert len(made) == 16
    report = tr.evaluate(few, made, holdout=holdout, metrics=["privacy.verbatim_text"])
    assert report.score("privacy.verbatim_text").value == 0.0
