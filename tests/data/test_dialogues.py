import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trasunto.data.dataset import Dataset
from trasunto.data.dialogues import (
    ROLE_NAMES,
    Turn,
    chatml,
    is_dialogue,
    messages,
    rolled,
    transcript,
    turns_of,
    unrolled,
)
from trasunto.data.infer import infer
from trasunto.data.schema import Schema
from trasunto.errors import DataError, SchemaError

CHAT = (Turn("user", "Hi"), Turn("assistant", "Hello!\nNote: I am a program."), Turn("user", ""))
ALIASES = {name for name, role in ROLE_NAMES.items() if name != role}

words = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40)
lines = st.one_of(
    words,
    st.sampled_from(["user: hi", " assistant: yes", "[Ana]: so", "Note: this", "  Note: that", "", "a\n\nuser:\nb", "http://x"]),
)  # fmt: skip
contents = st.lists(lines, max_size=4).map("\n".join)
names = st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20)
speakers = st.one_of(
    st.sampled_from(["user", "assistant", "system", "Ana", "Dr. House", "agent-2", "the old man of the sea"]),
    names.map(str.strip).filter(lambda n: n and not set("[]") & set(n) and n.casefold() not in ROLE_NAMES),
)  # fmt: skip
dialogues = st.lists(st.builds(Turn, speakers, contents), min_size=1, max_size=5).map(tuple)


def bare(turns):
    return [(turn.role, turn.content.replace("\r\n", "\n").strip()) for turn in turns]


@settings(max_examples=300, deadline=None)
@given(dialogues)
def test_messages_are_read_back(turns):
    assert turns_of(messages(turns)) == turns
    assert is_dialogue(messages(turns))


@settings(max_examples=500, deadline=None)
@given(dialogues)
def test_a_transcript_is_read_back_but_for_white_space_at_the_ends(turns):
    assert bare(turns_of(transcript(turns))) == bare(turns)


@settings(max_examples=300, deadline=None)
@given(dialogues)
def test_chatml_is_read_back_but_for_white_space_at_the_ends(turns):
    read = turns_of(chatml(turns))
    assert [(t.role, t.content) for t in read] == [(t.role, t.content.strip()) for t in turns]


@settings(max_examples=300, deadline=None)
@given(st.one_of(words, contents))
def test_any_text_is_a_dialogue_or_a_clear_error(text):
    try:
        turns = turns_of(text)
    except DataError as error:
        assert error.next_move
    else:
        assert turns


@pytest.mark.parametrize(
    "text",
    [
        '[{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]',
        '[{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]',
        '{"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]}',
        '{"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]}',
        '[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Hello"}]',
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n",
        "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello",
        "user: Hi\nassistant: Hello",
        "User: Hi\r\n\r\nAssistant: Hello\r\n",
        "Usuario: Hi\nAsistente: Hello",
    ],
)
def test_every_form_gives_the_same_turns(text):
    assert turns_of(text) == (Turn("user", "Hi"), Turn("assistant", "Hello"))


def test_only_roles_of_a_chat_begin_a_turn_where_the_first_is_one():
    assert turns_of("user: how?\nassistant: so:\nNote: be careful") == (
        Turn("user", "how?"),
        Turn("assistant", "so:\nNote: be careful"),
    )
    assert [turn.role for turn in turns_of("Ana: hola\nLuis Gil: qué tal\ncontigo")] == ["Ana", "Luis Gil"]


def test_a_transcript_is_plain_where_it_can_be():
    assert transcript(CHAT) == "user: Hi\nassistant: Hello!\nNote: I am a program.\nuser:"
    assert transcript((Turn("user", "x\nuser: y"), Turn("narrator", "z"))) == "user: x\n user: y\n[narrator]: z"
    assert transcript(()) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("just a text", "no dialogue"),
        ("", "no dialogue"),
        ("Note: bring an umbrella", "no dialogue"),
        ("[]", "no dialogue"),
        ('[{"role": "user", "text": "Hi"}, 3]', "Message 2 is no object"),
        ('[{"speaker": "user", "text": "Hi"}]', "Message 1 has the keys"),
        ('[{"role": "", "content": "Hi"}]', "one line of 1 to 60"),
        ('{"a": 1}', "Message 1 has the keys"),
        ("[1, 2", "no dialogue"),
    ],
)
def test_what_is_no_dialogue_is_told(text, said):
    with pytest.raises(DataError, match=said):
        turns_of(text)


def test_a_message_of_tool_calls_alone_has_no_text():
    assert turns_of('[{"role": "assistant", "tool_calls": []}]') == (Turn("assistant", ""),)
    assert turns_of('[{"role": "assistant", "content": null}]') == (Turn("assistant", ""),)


