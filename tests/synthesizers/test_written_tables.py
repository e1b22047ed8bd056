"""Free text in related tables and in events: written to its row, told again where it is a stock phrase, kept if given."""

import json
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.check import check
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, Constraint, ForeignKey, TableSchema
from trasunto.errors import FitError, ModelError, SampleError, UnknownNameError
from trasunto.synthesizers.model import load_model
from trasunto.synthesizers.relational import Relational
from trasunto.synthesizers.sequences import Sequences
from trasunto.synthesizers.written_about import fit_about, told_of
from trasunto.synthesizers.written_marks import WRITTEN, fit_marks

ROWS = {"orders": 2}
WHAT = {
    "billing": ["the invoice", "this charge", "my payment", "a refund", "that bill", "the price"],
    "network": ["the router", "my signal", "this cable", "the modem", "our line", "that antenna"],
}
WRONG = {
    "billing": ["was charged twice", "looks far too high", "never arrived", "has the wrong date", "is not mine"],
    "network": ["drops every evening", "blinks in red", "is very slow", "went down again", "makes a noise"],
}
HELLO = ["hello there", "good morning", "dear team", "hi", "to whom it may concern", "hey"]
PLEA = ["please help me", "can you look at it", "i need this soon", "what shall i do", "thanks in advance"]
TAKEN = {**WHAT, **WRONG}


def said(kind, rng):
    parts = (rng.choice(HELLO), rng.choice(WHAT[kind]), rng.choice(WRONG[kind]), rng.choice(PLEA))
    return f"{parts[0]}, {parts[1]} {parts[2]} since day {rng.integers(1, 400)}. {parts[3]}"


def told(text):
    """Which kind a text is about by its words; "both" where it speaks of both."""
    found = {kind for kind in WHAT if any(word in text for word in (*WHAT[kind], *WRONG[kind]))}
    return found.pop() if len(found) == 1 else "both" if found else "none"


def desk(customers=150, seed=0):
    """Customers with a story of themselves; tickets of a kind; messages about the ticket's kind, some of them stock
    phrases and some missing."""
    rng = np.random.default_rng(seed)
    home = rng.choice(["York", "Bilbao"], customers)
    story = [f"{rng.choice(HELLO)}, {n} {rng.choice(PLEA)} in {where}" for n, where in enumerate(home)]
    customer = pl.DataFrame({"id": [f"C{n:04d}" for n in range(customers)], "home": home, "story": story})
    of = np.repeat(np.arange(customers), rng.integers(1, 4, customers))
    kind = rng.choice(list(WHAT), len(of))
    ticket = pl.DataFrame({"no": np.arange(len(of)), "by": customer["id"].gather(of), "kind": kind})
    at = np.repeat(np.arange(len(of)), rng.integers(1, 4, len(of)))
    texts = [said(kind[place], rng) for place in at]
    who = rng.choice(["customer", "agent"], len(at))
    texts = [
        None if rng.random() < 0.1 else "Resolved. Thank you." if who[n] == "agent" and rng.random() < 0.6 else text
        for n, text in enumerate(texts)
    ]
    message = pl.DataFrame({"ticket": at, "who": who, "text": pl.Series(texts, dtype=pl.String)})
    tables = {
        "customer": Table(
            TableSchema(
                (Column("id", "id", False), Column("home", "category", False), Column("story", "text", False)), ("id",)
            ),
            customer,
        ),
        "ticket": Table(
            TableSchema(
                (Column("no", "id", False), Column("by", "id", False), Column("kind", "category", False)),
                ("no",),
                (ForeignKey(("by",), "customer", ("id",)),),
            ),
            ticket,
        ),
        "message": Table(
            TableSchema(
                (Column("ticket", "id", False), Column("who", "category", False), Column("text", "text")),
                (),
                (ForeignKey(("ticket",), "ticket", ("no",)),),
                constraints=(Constraint("implies(missing(text), length(who) > 0)"),),
            ),
            message,
        ),
    }
    return Dataset.holding(tables)


def turns(entities=200, seed=0):
    """Conversations: a caller with a note that does not change, and turns about what each turn is about."""
    rng = np.random.default_rng(seed)
    rows = []
    for one in range(entities):
        plan, note = rng.choice(["basic", "gold"]), f"{rng.choice(HELLO)} caller {one} {rng.choice(PLEA)}"
        for place in range(1 + rng.geometric(0.4)):
            kind = rng.choice(list(WHAT))
            rows.append((f"E{one:04d}", place, plan, note, kind, said(kind, rng)))
    frame = pl.DataFrame(rows, schema=["who", "turn", "plan", "note", "kind", "said"], orient="row")
    kinds = ("id", "integer", "category", "text", "category", "text")
    columns = tuple(Column(name, kind, False) for name, kind in zip(frame.columns, kinds, strict=True))
    return Dataset.of(Table(TableSchema(columns, sequence=("who", "turn")), frame), "turns")


@pytest.fixture(scope="module")
def real():
    return desk()


