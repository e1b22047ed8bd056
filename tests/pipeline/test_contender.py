"""Synthesizers in processes of their own, among them some that break down: plug-ins found by their entry points."""

from __future__ import annotations

import os

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.errors import FitError
from trasunto.pipeline.contender import Job, handed, made

PLUGINS = '''
import os, time
from dataclasses import dataclass

@dataclass(frozen=True)
class Plain:
    """Draws its own rows, again and again."""
    bytes: int = 0
    do: str = "work"
    def fit(self, real, *, seed, budget=None, progress=lambda *each: None):
        print("a word that is no JSON")
        progress("fit plain", 1, 2)
        if self.do == "stop":
            os._exit(3)
        if self.do == "break":
            raise ZeroDivisionError("by accident")
        if self.do == "sleep":
            time.sleep(60)
        self.__dict__["held"] = b"x" * self.bytes
        self.__dict__["real"] = real
        return self
    def sample(self, rows, *, seed):
        table = self.real.only
        if self.do == "lose":
            from trasunto.data.dataset import Dataset, Table
            from trasunto.data.schema import TableSchema
            return Dataset.of(Table(TableSchema(table.schema.columns[:1]), table.rows.select(table.schema.names[:1])))
        return self.real.with_table(table.take([(seed + place) % len(table) for place in range(rows)]))
'''


@pytest.fixture
def plugins(tmp_path, monkeypatch):
    """An installed distribution with the synthesizer `plain`, seen here and in other processes."""
    place = tmp_path / "plugins"
    about = place / "plain_synthesizers-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: plain-synthesizers\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[trasunto.synthesizers]\nplain = plain_synthesizers:Plain\n")
    (place / "plain_synthesizers.py").write_text(PLUGINS)
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")]))


@pytest.fixture
def train(tmp_path):
    rng = np.random.default_rng(0)
    rows = {"a": rng.normal(size=40), "b": rng.choice(["x", None, "ž"], 40).tolist(), "c": np.arange(40)}
    dataset = tr.read(pl.DataFrame(rows), name="rows")
    (tmp_path / "job").mkdir()
    handed(tmp_path / "job", dataset)
    return dataset


def done(tmp_path, train, do="work", seeds=(3,), limit=None, progress=lambda *each: None, **settings):
    job = Job("plain", {"do": do, **settings}, seeds, 25)
    return list(made(tmp_path / "job", train, job, limit=limit, progress=progress))


def test_rows_costs_and_progress_come_back(tmp_path, plugins, train):
    told = []
    found = done(tmp_path, train, seeds=(3, 8), progress=lambda *each: told.append(each), bytes=200 * 2**20)
    assert [cost.seed for cost, _ in found] == [3, 8]
    for cost, rows in found:
        # Drawn with the seed after the one it was fitted with, as a run does.
        expected = train.only.take([(cost.seed + 1 + place) % 40 for place in range(25)])
        assert rows.rows.equals(expected.rows)
        assert rows.only.schema == train.only.schema
        assert cost.fit_seconds == found[0][0].fit_seconds >= 0
        assert cost.cpu_seconds > 0
        assert cost.peak_mb > cost.held_mb + 190
    assert told == [("fit plain", 1, 2)]
    assert not list((tmp_path / "job").glob("[0-9]*.parquet"))


@pytest.mark.parametrize(
    ("do", "words"),
    [("break", "ZeroDivisionError: by accident"), ("stop", "ended without a word .exit code 3"), ("lose", r"\['a'\]")],
)
def test_what_breaks_down_says_why(tmp_path, plugins, train, do, words):
    with pytest.raises(FitError, match=words):
        done(tmp_path, train, do)


def test_what_takes_too_long_is_stopped(tmp_path, plugins, train):
    with pytest.raises(FitError, match=r"was stopped after 1.5 s.*time-limit"):
        done(tmp_path, train, "sleep", limit=1.5)


def test_the_process_ends_with_whoever_waits_for_it(tmp_path, plugins, train, monkeypatch):
    started = []
    from trasunto.pipeline import contender

    popen = contender.subprocess.Popen
    monkeypatch.setattr(contender.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1])

    def stop(*each):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        done(tmp_path, train, "sleep", progress=stop)
    assert started[0].poll() is not None