def test_only_some_forms_are_told_without_doubt():
    assert is_dialogue(messages(CHAT)) and is_dialogue(chatml(CHAT))
    assert is_dialogue("user: Hi\nassistant: Hello") and is_dialogue("\n\nHuman: Hi\n\nAssistant: Hello")
    for other in (None, "", "user: Hi", "Ana: Hi\nLuis: Hello", "[1, 2]", '{"a": 1}', "[not json"):
        assert not is_dialogue(other)


LONG = pl.DataFrame(
    {
        "call": ["b", "b", "a", "a", "a"],
        "at": [2, 1, 1, 2, 3],
        "who": ["agent", "client", "client", "agent", "client"],
        "said": ["Good day", "Hello", "Is it open?", None, "Bye"],
        "topic": ["money", "money", "hours", "hours", "hours"],
        "mood": ["good", "bad", "good", "good", "good"],
    }
)


def test_a_row_a_turn_becomes_a_row_a_dialogue():
    table = rolled(infer(LONG), dialogue="call", order="at", role="who", content="said")
    assert table.schema.names == ("call", "topic", "messages")
    assert table.rows["call"].to_list() == ["b", "a"]
    assert table.rows["topic"].to_list() == ["money", "hours"]
    assert turns_of(table.rows["messages"][0]) == (Turn("client", "Hello"), Turn("agent", "Good day"))
    assert turns_of(table.rows["messages"][1])[1] == Turn("agent", "")
    assert table.schema["messages"].format.messages


def test_and_back_again():
    table = unrolled(rolled(infer(LONG), dialogue="call", order="at", role="who", content="said"))
    assert table.schema.names == ("call", "topic", "turn", "role", "content")
    assert table.schema.sequence == ("call", "turn")
    assert table.rows.select("call", "turn", "role", "content").rows()[:2] == [
        ("b", 1, "client", "Hello"),
        ("b", 2, "agent", "Good day"),
    ]
    again = rolled(table, dialogue="call")
    assert again.rows["messages"].to_list() == rolled(
        infer(LONG), dialogue="call", order="at", role="who", content="said"
    ).rows["messages"].to_list()  # fmt: skip


def test_dialogues_without_a_key_are_numbered():
    table = infer(pl.DataFrame({"messages": [messages(CHAT), None, messages(CHAT[:2])]}))
    long = unrolled(table)
    assert long.rows["dialogue"].to_list() == [1, 1, 1, 3, 3]


def test_rolling_tells_what_is_wrong():
    with pytest.raises(SchemaError, match="No column called 'dialogue'"):
        rolled(infer(LONG))
    gap = LONG.with_columns(pl.when(pl.col("at") == 1).then("call").alias("call"))
    with pytest.raises(DataError, match="'call' is missing in 3 rows"):
        rolled(infer(gap), dialogue="call", order="at", role="who", content="said")
    with pytest.raises(DataError, match="Row 2, column 'said': This is no dialogue"):
        unrolled(infer(pl.DataFrame({"said": [messages(CHAT), "what is this"]})), "said")
    with pytest.raises(DataError, match="has a column 'role' already"):
        unrolled(infer(pl.DataFrame({"role": ["a"], "messages": [messages(CHAT)]})))


def test_a_column_of_messages_is_found_as_text_or_as_lists():
    cells = [messages(CHAT), messages(CHAT[:2]), None]
    lists = [json.loads(cell) if cell else None for cell in cells]
    for frame in (pl.DataFrame({"chat": cells}), pl.DataFrame({"chat": lists})):
        table = infer(frame)
        assert table.schema["chat"].kind == "text" and table.schema["chat"].format.messages
        assert [cell and turns_of(cell) for cell in table.rows["chat"]] == [CHAT, CHAT[:2], None]
        kept = Schema.from_dict(Dataset.of(table).schema.to_dict())
        assert kept.only["chat"].format.messages


def test_other_lists_are_texts_that_are_json():
    table = infer(pl.DataFrame({"chat": [[{"a": 1}], [{"a": 2}]]}))
    assert table.rows["chat"].to_list() == ['[{"a": 1}]', '[{"a": 2}]']
    assert not table.schema["chat"].format.messages


def test_every_form_is_held_one_way():
    told = '[{"role": "user", "content": "Hi", "name": "Ana"}]'
    cells = [chatml(CHAT[:2]), transcript(CHAT[:2]), '[{"from": "human", "value": "Hi"}]', told]
    table = infer(pl.DataFrame({"chat": cells}))
    assert table.rows["chat"].to_list() == [messages(CHAT[:2]), messages(CHAT[:2]), messages(CHAT[:1]), told]
    lists = pl.DataFrame({"chat": [[{"content": "Hi", "role": "user"}], None]})
    again = infer(lists, schema=infer(lists).schema)
    assert again.rows["chat"].to_list() == [messages(CHAT[:1]), None]
