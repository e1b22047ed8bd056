"""Rounds of writing, with a writer that says what it is told to."""

import os
import signal

import numpy as np
import polars as pl
import pytest

from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FitError, SampleError
from trasunto.language.curation.sieve import fit_sieve
from trasunto.language.generate import Sampling
from trasunto.language.layouts import layout_of
from trasunto.networks.course import Watch, watched
from trasunto.progress import quiet
from trasunto.synthesizers import lm_texts
from trasunto.synthesizers.lm_texts import Writing
from trasunto.synthesizers.sieved import nothing

PAIR = layout_of(
    TableSchema((Column("q", "text", role="prompt"), Column("a", "text", role="response"), Column("stars", "integer")))
)
PLAIN = layout_of(TableSchema((Column("text", "text"), Column("label", "category", role="label"))))


class Says:
    """Writes `say(prompt, number)`; number counts what was asked for."""

    def __init__(self, say, at=None):
        self.say, self.asked, self.at, self.calls = say, [], at, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def write(self, prompts, settings, *, seed, progress, stop):
        self.calls += 1
        if self.calls == self.at:
            os.kill(os.getpid(), signal.SIGINT)
        rng = np.random.default_rng(seed)
        texts = [self.say(prompt, int(rng.integers(10**9))) for prompt in prompts]
        self.asked += prompts
        progress("write texts", len(prompts), len(prompts))
        return texts[:2] + [""] * (len(prompts) - 2) if stop() else texts


def writing(layout, temperatures=(1.0,)):
    return Writing(layout, nothing(), tuple(Sampling(each) for each in temperatures), {"model": 1})


def write(writer, layout, rows, begun=(), progress=quiet, **settings):
    how = writing(layout, **settings)
    return how.write(lambda: writer, how.groups(rows, len(rows), begun), len(rows), seed=1, progress=progress)


def word(number):
    """Five words that no other number has."""
    return " ".join(f"w{number}x{place}" for place in range(5))


def test_texts_go_to_the_rows_they_were_written_for_and_what_is_malformed_is_counted():
    stars = pl.DataFrame({"stars": [1, 5, 1, 3]})
    writer = Says(lambda prompt, n: f"{prompt[10]} {word(n)}" + (f"\na: {word(n + 1)}" if n % 2 else ""))
    told = []
    found, curation = write(writer, PAIR, stars, progress=lambda *each: told.append(each))
    assert writer.asked[0] == "(stars is 1)\nq:"
    assert [each["q"][0] for each in found] == ["1", "5", "1", "3"] and all(each["a"] for each in found)
    assert curation.rejected["malformed"] > 0 and set(curation.rejected) == {"malformed"}
    assert (curation.written, curation.kept, curation.interrupted) == (len(writer.asked), 4, False)
    assert told[-1] == ("write texts", 4, 4) and all(done <= total == 4 for _, done, total in told)


def test_what_is_written_twice_or_empty_is_written_again():
    rows = pl.DataFrame({"label": ["x"] * 6})
    writer = Says(lambda prompt, n: "" if n % 3 == 0 else f"the same {n % 7} again")
    found, curation = write(writer, PLAIN, rows)
    assert len({each["text"] for each in found}) == 6 and curation.rejected["empty"] and curation.rejected["duplicate"]
    with pytest.raises(SampleError, match=r"too few for \{'x': 5\}"):
        write(Says(lambda prompt, n: "always the same"), PLAIN, rows)


def test_a_writer_that_does_not_keep_to_labels_is_taken_as_it_is():
    real = [f"{mood} {word(n)}" for n in range(40) for mood in ("lovely", "dreadful")]
    labels = ["good", "bad"] * 40
    sieve = fit_sieve(real, labels, encoder="words", agree=True, seed=0)
    how = Writing(PLAIN, sieve, (Sampling(1.0),), {"model": 1})
    rows = pl.DataFrame({"label": ["good"] * 10 + ["bad"] * 30})
    # Whatever is asked for, it writes what is lovely nine times of ten.
    writer = Says(lambda prompt, n: f"{'dreadful' if n % 10 == 0 else 'lovely'} {word(n)}")
    found, curation = how.write(lambda: writer, how.groups(rows, 40, ()), 40, seed=1, progress=quiet)
    assert all(each["text"].startswith("lovely") for each in found[:10]) and curation.kept == 40
    assert curation.despite_disagreement > 15 and curation.written < 40 * 1.5 + 40 * 2 + 8
    # What it wrote for "bad" serves where it belongs.
    shy = Says(lambda prompt, n: f"lovely {word(n)}" if "bad" in prompt else "")
    found, curation = how.write(lambda: shy, how.groups(rows, 40, ()), 40, seed=1, progress=quiet)
    assert curation.relabelled == 10 == curation.to_dict()["relabelled"]
    # One that keeps to them writes on until it has what was asked for.
    sure = Says(lambda prompt, n: f"{'lovely' if 'good' in prompt or n % 3 == 0 else 'dreadful'} {word(n)}")
    found, curation = how.write(lambda: sure, how.groups(rows, 40, ()), 40, seed=1, progress=quiet)
    assert all(each["text"].startswith("dreadful") for each in found[10:])
    assert curation.relabelled == curation.despite_disagreement == 0 < curation.rejected["disagrees"]