@pytest.fixture(scope="module")
def model(real):
    return Relational(row_settings=ROWS).fit(real, seed=0)


@pytest.fixture(scope="module")
def made(model):
    return model.sample(seed=1)


@pytest.fixture(scope="module")
def events():
    return turns()


@pytest.fixture(scope="module")
def calls(events):
    return Sequences(row_settings=ROWS).fit(events, seed=0)


def messages(dataset):
    ticket = dataset.tables["ticket"].rows.select(pl.col("no").alias("ticket"), "kind")
    return dataset.tables["message"].rows.join(ticket, on="ticket", maintain_order="left")


class TestTables:
    def test_texts_are_about_what_the_row_above_is_about(self, real, model, made):
        assert not check(made)
        rows = messages(made).filter(pl.col("text").is_not_null() & (pl.col("text") != "Resolved. Thank you."))
        agree = [told(text) == kind for text, kind in zip(rows["text"], rows["kind"], strict=True)]
        assert len(rows) > 100 and np.mean(agree) > 0.9
        (of_message,) = model.describe()["texts"]["message"]
        assert of_message["written_to"] == ["ticket.kind"] and of_message["stock_phrases"] == 1

    def test_phrases_and_gaps_come_as_often_and_texts_are_no_copies(self, real, made):
        mine, theirs = (each.tables["message"].rows for each in (made, real))
        assert mine["text"].null_count() / len(mine) == pytest.approx(0.1, abs=0.05)
        phrase = pl.col("text") == "Resolved. Thank you."
        share = theirs.filter(phrase).height / len(theirs)
        assert mine.filter(phrase).height / len(mine) == pytest.approx(share, abs=0.08)
        assert (mine.filter(phrase)["who"] == "agent").mean() > 0.9
        written = mine.filter(~phrase)["text"].drop_nulls()
        assert WRITTEN not in written and written.is_in(theirs["text"].implode()).mean() < 0.2
        assert made.tables["customer"].rows["story"].null_count() == 0

    def test_counts_conditions_and_parts(self, model):
        asked = model.sample({"customer": 20, "message": 50}, seed=2, where={"message": "who == 'agent'"})
        assert len(asked.tables["message"]) == 50 and set(asked.tables["message"].rows["who"]) == {"agent"}
        silent = model.sample(20, seed=2, where={"message": "missing(text)"}).tables["message"].rows
        assert len(silent) and silent["text"].null_count() == len(silent)
        parts = list(model.batches(30, seed=3, size=20))
        assert [len(part.tables["customer"]) for part in parts] == [20, 10]
        assert parts[0].tables["customer"].rows["story"].null_count() == 0

    def test_given_rows_keep_their_texts(self, model, real):
        known = (
            real.tables["customer"]
            .rows.head(12)
            .with_columns(pl.when(pl.col("id") != "C0003").then(pl.col("story")).alias("story"))
        )
        for given in (known, {"customer": known}):
            rows = model.sample(given=given, seed=1).tables["customer"].rows
            assert rows["id"].to_list() == known["id"].to_list()
            assert rows["story"].eq_missing(known["story"]).to_list() == [n != 3 for n in range(12)]
            assert rows["story"][3]
        with pytest.raises(SampleError, match="nothing but texts"):
            model.sample(given={"customer": known.select("story")}, seed=1)

    def test_saved_models_draw_the_same_in_another_process(self, model, tmp_path):
        model.save(tmp_path / "model")
        assert load_model(tmp_path / "model").sample(30, seed=1).digest() == model.sample(30, seed=1).digest()
        code = "import sys, trasunto as tr; print(tr.load(sys.argv[1]).sample(30, seed=1).digest())"
        done = subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "model")], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == model.sample(30, seed=1).digest()
        place = next((tmp_path / "model").glob("written-*")) / "texts.json"
        place.write_text("{}", encoding="utf-8")
        with pytest.raises(ModelError, match="broken"):
            load_model(tmp_path / "model")
        json.dumps(model.describe(), allow_nan=False)

    def test_a_copied_table_keeps_its_texts(self, real):
        shelf = pl.DataFrame({"sku": ["a", "b"], "blurb": ["a fine red lamp of glass", "a table made of old oak"]})
        columns = (Column("sku", "id", False), Column("blurb", "text", False))
        asked = pl.DataFrame({"who": real.tables["customer"].rows["id"], "sku": ["a", "b"] * 75})
        keys = (ForeignKey(("who",), "customer", ("id",)), ForeignKey(("sku",), "shelf", ("sku",)))
        wish = Table(TableSchema((Column("who", "id", False), Column("sku", "id", False)), (), keys), asked)
        tables = {
            "customer": real.tables["customer"],
            "shelf": Table(TableSchema(columns, ("sku",), copied=True), shelf),
            "wish": wish,
        }
        rows = Relational(row_settings=ROWS).fit(Dataset.holding(tables), seed=0).sample(20, seed=1)
        assert rows.tables["shelf"].rows.equals(shelf) and rows.tables["customer"].rows["story"].null_count() == 0

    def test_what_cannot_write_is_told_by_name(self, real):
        with pytest.raises(UnknownNameError, match="markof"):
            Relational(text="markof").fit(real, seed=0)
        with pytest.raises(FitError, match="tree cannot write free text"):
            Relational(text="tree").fit(real, seed=0)


