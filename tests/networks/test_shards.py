"""A network that is shared out over two processes: it learns as in one, and its checkpoints serve any number of them."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from trasunto.language.decoder.decoder import load_decoder_model
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.decoder.train import train_decoder
from trasunto.networks.course import Watch, watched

torch = pytest.importorskip("torch")
EXAMPLES = [Example.of("it:", f" was {'dark' if i % 3 else 'light'} and number {i % 7}") for i in range(60)]
SMALL = {"width": 16, "layers": 2, "heads": 2, "vocabulary": 300, "longest": 64, "precision": "float32"}
# Fewer tokens at once than a process has of a step: pieces, of which one process may have more than the other.
SMALL |= {"batch_tokens": 256, "micro_tokens": 60, "epochs": 2}
METHODS = ("scratch", "full", "lora")


class Stopped(Exception):
    """Stands for a machine that is switched off."""


def taught(method, start=None, *, shard=False, folder=None, stop=0):
    """A model, its checkpoints in `folder`. stop: after so many checks."""

    def told(check):
        if stop and check.step >= stop:
            raise Stopped

    settings = DecoderSettings(method, shard=shard, **SMALL, checks=4)
    with watched(Watch(folder=folder, every=0, callbacks=[told])):
        return train_decoder(EXAMPLES, settings=settings, seed=0, start=start)


def in_two_processes(place):
    """What each of the two does; the first one leaves models in `place`."""
    from trasunto.networks import shards
    from trasunto.networks.accumulate import stepping
    from trasunto.networks.ranks import joined, rank, world

    held = []

    def noted(network, *args, **named):
        weights = list(network.parameters())
        held.append(sum(shards.local(each).numel() for each in weights) / sum(each.numel() for each in weights))
        return stepping(network, *args, **named)

    import trasunto.language.decoder.train as room

    room.stepping = noted
    with joined():
        assert world() == 2
        start = None
        for method in METHODS:
            made = taught(method, start, shard=True)
            start = made if method == "scratch" else start
            if rank() == 0:
                made.save(place / method)
        # Taken up from where one process was stopped, and stopped for one process to go on.
        more = taught("scratch", shard=True, folder=place / "by one")
        if rank() == 0:
            more.save(place / "gone on by two")
        with pytest.raises(Stopped) if rank() == 0 else pytest.raises((RuntimeError, Stopped)):
            taught("scratch", shard=True, folder=place / "by two", stop=2)
    assert all(abs(each - 0.5) < 0.01 for each in held), held


def near(one, other):
    pairs = list(zip(one.network.named_parameters(), other.network.named_parameters(), strict=True))
    return all(name == its and torch.allclose(a, b, atol=1e-4) for (name, a), (its, b) in pairs)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """What two processes have left, and what they were given."""
    place = tmp_path_factory.mktemp("shards")
    with pytest.raises(Stopped):
        taught("scratch", folder=place / "by one", stop=2)
    script = place / "two.py"
    here = str(Path(__file__).parent)
    script.write_text(
        f"import sys, pathlib\nsys.path.insert(0, {here!r})\nimport test_shards\n"
        f"test_shards.in_two_processes(pathlib.Path({str(place)!r}))\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return place


def test_each_method_learns_what_one_process_learns(place):
    start = None
    for method in METHODS:
        alone, both = taught(method, start), load_decoder_model(place / method)
        start = alone if method == "scratch" else start
        assert both.facts["processes"] == 2 and both.facts["steps"] == alone.facts["steps"] == 4
        for key in ("training loss", "validation loss"):
            assert np.allclose(both.facts["curves"][key], alone.facts["curves"][key], atol=1e-4)
        assert near(alone, both)


def test_two_processes_go_on_where_one_was_stopped(place):
    assert near(taught("scratch"), load_decoder_model(place / "gone on by two"))


def test_one_process_goes_on_where_two_were_stopped(place):
    seen = []
    settings = DecoderSettings("scratch", **SMALL, checks=4)
    with watched(Watch(folder=place / "by two", callbacks=[lambda check: seen.append(check.step)])):
        again = train_decoder(EXAMPLES, settings=settings, seed=0)
    assert near(taught("scratch"), again) and seen[0] == 2