def test_many_groups_are_asked_for_a_text_each_at_first():
    rows = pl.DataFrame({"stars": list(range(100))})
    writer = Says(lambda prompt, n: f"{word(n)}\na: {word(n + 1)}")
    write(writer, PAIR, rows)
    assert len(writer.asked) == 100
    few = Says(lambda prompt, n: f"{word(n)}\na: {word(n + 1)}")
    write(few, PAIR, rows.head(3))
    assert len(few.asked) == 3 * 4


def test_ctrl_c_keeps_the_rows_that_have_their_texts(monkeypatch):
    monkeypatch.setattr(lm_texts, "PIECE", 4)
    rows = pl.DataFrame({"label": ["x"] * 20})
    found, curation = write(Says(lambda prompt, n: word(n), at=3), PLAIN, rows)
    # Two pieces of four, and two texts of the third.
    assert sum(each is not None for each in found) == 10 and curation.interrupted and curation.kept == 10
    assert curation.rejected == {} and curation.to_dict()["interrupted"]
    # Nothing to keep, and a second one: it goes on up.
    with pytest.raises(KeyboardInterrupt):
        write(Says(lambda prompt, n: "", at=1), PLAIN, rows)

    def again(prompt, number):
        os.kill(os.getpid(), signal.SIGINT)
        return word(number)

    with pytest.raises(KeyboardInterrupt):
        write(Says(again), PLAIN, rows)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_interrupt_from_within_keeps_them_too(monkeypatch):
    monkeypatch.setattr(lm_texts, "PIECE", 4)

    def say(prompt, number):
        calls.append(1)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return word(number)

    calls = []
    found, curation = write(Says(say), PLAIN, pl.DataFrame({"label": ["x"] * 20}))
    assert sum(each is not None for each in found) == 8 and curation.interrupted


@pytest.mark.parametrize("stops", [True, False])
def test_what_was_written_is_kept_in_a_watched_folder(monkeypatch, tmp_path, stops):
    monkeypatch.setattr(lm_texts, "PIECE", 4)
    rows = pl.DataFrame({"label": ["x"] * 12, "n": range(12)})
    whole = write(Says(lambda prompt, n: word(n)), PLAIN, rows, temperatures=(1.0, 0.5))
    with watched(Watch(folder=tmp_path, stops=stops)):
        stopped = Says(lambda prompt, n: word(n), at=3)
        if stops:
            with pytest.raises(KeyboardInterrupt):
                write(stopped, PLAIN, rows, temperatures=(1.0, 0.5))
        else:
            assert write(stopped, PLAIN, rows, temperatures=(1.0, 0.5))[1].interrupted
        file = tmp_path / lm_texts.FILE
        assert len(file.read_text(encoding="utf-8").split()) > 8 and file.stat().st_mode & 0o077 == 0
        with file.open("a", encoding="utf-8") as end:
            end.write('\n["half a li')
        later = Says(lambda prompt, n: word(n))
        assert write(later, PLAIN, rows, temperatures=(1.0, 0.5)) == whole
        assert later.calls == 4
        # Another question is not answered with it.
        other = Says(lambda prompt, n: word(n))
        write(other, PLAIN, rows.with_columns(label=pl.lit("y")), temperatures=(1.0, 0.5))
        assert other.calls == 6


def test_texts_that_are_given_are_gone_on_with():
    rows = pl.DataFrame({"stars": [1, 5]})
    begun = PAIR.begun(pl.DataFrame({"q": ["Good?", "Bad?"]}), ["q"])
    writer = Says(lambda prompt, n: word(n))
    found, _ = write(writer, PAIR, rows, begun)
    assert "(stars is 5)\nq: Bad?\na:" in writer.asked
    assert [each["q"] for each in found] == ["Good?", "Bad?"] and all(each["a"].startswith("w") for each in found)
    for strange in (["a"], ["q", "a"], []):
        with pytest.raises(FitError, match="are written in this order"):
            PAIR.begun(rows, strange)
