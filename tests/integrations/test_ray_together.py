"""Actors of a cluster that work together begin anew when one of them is lost, and go on from what was kept."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from trasunto.errors import FitError
from trasunto.executors import executing
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.decoder.train import train_decoder
from trasunto.networks.course import Watch, watched
from work_to_do import met


@pytest.fixture(autouse=True)
def often(monkeypatch):
    monkeypatch.setattr("trasunto.integrations.ray_together.LOOK", 0.2)


def test_what_the_first_one_left_is_there_after_a_loss(on, tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    assert on.together(met, tmp_path / "died", files=files) == (0, 2, 1)
    assert sorted(path.name for path in files.iterdir()) == ["begun0", "begun1"]
    with pytest.raises(FitError, match="Nothing can be learnt") as caught:
        on.together(met, None, files=files)
    assert caught.value.next_move == "Give texts."


def test_a_training_goes_on_from_its_checkpoint_when_a_worker_is_killed(cluster, tmp_path):
    pytest.importorskip("torch")
    words = ("lovely", "dirty", "clean", "awful", "fine")
    examples = [Example.of("good:", f" the room was {words[i % 5]}" + " again" * (i % 3)) for i in range(60)]
    small = {"width": 16, "layers": 1, "heads": 2, "vocabulary": 300, "longest": 64, "batch_tokens": 128}
    settings = DecoderSettings("scratch", epochs=25, precision="float32", patience=99, **small)
    killed = []

    def kill():
        """Kill one of the two once a checkpoint has come back."""
        while not list(tmp_path.glob("*.safetensors")):
            time.sleep(0.1)
        number = next(each for each in Path("/proc").iterdir() if _is_rank(each))
        os.kill(int(number.name), signal.SIGKILL)
        killed.append(number)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    with executing(f"ray:{cluster.address}"), watched(Watch(folder=tmp_path, every=0.0)):
        together = train_decoder(examples, settings=settings, seed=0, test=examples[:8])
    killer.join(1)
    alone = train_decoder(examples, settings=settings, seed=0, test=examples[:8])
    assert killed and together.facts["processes"] == 2 and together.facts["steps"] == alone.facts["steps"]
    assert together.facts["test"]["loss"] == pytest.approx(alone.facts["test"]["loss"], rel=0.02)
    first = alone.facts["curves"]["training loss"][0]
    assert together.facts["curves"]["training loss"][0] == pytest.approx(first, rel=1e-4)


def _is_rank(place):
    try:
        return place.name.isdecimal() and (place / "cmdline").read_bytes().startswith(b"ray::Rank.work")
    except OSError:
        return False