class TestEvents:
    def test_texts_are_about_their_event_and_a_note_stays(self, events, calls):
        rows = calls.sample(150, seed=1).rows
        agree = [told(text) == kind for text, kind in zip(rows["said"], rows["kind"], strict=True)]
        assert np.mean(agree) > 0.9
        notes = rows.group_by("who").agg(pl.col("note").n_unique())
        assert notes["note"].max() == 1 and rows["note"].n_unique() > 100
        assert {tuple(each["texts"]): each["once_an_entity"] for each in calls.describe()["texts"]} == {
            ("note",): True,
            ("said",): False,
        }
        assert rows.columns == events.rows.columns

    def test_a_history_goes_on_and_keeps_what_was_said(self, events, calls):
        begun = events.rows.filter(pl.col("who").is_in(["E0003", "E0001"])).sort("turn", descending=True)
        on = calls.go_on(begun, seed=1, more=2).rows
        assert len(on) == len(begun) + 4 and on["said"].null_count() == 0
        kept = on.filter(pl.col("turn") <= pl.col("turn").max().over("who") - 0).join(begun, on=["who", "turn"])
        assert len(kept) == len(begun) and (kept["said"] == kept["said_right"]).all()
        assert (on.group_by("who").agg(pl.col("note").n_unique())["note"] == 1).all()
        assert on.filter(pl.col("who") == "E0001")["note"][0] == begun.filter(pl.col("who") == "E0001")["note"][0]

    def test_given_and_asked(self, calls):
        notes = [f"a note of number {n}" for n in range(6)]
        rows = calls.sample(6, seed=1, given={"note": notes, "plan": ["gold"] * 6}).rows
        firsts = rows.group_by("who", maintain_order=True).first()
        assert firsts["note"].to_list() == notes and set(rows["plan"]) == {"gold"}
        assert (
            calls.sample(6, seed=1, given={"note": notes}).rows["note"].unique(maintain_order=True).to_list() == notes
        )
        asked = calls.sample(20, seed=1, where="kind == 'network'").rows
        assert np.mean([told(text) == "network" for text in asked["said"]]) > 0.8

    def test_saved_and_by_the_baseline(self, events, calls, tmp_path):
        calls.save(tmp_path / "model")
        assert load_model(tmp_path / "model").sample(20, seed=1).digest() == calls.sample(20, seed=1).digest()
        simple = tr.fit(events, "sequence-bootstrap", seed=0).sample(20, seed=1).rows
        assert simple["said"].null_count() == 0


class TestWhatTextsAreAbout:
    def test_the_telling_column_is_found_and_chance_is_not(self):
        rng = np.random.default_rng(5)
        kind = rng.choice(list(WHAT), 400)
        texts = [said(each, rng) for each in kind]
        chance = {f"c{n}": rng.choice(["x", "y", "z"], 400) for n in range(6)}
        frame = pl.DataFrame({**chance, "kind": kind})
        known = Table(TableSchema(tuple(Column(name, "category") for name in frame.columns)), frame)
        about = fit_about(texts, known, 0)
        assert about.columns == ("kind",) and about.labels == frozenset(WHAT)
        assert fit_about(texts, Table(TableSchema(known.schema.columns[:-1]), frame.drop("kind")), 0).columns == ()

    def test_rare_values_fall_back_to_all_texts(self):
        rng = np.random.default_rng(6)
        kind = np.where(np.arange(300) < 3, "rare", rng.choice(list(WHAT), 300))
        texts = [said("billing" if each == "rare" else each, rng) for each in kind]
        frame = pl.DataFrame({"kind": kind})
        known = Table(TableSchema((Column("kind", "category"),)), frame)
        about = fit_about(texts, known, 0)
        assert about.of(known).to_list()[:3] == [None] * 3 and "rare" not in about.labels

    def test_the_event_before_is_known_where_there_is_a_sequence(self, events):
        known = told_of(events, "turns").rows
        assert "before: kind" in known.columns and "turn" not in known.columns
        firsts = (events.rows["turn"] == 0).to_numpy()
        assert (known["before: kind"].is_null().to_numpy() == firsts).all()

    def test_a_phrase_of_one_owner_is_no_phrase(self, real):
        rows = real.tables["message"].rows
        mine = rows.with_columns(
            pl.when(pl.int_range(pl.len()) < 30).then(pl.lit("call me at 555 0101")).otherwise("text").alias("text")
        )
        one = mine.with_columns(pl.when(pl.int_range(pl.len()) < 30).then(0).otherwise("ticket").alias("ticket"))
        schema = real.tables["message"].schema
        assert "call me at 555 0101" in fit_marks(Table(schema, mine), "message").phrases["text"]
        assert "call me at 555 0101" not in fit_marks(Table(schema, one), "message").phrases["text"]
