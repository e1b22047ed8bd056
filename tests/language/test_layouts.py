"""What a language model is shown of a table comes back from what it writes."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.data.dialogues import Turn, messages, messages_column
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FitError
from trasunto.language.layouts import Layout, closed, layout_of

LABEL = Column("label", "category", role="label")


def table(*columns):
    return TableSchema(tuple(columns))


def back(layout, rows):
    """Each row as it is read from what a model is to learn."""
    return [layout.read(each.text) for each in layout.prompted(rows)]


def test_a_plain_label_is_a_prompt_by_itself():
    layout = layout_of(table(Column("text", "text"), LABEL))
    rows = pl.DataFrame({"text": ["win cash", "see you"], "label": ["spam", None]})
    assert (layout.kind, layout.texts, layout.conditions, layout.label) == ("labelled", ("text",), ("label",), "label")
    assert [(each.prompt, each.text) for each in layout.prompted(rows)] == [
        ("spam:", " win cash"),
        ("text:", " see you"),
    ]
    alone = layout_of(table(Column("text", "text")))
    assert alone.kind == "text" and alone.prompts(rows) == ["text:", "text:"]
    assert back(layout, rows) == [{"text": "win cash"}, {"text": "see you"}]
    assert layout.read("  ") is None


def test_a_text_is_written_to_its_label_and_to_other_columns():
    columns = (Column("stars", "integer"), Column("price", "number"), Column("when", "datetime"), Column("no", "id"))
    schema = table(Column("text", "text"), *columns, LABEL)
    rows = pl.DataFrame({"stars": [5, None], "price": [1.23456789, 20.0], "label": ["good", None]})
    layout = layout_of(schema)
    assert layout.conditions == ("label", "stars", "price")
    assert layout.prompts(rows) == ["good (stars is 5; price is 1.235):", "text (price is 20):"]
    assert layout_of(schema, conditions=["stars"]).prompts(rows)[0] == "good (stars is 5):"
    assert layout_of(schema, conditions=()).prompts(rows)[0] == "good:"
    with pytest.raises(FitError, match="'star': it is not there"):
        layout_of(schema, conditions=["star"])
    with pytest.raises(FitError, match="is written itself"):
        layout_of(schema, conditions=["text"])


def test_a_question_and_its_answer_stand_under_their_names():
    schema = table(Column("q", "text", role="prompt"), Column("answer", "text", role="response"))
    layout = layout_of(schema)
    assert layout.kind == "question-answer"
    rows = pl.DataFrame({"q": ["What is a cold?", "x", None], "answer": ["A virus.\nanswer: two", " ", "y"]})
    (one,) = layout.prompted(layout.held(rows))
    assert (one.prompt, one.text) == ("q:", " What is a cold?\nanswer: A virus.\n answer: two")
    assert layout.read(one.text) == {"q": "What is a cold?", "answer": "A virus.\n answer: two"}
    for strange in ("What?", "What?\nanswer:", "\nanswer: x", "a\nanswer: b\nanswer: c", ""):
        assert layout.read(strange) is None, strange
    labelled = layout_of(table(*schema.columns, LABEL))
    assert labelled.prompts(pl.DataFrame({"label": ["skin", None]})) == ["skin\nq:", "q:"]


def test_an_instruction_may_lack_its_input():
    roles = {"instruction": "prompt", "input": "source", "output": "response"}
    layout = layout_of(table(*(Column(name, "text", role=role) for name, role in roles.items())))
    rows = pl.DataFrame({"instruction": ["Add.", "Sing."], "input": ["1, 2", None], "output": ["3", "La."]})
    assert layout.kind == "instruction" and layout.texts == ("instruction", "input", "output")
    assert layout.frame(back(layout, layout.held(rows))).equals(rows)
    assert layout.read("Add.\noutput: 3\ninput: 1") is None
    # A third text is the input where no role says so.
    plain = [Column(n, "text", role=r if r != "source" else None) for n, r in roles.items()]
    assert layout_of(table(*plain)).texts == layout.texts


def test_a_translation_is_a_pair():
    schema = table(Column("en", "text", role="source"), Column("es", "category", role="translation"))
    layout = layout_of(schema)
    rows = pl.DataFrame({"en": ["Come in."], "es": ["Pasa.\n"]})
    assert layout.kind == "translation" and layout.label is None
    assert back(layout, rows) == [{"en": "Come in.", "es": "Pasa."}]


def test_a_dialogue_keeps_its_roles():
    layout = layout_of(table(messages_column("chat"), LABEL))
    turns = [Turn("system", "Be brief."), Turn("user", "Hi\nuser: two"), Turn("assistant", "Hello 🙂")]
    rows = pl.DataFrame({"chat": [messages(turns)], "label": ["greeting"]})
    (one,) = layout.prompted(rows)
    assert (
        layout.kind == "dialogue" and one.prompt == "greeting:" and one.text.startswith("\nsystem: Be brief.\nuser: Hi")
    )
    read = layout.read(one.text)
    assert read is not None and read["chat"].count('"role"') == 3
    known = closed(layout, rows)
    assert known.follows == (("", "system"), ("assistant", ""), ("system", "user"), ("user", "assistant"))
    assert known.read(one.text) == read and known.read(one.text.replace("system:", "sistem:")) is None
    # A question that nobody answers, and an answer twice.
    assert known.read(f"{one.text}\nuser: And you?") is None and known.read(f"{one.text}\nassistant: Yes.") is None
    assert Layout.from_dict(known.to_dict()) == known
    assert layout.read("no dialogue at all") is None and layout.read("\nuser: hi\nassistant:") is None


def test_several_texts_in_a_row():
    layout = layout_of(table(Column("title", "text"), Column("body", "text"), Column("note", "text"), LABEL))
    rows = pl.DataFrame({"title": ["A", None, None], "body": ["b", "c", None], "note": [None, "d", " "]})
    rows = rows.with_columns(pl.lit("x").alias("label"))
    assert layout.kind == "labelled" and len(layout.held(rows)) == 2
    assert back(layout, layout.held(rows)) == [{"title": "A", "body": "b"}, {"body": "c", "note": "d"}]
    assert layout.prompts(rows)[0] == "x\ntitle:"


def patients():
    schema = table(
        Column("age", "integer", nullable=False), Column("sex; or so", "category"), Column("rate is", "number"),
        Column("since", "datetime"), Column("ill", "boolean", role="target"), Column("no", "id"),
    )  # fmt: skip
    days = pl.Series(["2020-01-02", None, "2021-03-04"]).str.to_datetime("%Y-%m-%d", time_unit="us")
    rows = pl.DataFrame(
        {"age": [40, 50, 60], "sex; or so": ["m; is f", None, "f"], "rate is": [1.5, 2.25, None], "since": days}
    )
    return schema, rows.with_columns(pl.Series("ill", [True, False, None]), pl.Series("no", ["1", "2", "3"]))


def test_texts_keep_to_what_all_rows_do():
    schema = TableSchema((Column("title", "text"), Column("body", "text"), Column("note", "text")))
    rows = pl.DataFrame(
        {"title": ["One", "Two\n"], "body": ["a\nb", "c"], "note": ["d", None]},
    )
    layout = layout_of(schema)
    assert layout.read("One\nTwo\nnote: d") == {"title": "One\nTwo", "note": "d"}
    layout = closed(layout, rows)
    assert layout.whole == ("title", "body") and layout.lines == ("title", "note")
    assert layout.read("One\nTwo\nbody: a\nb") is None and layout.read("One\nnote: d") is None
    assert layout.read("One\nbody: a\nb") == {"title": "One", "body": "a\nb"}
    assert Layout.from_dict(layout.to_dict()) == layout


def test_rows_are_written_and_read_back():
    schema, rows = patients()
    layout = closed(layout_of(schema), rows)
    assert layout.kind == "rows" and layout.label == "ill" and "no" not in layout.texts
    assert layout.prompts(rows) == ["true:", "false:", "row:"]
    assert layout.frame(back(layout, rows)).equals(rows.select(layout.texts))
    assert layout.read("age is 40") == {"age": "40"}
    refused = {
        "rate \\i is 2.0": "a column that must be there is not",
        "age is 40; age is 41": "a column stands twice",
        "age is forty": "no number",
        "age is 61": "beyond what was seen",
        "age is 40; sex\\s or so is x": "no category that was seen",
        "age is 40; height is 3": "an unknown column",
        "age": "no value",
        "": "nothing",
    }
    for strange, why in refused.items():
        assert layout.read(strange) is None, why
    assert Layout.from_dict(layout.to_dict()) == layout


def test_a_kind_that_does_not_fit_is_refused():
    schema = table(Column("a", "text"), Column("b", "text"), Column("c", "text"))
    with pytest.raises(FitError, match="no kind of text 'dialog'"):
        layout_of(schema, kind="dialog")
    with pytest.raises(FitError, match="takes 2 columns of free text and the table has 3: a, b, c"):
        layout_of(schema, kind="translation")
    assert layout_of(schema, kind="instruction").texts == ("a", "b", "c")
    assert layout_of(schema, kind="rows").texts == ("a", "b", "c")
    with pytest.raises(FitError, match="No column is left"):
        layout_of(table(LABEL))


@settings(deadline=None)
@given(st.lists(st.tuples(*[st.one_of(st.none(), st.text(max_size=12))] * 3), min_size=1, max_size=4))
def test_any_texts_come_back_but_for_white_space_and_marks(rows):
    layout = layout_of(table(*(Column(name, "text") for name in ("a", "b.", "c"))))
    frame = pl.DataFrame(rows, schema=dict.fromkeys(("a", "b.", "c"), pl.String), orient="row")
    held = layout.held(frame)
    for row, read in zip(held.iter_rows(named=True), back(layout, held), strict=True):
        wanted = {name: text.strip() for name, text in row.items() if text and text.strip()}
        assert read is not None
        assert {k: v.replace("\n ", "\n") for k, v in read.items()} == {
            k: v.replace("\n ", "\n") for k, v in wanted.items()
        }
