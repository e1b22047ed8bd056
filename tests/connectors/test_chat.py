"""Texts for chat models: every form out and in, and what cannot be written in one is told."""

import json

import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors.chat import exchanges
from trasunto.data.dialogues import Turn, messages, turns_of
from trasunto.errors import DataError, EmptyDataError, FileError

CHAT = (
    Turn("system", "Be brief."), Turn("user", "Where is it?"), Turn("assistant", "Here.\n\nuser: or there"),
    Turn("user", "Thanks"), Turn("assistant", "¡De nada! 😀"),
)  # fmt: skip
SHORT = (Turn("user", "Hi"), Turn("assistant", "Hello"))


def dialogues(*turns, **columns):
    return tr.read({"messages": [messages(each) for each in turns], **columns})


def pairs():
    return tr.read({"question": ["What is it?", "Who?"], "answer": ["A cat", "Me"], "topic": ["pets", "pets"]})


@pytest.mark.parametrize(
    "address", ["messages:x.jsonl", "messages:x.json", "messages:x.parquet", "messages:x.jsonl.gz", "sharegpt:x.json",
                "sharegpt:x.parquet", "chatml:x.jsonl", "chatml:x.txt", "alpaca:x.json", "alpaca:x.jsonl"],
)  # fmt: skip
def test_dialogues_go_out_and_come_back(tmp_path, address):
    form, _, name = address.partition(":")
    dialogues(CHAT, SHORT, CHAT).write(f"{form}:{tmp_path / name}")
    back = tr.read(f"{form}:{tmp_path / name}")
    assert exchanges(back.only) == [CHAT, SHORT, CHAT]
    column = back.only.schema.of_kind("text")[0]
    assert column.format.messages and [turns_of(cell) for cell in back.rows[column.name]] == [CHAT, SHORT, CHAT]


def test_the_forms_are_those_of_others(tmp_path):
    dataset = dialogues(CHAT, SHORT, topic=["place", "greeting"])
    for form in ("messages", "sharegpt", "alpaca"):
        dataset.write(f"{form}:{tmp_path / form}.jsonl")
    first = {
        form: json.loads((tmp_path / f"{form}.jsonl").read_text().split("\n")[1]) for form in ("messages", "sharegpt")
    }
    assert first["messages"] == {
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}], "topic": "greeting",
    }  # fmt: skip
    assert first["sharegpt"] == {
        "conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}], "topic": "greeting",
    }  # fmt: skip
    alpaca = [json.loads(line) for line in (tmp_path / "alpaca.jsonl").read_text().splitlines()]
    assert alpaca[0] == {
        "instruction": "Thanks", "input": "", "output": "¡De nada! 😀", "system": "Be brief.",
        "history": [["Where is it?", "Here.\n\nuser: or there"]], "topic": "place",
    }  # fmt: skip


def test_a_plain_file_of_messages_is_nested_too(tmp_path):
    dialogues(CHAT, SHORT).write(tmp_path / "x.jsonl")
    assert json.loads((tmp_path / "x.jsonl").read_text().split("\n")[1])["messages"][1]["content"] == "Hello"
    assert exchanges(tr.read(tmp_path / "x.jsonl").only) == [CHAT, SHORT]
    dialogues(CHAT, SHORT).write(tmp_path / "x.parquet")
    assert pl.read_parquet(tmp_path / "x.parquet")["messages"].dtype.inner == pl.Struct({"role": pl.String, "content": pl.String})  # fmt: skip
    dialogues(CHAT, SHORT).write(tmp_path / "x.csv")
    assert exchanges(tr.read(tmp_path / "x.csv").only) == [CHAT, SHORT]


@pytest.mark.parametrize("form", ["messages", "sharegpt", "chatml", "alpaca", "question-answer"])
def test_pairs_go_into_every_form(tmp_path, form):
    pairs().write(f"{form}:{tmp_path / 'x.jsonl'}")
    back = tr.read(f"{form}:{tmp_path / 'x.jsonl'}")
    assert exchanges(back.only)[0] == (Turn("user", "What is it?"), Turn("assistant", "A cat"))
    assert back.rows["topic"].to_list() == ["pets", "pets"]


