"""Steps in pieces: the same gradient whatever fits at once, over processes too."""

import subprocess
import sys

import numpy as np
import pytest

from trasunto.errors import FitError
from trasunto.networks.accumulate import Pieces, stepping
from trasunto.networks.course import Loop
from trasunto.networks.loop import train_steps

torch = pytest.importorskip("torch")
LENGTHS = np.random.default_rng(0).integers(1, 9, 40)
LOOP = Loop(epochs=2, tokens=60, learning_rate=0.05)


def taught(tokens=10**6, room=10**9):
    """(weights, steps, pieces) of a regression; `room`: examples that memory has place for."""
    torch.manual_seed(0)
    network = torch.nn.Linear(3, 1)
    x = torch.from_numpy(np.random.default_rng(1).normal(size=(40, 3)).astype(np.float32))

    def loss_of(batch):
        if len(batch) > room:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried")
        return ((network(x[batch]) - x[batch, :1]) ** 2).sum(), float(len(batch))

    pieces = Pieces(tokens, LENGTHS)
    parts, step = stepping(network, loss_of, pieces, LOOP, weight=13.0)
    curves = train_steps(parts, step, LENGTHS.tolist(), LOOP, seed=0)
    return [each.detach().clone() for each in network.parameters()], curves, pieces


def near(one, other):
    return all(torch.allclose(a, b, atol=1e-5) for a, b in zip(one, other, strict=True))


def test_pieces_hold_each_example_once_and_no_more_tokens_than_fit():
    batch = np.array([3, 5, 8, 13, 21, 34])
    pieces = Pieces(9, LENGTHS).of(batch)
    assert sorted(np.concatenate(pieces)) == batch.tolist()
    assert all(LENGTHS[each].sum() <= 9 or len(each) == 1 for each in pieces) and len(pieces) > 1


def test_a_step_in_pieces_is_a_step_in_one():
    whole, curves, _ = taught()
    parts, others, _ = taught(tokens=12)
    assert near(whole, parts) and np.allclose(curves.train, others.train, atol=1e-5)
    assert curves.steps == curves.planned > 5


def test_when_memory_runs_out_half_as_much_is_computed_at_once():
    whole, _, never = taught()
    parts, _, pieces = taught(room=3)
    assert near(whole, parts) and never.halved == 0 < pieces.halved < 5


def test_an_example_that_does_not_fit_alone_is_told():
    with pytest.raises(FitError, match=r"single example of \d tokens"):
        taught(room=0)


def test_other_errors_go_up():
    def fails(batch):
        raise RuntimeError("shapes do not match")

    network = torch.nn.Linear(1, 1)
    _, step = stepping(network, fails, Pieces(9, LENGTHS), LOOP, weight=1.0)
    with pytest.raises(RuntimeError, match="shapes"):
        step(np.array([0, 1]))


def test_two_processes_take_the_same_steps_as_one(tmp_path):
    script = tmp_path / "two.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(__import__('pathlib').Path(__file__).parent)!r})\n"
        "import test_accumulate, torch\nfrom trasunto.networks.ranks import joined, rank, world\n"
        "with joined():\n    weights, curves, _ = test_accumulate.taught()\n"
        "    assert world() == 2\n"
        f"    torch.save((weights, curves.train), {str(tmp_path)!r} + f'/{{rank()}}.pt')\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    whole, curves, _ = taught()
    first, second = (torch.load(tmp_path / f"{number}.pt", weights_only=True) for number in (0, 1))
    assert near(whole, first[0]) and all(map(torch.equal, first[0], second[0]))
    assert first[1] == second[1] and np.allclose(first[1], curves.train, atol=1e-5)
