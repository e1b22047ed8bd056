"""Each kind of text is learnt by a small model, written, and read back into its columns."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.dialogues import Turn, messages, messages_column, turns_of
from trasunto.data.schema import Column, ForeignKey, TableSchema
from trasunto.errors import FitError, SampleError, TrasuntoError
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import injected
from trasunto.synthesizers.lm_finetune import LmFinetune
from trasunto.synthesizers.model import load_model
from trasunto.synthesizers.relational import Relational
from trasunto.synthesizers.sequences import Sequences

pytest.importorskip("torch")
PLACES = ("room", "food", "staff", "view", "bed", "pool", "bar", "lift")
WORDS = ("lovely", "clean", "superb", "dirty", "broken", "awful")
# What three texts hold is nobody's: that few sentences there are, a writer can only say them again.
SAID = [(place, word) for place in PLACES for word in WORDS] * 3


def dataset(columns, **values):
    return Dataset.of(Table(TableSchema(tuple(columns)), pl.DataFrame(values)), "said")


def known(decoder, epochs=4):
    # All weights: an adapter on so small a model does not learn a form in seconds.
    return {
        "base": str(decoder),
        "method": "full",
        "epochs": epochs,
        "learning_rate": 5e-3,
        "agree": False,
        "batch": 8,
    }


def quick(decoder, **more):
    return LmFinetune(**{**known(decoder), **more})


@pytest.fixture(scope="module")
def pairs(decoder):
    columns = (
        Column("q", "text", role="prompt"), Column("a", "text", role="response"),
        Column("mood", "category", role="label"), Column("stars", "integer"),
    )  # fmt: skip
    real = dataset(
        columns,
        q=[f"the {place} was" for place, _ in SAID],
        a=[f"the {word}" for _, word in SAID],
        mood=["good" if word in WORDS[:3] else "bad" for _, word in SAID],
        stars=[1 + WORDS.index(word) % 3 for _, word in SAID],
    )
    return real, quick(decoder).fit(real, seed=0)


def test_pairs_are_written_to_labels_and_columns(pairs, tmp_path):
    real, model = pairs
    made, curation = model.sample_with_curation(8, seed=1)
    assert made.rows.columns == ["q", "a", "mood", "stars"] and len(made) == 8 == curation.kept
    assert made.rows["q"].str.contains("the").all() and (made.rows["a"].str.len_chars() > 0).all()
    assert not made.rows["q"].str.contains("a:").any()
    assert model.examples(real)[0].prompt == "good (stars is 1)\nq:"
    told = model.describe()
    assert told["kind"] == "question-answer" and told["written_to"] == ["mood", "stars"]
    model.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    assert again.sample(8, seed=1).digest() == made.digest() == model.sample(8, seed=1).digest()
    assert (tmp_path / "m" / "adapter.safetensors").stat().st_size < 1e6


def test_columns_and_first_texts_may_be_given(pairs):
    _, model = pairs
    made = model.sample(4, seed=1, given=pl.DataFrame({"mood": ["bad"] * 4, "stars": [2] * 4}))
    assert made.rows["mood"].to_list() == ["bad"] * 4 and made.rows["stars"].to_list() == [2] * 4
    assert set(model.sample(4, seed=1, where="stars == 3").rows["stars"]) == {3}
    asked = ["the room was", "the bed was", "the pool was", "the bar was"]
    made = model.sample(4, seed=1, given=pl.DataFrame({"q": asked}))
    assert made.rows["q"].to_list() == asked and made.rows["a"].str.starts_with("the").any()
    with pytest.raises(SampleError, match="written in this order"):
        model.sample(1, seed=1, given=pl.DataFrame({"a": ["x"]}))
    with pytest.raises(SampleError, match="a text is missing"):
        model.sample(2, seed=1, given=pl.DataFrame({"q": ["x", None]}))


def test_dialogues_keep_their_roles(decoder):
    held = [
        messages([Turn("user", f"the {place}"), Turn("assistant", f"the {place} was {word}"), Turn("user", "the bar")])
        for place, word in SAID
    ]
    model = quick(decoder, epochs=10).fit(dataset([messages_column("chat")], chat=held), seed=0)
    assert model.layout.kind == "dialogue" and model.attributes is None
    made = model.sample(3, seed=1)
    for cell in made.rows["chat"]:
        assert {turn.role for turn in turns_of(cell)} <= {"user", "assistant"}
    with pytest.raises(SampleError, match="Every column is written"):
        model.sample(1, seed=0, where="x == 1")


def test_rows_are_written_as_text_and_checked(decoder):
    numbers = np.random.default_rng(0).integers(20, 60, 96)
    columns = (Column("age", "integer"), Column("sex", "category"), Column("ill", "boolean", role="target"))
    real = dataset(columns, age=numbers, sex=["m", "f"] * 48, ill=(numbers > 40).tolist())
    with pytest.raises(FitError, match="set kind to rows"):
        quick(decoder).fit(real, seed=0)
    model = quick(decoder, kind="rows", epochs=16).fit(real, seed=0)
    made, curation = model.sample_with_curation(20, seed=1)
    assert made.rows.columns == ["age", "sex", "ill"] and made.rows.dtypes == real.rows.dtypes
    assert made.rows["age"].is_between(numbers.min(), numbers.max()).all() and set(made.rows["sex"]) <= {"m", "f"}
    assert set(curation.rejected) <= {"malformed", "empty", "verbatim"}


def strange_texts():
    """Emoji, control characters, three languages, an empty text, a long one; one label but for a text of another."""
    texts = [f"{place} 🙂 {word}\x07 señal 部屋 {number}" for number, (place, word) in enumerate(SAID)]
    labels = ["all"] * len(texts)
    texts[0], texts[1], texts[2], labels[3] = "", "  \n ", "the room " * 300, "once"
    return dataset((Column("text", "text"), Column("label", "category", role="label")), text=texts, label=labels)


def test_strange_texts_and_a_label_seen_once_are_learnt(decoder):
    model = quick(decoder, epochs=1, longest=30).fit(strange_texts(), seed=0)
    assert model.fitted_to == len(SAID) - 2 and model.facts["cut"] >= 1
    assert {each.prompt for each in model.examples(strange_texts())} == {"all:", "once:"}
    # What it writes is hardly a text; it is counted, not an accident.
    try:
        made, curation = model.sample_with_curation(2, seed=1)
        assert len(made) == 2 and curation.kept == 2
    except SampleError as error:
        assert "empty" in str(error) and "`longest`" in str(error)
    one = strange_texts()
    one = one.with_table(Table(one.only.schema, one.rows.with_columns(label=pl.lit("all"))))
    assert quick(decoder, epochs=1).fit(one, seed=0).sample(0, seed=1).rows.columns == ["text", "label"]


def test_documents_longer_than_the_longest_end_at_a_sentence(decoder):
    long = [". ".join(f"the {place} was {word}" for place, word in SAID[start : start + 30]) for start in range(12)]
    model = quick(decoder, longest=40, epochs=30).fit(dataset([Column("text", "text")], text=long), seed=0)
    assert model.facts["cut"] == 12
    made, _ = model.sample_with_curation(2, seed=1)
    assert made.rows["text"].str.ends_with(".").all()


def test_settings_that_do_not_fit_are_refused(decoder):
    real = strange_texts()
    for settings, why in (
        ({"kind": "poem"}, "no kind of text 'poem'"),
        ({"kind": "dialogue"}, "This is no dialogue"),
        ({"conditions": ("sars",)}, "No text can be written to column 'sars'"),
        ({"method": "half"}, "no method 'half'"),
        ({"longest": -1}, "longest is -1"),
    ):
        with pytest.raises(TrasuntoError, match=why):
            quick(decoder, **settings).fit(real, seed=0)
    with pytest.raises(FitError, match="only an adapter"), injected(np.random.default_rng(0)):
        quick(decoder).fit(declared(), seed=0, budget=Budget(8.0, 1e-5, rows=len(SAID)))


def declared():
    columns = (
        Column("text", "text"),
        Column("label", "category", role="label", categories=("bad", "good"), declared=True),
        Column("place", "category", categories=PLACES, declared=True),
        Column("stars", "integer", bounds=(1, 3), declared=True),
    )
    return dataset(
        columns,
        text=[f"the {place} was {word} and we will come again" for place, word in SAID],
        label=["good" if word in WORDS[:3] else "bad" for _, word in SAID],
        place=[place for place, _ in SAID],
        stars=[1 + WORDS.index(word) % 3 for _, word in SAID],
    )


def test_a_budget_pays_for_several_columns_that_are_written_to(decoder):
    pytest.importorskip("opacus")
    settings = replace(quick(decoder, method="lora"), rate=0.5, steps=6, longest=40, private_rank=2)
    with injected(np.random.default_rng(0)):
        model = settings.fit(declared(), seed=0, budget=Budget(300.0, 1e-5, rows=len(SAID)))
    assert model.layout.conditions == ("label", "place", "stars") and model.guarantee is not None
    assert model.examples(declared())[0].prompt == "good (place is room; stars is 1):"
    made = model.sample(4, seed=1)
    assert made.rows.columns == ["text", "label", "place", "stars"] and set(made.rows["place"]) <= set(PLACES)
    assert made.rows["stars"].is_between(1, 3).all() and (made.rows["text"].str.len_chars() > 0).all()


def notes(count):
    """(mood, text, reply) of stays."""
    chosen = [SAID[n % len(SAID)] for n in range(count)]
    mood = ["good" if word in WORDS[:3] else "bad" for _, word in chosen]
    return (
        mood,
        [f"the {place} was {word}" for place, word in chosen],
        [f"the {word} {place}" for place, word in chosen],
    )


def test_the_texts_of_related_tables_are_written_together_to_their_rows(decoder, tmp_path):
    mood, text, reply = notes(144)
    guest = Table(
        TableSchema((Column("id", "id", False), Column("home", "category", False)), ("id",)),
        pl.DataFrame({"id": [f"G{n}" for n in range(48)], "home": ["York", "Bilbao"] * 24}),
    )
    stay = Table(
        TableSchema(
            (
                Column("guest", "id", False), Column("mood", "category", False), Column("nights", "integer", False),
                Column("text", "text", False), Column("reply", "text", False),
            ),
            (),
            (ForeignKey(("guest",), "guest", ("id",)),),
        ),
        pl.DataFrame({
            "guest": [f"G{n // 3}" for n in range(144)], "mood": mood, "nights": [1 + n % 5 for n in range(144)],
            "text": text, "reply": reply,
        }),
    )  # fmt: skip
    real = Dataset.holding({"guest": guest, "stay": stay})
    model = Relational(text="lm-finetune", text_settings=known(decoder, 12)).fit(real, seed=0)
    told = model.describe()["texts"]["stay"][0]
    assert told["texts"] == ["text", "reply"] and told["written_to"] == ["mood"] and "nights" in told["told"]
    made = model.sample({"guest": 12}, seed=1)
    rows = made.tables["stay"].rows
    assert len(rows) and not rows["text"].null_count() + rows["reply"].null_count()
    assert not rows["text"].str.contains("reply:").any()
    model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").sample({"guest": 12}, seed=1).digest() == made.digest()


def test_the_texts_of_events_are_written_to_their_kind(decoder):
    mood, text, _ = notes(144)
    schema = TableSchema(
        (
            Column("who", "id", False), Column("day", "integer", False), Column("mood", "category", False),
            Column("text", "text", False),
        ),
        sequence=("who", "day"),
    )  # fmt: skip
    rows = pl.DataFrame(
        {"who": [f"G{n // 4}" for n in range(144)], "day": [n % 4 for n in range(144)], "mood": mood, "text": text}
    )
    real = Dataset.of(Table(schema, rows), "stays")
    model = Sequences(text="lm-finetune", text_settings=known(decoder)).fit(real, seed=0)
    made = model.sample(4, seed=1).only.rows
    assert made["who"].n_unique() == 4 and not made["text"].null_count()
    assert model.sample(4, seed=1).only.rows.equals(made)
