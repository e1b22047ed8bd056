"""Trainings that are stopped and gone on with, by a person at a terminal: real processes, real signals."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import trasunto as tr

# Some seconds of training, that nothing stops early.
SETTINGS = {"epochs": 70, "width": 16, "hidden": 16, "learning_rate": 0.0003}
RECIPE = """
data: {source: rows.csv, target: ward}
synthesizer: {name: autoregressive, settings: {epochs: 70, width: 16, hidden: 16, learning_rate: 0.0003}}
metrics: [fidelity.shapes]
report: {formats: [json]}
"""


@pytest.fixture
def place(tmp_path):
    rng = np.random.default_rng(0)
    age = rng.integers(20, 90, 400)
    columns = {"age": age, "ward": np.where(age + rng.normal(0, 9, 400) > 50, "A", "B"), "dose": rng.random(400)}
    pl.DataFrame(columns).write_csv(tmp_path / "rows.csv")
    (tmp_path / "recipe.yaml").write_text(RECIPE)
    return tmp_path


def started(place, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "trasunto", *arguments], cwd=place, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        text=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def done(place, *arguments):
    """What a command that goes well says on standard error."""
    process = started(place, *arguments)
    said = process.communicate(timeout=300)[1]
    assert process.returncode == 0, said
    return said


def stopped_in_training(place, checkpoints, *arguments):
    """Start a command, press Ctrl-C once its training is under way, and give what it said and its exit code."""
    process = started(place, *arguments)
    end = time.monotonic() + 300
    while not list(Path(place).glob(checkpoints)) and process.poll() is None and time.monotonic() < end:
        time.sleep(0.02)
    time.sleep(0.4)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=300)[1]
    return said, process.returncode


def test_fit_keeps_the_best_on_ctrl_c_and_resume_ends_as_if_nothing_had_been(place):
    asked = ["fit", "rows.csv", "-o", "model", "--synthesizer", "autoregressive", "--seed", "3"]
    asked += [part for name, value in SETTINGS.items() for part in ("--set", f"{name}={value}")]
    said, code = stopped_in_training(place, "model.checkpoints/*", *asked)
    assert code == 130 and "model holds the best model so far" in said and "--resume" in said, said
    assert len(tr.load(place / "model").sample(50, seed=1)) == 50
    assert list((place / "model.checkpoints").rglob("*.safetensors"))

    done(place, *asked, "--resume")
    assert not (place / "model.checkpoints").exists()
    whole = tr.fit(place / "rows.csv", "autoregressive", seed=3, settings=SETTINGS)
    resumed = tr.load(place / "model")
    assert resumed.describe()["steps"] == whole.describe()["steps"]
    assert resumed.sample(200, seed=1).digest() == whole.sample(200, seed=1).digest()


def test_run_goes_on_inside_its_fit(place):
    said, code = stopped_in_training(place, "out/checkpoints/fit/*", "run", "recipe.yaml", "-o", "out")
    assert code == 130 and "--resume" in said, said
    assert not (place / "out/model").exists() and list((place / "out/checkpoints").rglob("*.safetensors"))
    done(place, "run", "recipe.yaml", "-o", "out", "--resume")
    assert not (place / "out/checkpoints").exists()
    assert (place / "out/report.json").exists()
    assert "stopped" in (place / "out/log.jsonl").read_text()


def test_what_resume_finds_nothing_for_begins_anew(place):
    said = done(place, "fit", "rows.csv", "-o", "model", "--synthesizer", "independent", "--resume")
    assert "begins anew" in said
