"""A server that works, is down, slow, rate-limited, or talks rubbish: retried and counted, or one clear error."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from trasunto.data.dialogues import Turn
from trasunto.errors import EngineError
from trasunto.language.engines.address import engine_of
from trasunto.language.engines.asked import Request, Usage
from trasunto.language.engines.schemas import list_of, object_of
from trasunto.language.engines.serving import Serving

PAIR = object_of(("question", "answer"))


def chat(text, **more):
    choice = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"choices": [choice | more], "usage": {"prompt_tokens": 10, "completion_tokens": 5}}


def asked(count=3, **more):
    return [Request((Turn("user", f"question {number}"),), **more) for number in range(count)]


def engine(server, tmp_path, **settings):
    quick = {"first_wait": 0.01, "timeout": 5.0, "cache": str(tmp_path / "replies.sqlite"), "model": "tiny"}
    return engine_of(server.address, Serving(**{**quick, **settings}))


def test_answers_come_in_order_with_tokens_and_cost_and_the_same_seed_gives_the_same(server, tmp_path):
    found = engine(server, tmp_path, price_in=2.0, price_out=6.0)
    replies = found.complete(asked(20), seed=1)
    assert [reply.text for reply in replies] == [
        f"answer {body['seed'] % 1000}"
        for body in sorted(server.asked, key=lambda b: int(b["messages"][0]["content"].split()[1]))
    ]
    usage = Usage.of(replies, found.prices)
    assert (usage.tokens_in, usage.tokens_out, usage.failed) == (200, 100, 0)
    assert usage.cost == pytest.approx((200 * 2 + 100 * 6) / 1e6)
    other = engine(server, tmp_path, cache="off")
    assert [r.text for r in other.complete(asked(20), seed=1)] == [r.text for r in replies]
    assert [r.text for r in other.complete(asked(20), seed=2)] != [r.text for r in replies]


def test_the_same_question_twice_is_two_answers_and_none_is_paid_for_again(server, tmp_path):
    found = engine(server, tmp_path)
    same = asked(1) * 3
    replies = found.complete(same, seed=1)
    assert len({reply.text for reply in replies}) == 3 and len(server.asked) == 3
    again = found.complete(same, seed=1)
    assert len(server.asked) == 3 and all(reply.cached for reply in again)
    assert [r.text for r in again] == [r.text for r in replies]
    assert Usage.of(again).tokens_in == 0 and Usage.of(again).cached == 3
    assert (tmp_path / "replies.sqlite").stat().st_mode & 0o077 == 0
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"question 0" not in kept and b"answer" in kept


def test_no_more_are_under_way_at_once_than_is_allowed(server, tmp_path):
    def slowly(body, number):
        time.sleep(0.03)
        return 200, {}, chat("well")

    server.answer = slowly
    engine(server, tmp_path, concurrency=3).complete(asked(12), seed=1)
    assert 2 <= server.most_at_once <= 3


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        ((503, {}, b"overloaded"), "fails"),
        ((429, {"retry-after": "0.05"}, {"error": {"message": "slow down"}}), "too often"),
        ((200, {}, b"<html>Bad gateway</html>"), "no JSON"),
        ((200, {}, b"{\"choices\": ["), "no JSON"),
        ((200, {}, b""), "no JSON"),
        ((200, {}, chat("")), "nothing"),
        ((200, {}, {"choices": []}), "another form"),
        ((200, {}, chat(None)), "without words"),
    ],
    ids=["503", "429", "html", "half", "empty body", "empty text", "no choice", "null"],
)  # fmt: skip
def test_what_may_go_better_is_tried_again_and_counted_and_never_kept(server, tmp_path, first, problem):
    server.answer = lambda body, number: first if number == 1 else (200, {}, chat("well"))
    found = engine(server, tmp_path, concurrency=1)
    replies = found.complete(asked(2), seed=1)
    assert [reply.text for reply in replies] == ["well", "well"]
    assert [reply.retries for reply in replies] == [1, 0]
    server.answer = lambda body, number: first
    broken = engine(server, tmp_path, concurrency=1, tries=2)
    with pytest.raises(EngineError, match=rf"(?s)127\.0\.0\.1.*{problem}"):
        broken.complete(asked(1, temperature=0.5), seed=9)
    server.answer = lambda body, number: (200, {}, chat("well"))
    assert [reply.cached for reply in broken.complete(asked(1, temperature=0.5), seed=9)] == [False]


def test_a_pause_that_the_server_orders_is_kept(server, tmp_path):
    times = []

    def limited(body, number):
        times.append(time.monotonic())
        return (429, {"retry-after": "0.4"}, b"") if number == 1 else (200, {}, chat("well"))

    server.answer = limited
    engine(server, tmp_path, concurrency=1).complete(asked(2), seed=1)
    assert times[1] - times[0] >= 0.39


def test_one_bad_request_is_told_and_the_others_are_answered(server, tmp_path):
    def one_is_long(body, number):
        if body["messages"][0]["content"] == "question 1":
            return 400, {}, {"error": {"message": "this prompt is too long"}}
        return 200, {}, chat("well")

    server.answer = one_is_long
    replies = engine(server, tmp_path).complete(asked(3), seed=1)
    assert [bool(reply.error) for reply in replies] == [False, True, False]
    assert "too long" in replies[1].error and len(server.asked) == 3


def test_a_server_that_fails_again_and_again_is_given_up_and_what_was_answered_stays(server, tmp_path):
    server.answer = lambda body, number: (200, {}, chat("well")) if number <= 4 else (500, {}, b"oh")
    found = engine(server, tmp_path, concurrency=1, tries=1)
    with pytest.raises(EngineError, match="8 requests in a row"):
        found.complete(asked(40), seed=1)
    assert len(server.asked) == 12
    server.answer = lambda body, number: (200, {}, chat("well"))
    replies = found.complete(asked(40), seed=1)
    assert sum(reply.cached for reply in replies) == 4


def test_a_server_that_is_down_is_named(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    gone = engine_of(f"http://127.0.0.1:{port}", Serving(model="tiny", tries=2, first_wait=0.01, cache="off"))
    with pytest.raises(EngineError, match=rf"127\.0\.0\.1:{port}/v1 is down.*2 times.*Start it"):
        gone.complete(asked(3), seed=1)


def test_a_slow_server_is_waited_for_no_longer_than_said(server, tmp_path):
    over = threading.Event()
    server.answer = lambda body, number: (over.wait(5), (200, {}, chat("late")))[1]
    start = time.monotonic()
    with pytest.raises(EngineError, match=r"did not answer within 0\.2 s"):
        engine(server, tmp_path, timeout=0.2, tries=2).complete(asked(1), seed=1)
    over.set()
    assert time.monotonic() - start < 4


def test_a_key_comes_from_the_environment_and_is_never_shown(server, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_OF_TEST", "sk-very-secret")
    found = engine(server, tmp_path, key_variable="SECRET_OF_TEST")
    found.complete(asked(1), seed=1)
    assert server.headers[0]["Authorization"] == "Bearer sk-very-secret"
    server.answer = lambda body, number: (401, {}, {"error": {"message": "wrong key sk-very-secret"}})
    with pytest.raises(EngineError, match=r"SECRET_OF_TEST") as told:
        found.complete(asked(1), seed=2)
    assert "sk-very" not in str(told.value) + repr(found)
    monkeypatch.delenv("SECRET_OF_TEST")
    with pytest.raises(EngineError, match="no key, for SECRET_OF_TEST is not set"):
        found.complete(asked(1), seed=2)
    assert not any(b"sk-very" in path.read_bytes() for path in tmp_path.iterdir())


def test_a_model_is_found_where_there_is_one_and_asked_for_where_there_are_several(server, tmp_path):
    engine(server, tmp_path, model="").complete(asked(1), seed=1)
    assert server.asked[0]["model"] == "tiny"
    server.models = ["tiny", "large"]
    with pytest.raises(EngineError, match="tiny, large"):
        engine(server, tmp_path, model="").complete(asked(1), seed=2)
    server.answer = lambda body, number: (404, {}, {"error": "model 'tin' not found"})
    with pytest.raises(EngineError, match=r"'tin'.*404"):
        engine(server, tmp_path, model="tin").complete(asked(1), seed=3)


def test_an_answer_is_held_to_a_schema_by_the_server_or_by_repairs(server, tmp_path):
    good = json.dumps({"question": "Why?", "answer": "So."})
    server.answer = lambda body, number: (200, {}, chat(good))
    reply = engine(server, tmp_path).complete(asked(1, schema=PAIR), seed=1)[0]
    assert json.loads(reply.text) == {"question": "Why?", "answer": "So."}
    assert server.asked[0]["response_format"]["json_schema"]["schema"] == PAIR

    def mended(body, number):
        last = body["messages"][-1]["content"]
        return 200, {}, chat(f"```json\n{good}\n```" if "lacks 'answer'" in last else '{"question": "Why?"}')

    server.answer = mended
    reply = engine(server, tmp_path, structured="plain").complete(asked(1, schema=PAIR), seed=2)[0]
    assert json.loads(reply.text)["answer"] == "So." and reply.retries == 1 and reply.tokens_in == 20
    assert "response_format" not in server.asked[-1] and "JSON Schema" in server.asked[-2]["messages"][0]["content"]

    server.answer = lambda body, number: (200, {}, chat("I would rather not."))
    replies = engine(server, tmp_path).complete(asked(12, schema=PAIR), seed=3)
    assert all(reply.unfit and "no JSON" in reply.error and reply.retries == 2 for reply in replies)


def test_of_a_list_that_is_cut_or_short_what_is_whole_is_taken(server, tmp_path):
    whole = '{"question": "Why?", "answer": "So."}'
    cut = chat(f'{{"items": [{whole}, {whole}, {{"question": "Wh', finish_reason="length")
    server.answer = lambda body, number: (200, {}, cut)
    reply = engine(server, tmp_path).complete(asked(1, schema=list_of(PAIR, 5)), seed=1)[0]
    assert len(json.loads(reply.text)["items"]) == 2 and len(server.asked) == 1
    server.answer = lambda body, number: (200, {}, chat(f'{{"items": [{whole}]}}'))
    reply = engine(server, tmp_path).complete(asked(1, schema=list_of(PAIR, 5)), seed=2)[0]
    assert len(json.loads(reply.text)["items"]) == 1 and len(server.asked) == 2
    server.answer = lambda body, number: (200, {}, chat('{"items": [{"question": "W', finish_reason="length"))
    reply = engine(server, tmp_path).complete(asked(1, schema=list_of(PAIR, 5)), seed=3)[0]
    assert "no answer of the form" in reply.error and not reply.text


def test_what_a_server_does_not_know_is_left_out_from_then_on(server, tmp_path):
    def old(body, number):
        for name in ("response_format", "seed", "max_tokens"):
            if name in body:
                return 400, {}, {"error": {"message": f"Unsupported parameter: '{name}'"}}
        return 200, {}, chat('{"items": [{"question": "Why?", "answer": "So."}]}')

    server.answer = old
    found = engine(server, tmp_path, concurrency=1)
    replies = found.complete(asked(3, schema=list_of(PAIR, 1)), seed=1)
    assert all("Why?" in reply.text for reply in replies)
    assert server.asked[-1]["max_completion_tokens"] == 256 and "seed" not in server.asked[-1]
    assert len(server.asked) == 3 + 3
    strict = engine(server, tmp_path, structured="schema", cache="off")
    with pytest.raises(EngineError, match="response_format"):
        strict.complete(asked(1, schema=PAIR), seed=1)


def test_no_more_is_spent_than_is_allowed_and_what_was_paid_stays(server, tmp_path):
    found = engine(server, tmp_path, price_out=1000.0, most=0.02, concurrency=1)
    with pytest.raises(EngineError, match=r"over serving\.most"):
        found.complete(asked(20), seed=1)
    done = len(server.asked)
    assert done == 5
    richer = engine(server, tmp_path, price_out=1000.0, most=1.0)
    assert sum(reply.cached for reply in richer.complete(asked(20), seed=1)) == done


def test_a_run_that_is_stopped_goes_on_and_pays_for_nothing_twice(server, tmp_path):
    server.answer = lambda body, number: (time.sleep(0.05), (200, {}, chat(f"answer {body['seed'] % 1000}")))[1]
    code = f"""if True:
        from trasunto.data.dialogues import Turn
        from trasunto.language.engines.address import engine_of
        from trasunto.language.engines.asked import Request
        from trasunto.language.engines.serving import Serving
        serving = Serving(model="tiny", cache={str(tmp_path / "replies.sqlite")!r}, concurrency=2)
        asked = [Request((Turn("user", f"question {{number}}"),)) for number in range(60)]
        engine_of({server.address!r}, serving).complete(asked, seed=1)
    """
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while len(server.asked) < 10 and time.monotonic() < until:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    assert b"KeyboardInterrupt" in process.communicate(timeout=60)[1]
    paid = len(server.asked)
    assert 10 <= paid < 60
    replies = engine(server, tmp_path).complete(asked(60), seed=1)
    assert sum(reply.cached for reply in replies) == paid and len(server.asked) == 60


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("ftp://host/v1", "no address of an engine"),
        ("http://", "no address of a server"),
        ("http://me:secret@host/v1", "Leave it out"),
        ("", "No engine is named"),
    ],
)
def test_a_wrong_address_is_refused_at_once(address, message):
    with pytest.raises(EngineError, match=message) as told:
        engine_of(address)
    assert "secret" not in str(told.value)


def test_only_this_machine_is_local():
    for address in ("http://localhost:8000", "http://127.0.0.1:1/v1", "http://[::1]:2"):
        assert engine_of(address).local
    for address in ("http://10.0.0.2/v1", "https://api.example.com/v1", "http://localhost.example.com"):
        assert not engine_of(address).local


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"tries": 0}, "serving.tries is 0"),
        ({"timeout": -1.0}, "serving.timeout is -1.0"),
        ({"concurrency": 1.5}, "whole number"),
        ({"structured": "maybe"}, "auto, schema, plain"),
        ({"most": 1.0}, "no prices"),
        ({"modell": "x"}, "'model'"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(EngineError, match=message):
        Serving.of(settings)