def test_instructions_keep_their_input(tmp_path):
    path = tmp_path / "x.json"
    records = [
        {"instruction": "Add them.", "input": "1, 2", "output": "3"},
        {"instruction": "Say hi.", "input": "", "output": "Hi"},
    ]
    path.write_text(json.dumps(records))
    dataset = tr.read(path)
    roles = {c.name: (c.kind, c.role) for c in dataset.only.schema.columns}
    assert roles == {
        "instruction": ("text", "prompt"), "input": ("text", "source"), "output": ("text", "response"),
    }  # fmt: skip
    assert exchanges(dataset.only)[0][0] == Turn("user", "Add them.\n\n1, 2")
    dataset.write(f"alpaca:{tmp_path / 'y.json'}")
    assert json.loads((tmp_path / "y.json").read_text()) == records


def test_translations_and_labelled_texts_are_exchanges():
    table = tr.read({"en": ["Good day to you", "Bye"], "es": ["Buenos días", "Adiós"]}).only
    assert [(c.kind, c.role) for c in table.schema.columns] == [("text", "source"), ("text", "translation")]
    assert exchanges(table)[1] == (Turn("user", "Bye"), Turn("assistant", "Adiós"))
    labelled = tr.read({"text": ["a good film all in all", "a very bad film indeed"], "mood": ["good", "bad"]}).only
    assert exchanges(labelled)[1] == (Turn("user", "a very bad film indeed"), Turn("assistant", "bad"))


def test_answers_that_are_classes_are_no_pairs():
    table = tr.read({"question": [f"is it number {n} or not" for n in range(20)], "answer": ["yes", "no"] * 10}).only
    assert table.schema["answer"].role is None and table.schema["answer"].kind == "boolean"
    table = tr.read(
        {"question": [f"which one is it, {n}" for n in range(30)], "answer": ["one", "two", "three"] * 10}
    ).only
    assert table.schema["answer"].role is None and table.schema["answer"].kind == "category"


def test_what_is_no_dialogue_is_refused(tmp_path):
    with pytest.raises(DataError, match="no dialogues, pairs or labelled texts; the columns are a, b"):
        tr.read({"a": [1, 2], "b": [3, 5]}).write(f"messages:{tmp_path / 'x.jsonl'}")
    with pytest.raises(DataError, match="Row 2 does not go question, answer"):
        dialogues(SHORT, SHORT[:1]).write(f"alpaca:{tmp_path / 'x.jsonl'}")
    with pytest.raises(DataError, match="Row 1 is a dialogue of 5 turns"):
        dialogues(CHAT).write(f"question-answer:{tmp_path / 'x.jsonl'}")
    with pytest.raises(FileError, match=r"not '\.csv'"):
        dialogues(CHAT).write(f"messages:{tmp_path / 'x.csv'}")
    with pytest.raises(DataError, match="Row 2 has nothing in column 'answer'"):
        tr.read({"question": ["a", "b", "c"], "answer": ["x", None, "z"]}).write(f"messages:{tmp_path / 'x.jsonl'}")
    assert not list(tmp_path.iterdir())


def test_faults_of_files_are_told_by_line(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"messages": [{"role": "user", "content": "a"}]}\n{"messages": [\n')
    with pytest.raises(FileError, match="line 2, is no JSON"):
        tr.read(path)
    path.write_text('{"a": 1}\n[1, 2]\n')
    with pytest.raises(FileError, match="line 2, is no JSON object"):
        tr.read(path)
    path.write_text("")
    with pytest.raises(EmptyDataError):
        tr.read(f"messages:{path}")
    text = tmp_path / "x.txt"
    text.write_text("hello")
    with pytest.raises(FileError, match="does not begin with"):
        tr.read(f"chatml:{text}")
    with pytest.raises(FileError, match="Did you mean 'messages'"):
        tr.read(f"mesages:{path}")
    with pytest.raises(FileError, match="There is no file"):
        tr.read(f"messages:{tmp_path / 'nothing.jsonl'}")


def test_messages_in_parts_and_of_tools_are_read(tmp_path):
    path = tmp_path / "x.jsonl"
    told = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
    parts = {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {}}]}
    lines = [{"messages": [{"role": "user", "content": "Hi"}, told]}, {"messages": [parts]}]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    dataset = tr.read(path)
    assert exchanges(dataset.only) == [(Turn("user", "Hi"), Turn("assistant", "")), (Turn("user", "Hi"),)]
    dataset.write(tmp_path / "y.jsonl")
    assert "tool_calls" in (tmp_path / "y.jsonl").read_text()


def test_tables_with_a_schema_are_taken_as_it_says(tmp_path):
    dataset = pairs()
    dataset.write(tmp_path / "x.csv")
    again = tr.read(tmp_path / "x.csv", schema=dataset.schema)
    assert again.only.schema == dataset.only.schema
