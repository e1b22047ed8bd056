"""The training loop: what it learns it keeps, and what stops it takes nothing from it."""

import os
import signal

import numpy as np
import pytest

from trasunto.errors import FitError, ModelError, StoreError
from trasunto.networks.course import watched
from trasunto.networks.loop import Loop, Parts, Watch, train, train_steps

torch = pytest.importorskip("torch")
ROWS = 64
SETTINGS = Loop(epochs=6, batch=8, learning_rate=0.05, checks=6)


class Task:
    """A small regression with dropout, so that the course of the generator matters too."""

    def __init__(self, seed=0):
        rng = np.random.default_rng(0)
        self.x = torch.from_numpy(rng.normal(size=(ROWS, 3)).astype(np.float32))
        self.y = self.x @ torch.tensor([[1.0], [-2.0], [0.5]])
        torch.manual_seed(seed)
        self.network = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Dropout(0.2), torch.nn.Linear(8, 1))
        self.steps = 0

    def loss(self, batch):
        self.steps += 1
        return ((self.network(self.x[batch]) - self.y[batch]) ** 2).sum(), float(len(batch))

    def validate(self):
        return float(((self.network(self.x) - self.y).detach() ** 2).mean())

    def weights(self):
        return [each.detach().clone() for each in self.network.parameters()]


@pytest.fixture(autouse=True)
def apart():
    with torch.random.fork_rng(devices=[]):
        yield


def run(task, settings=SETTINGS, *, validate=True, watch=None, loss=None):
    return train(
        task.network,
        loss or task.loss,
        ROWS,
        settings,
        seed=1,
        validate=task.validate if validate else None,
        watch=watch,
    )


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_learns_and_tells_its_curves():
    task = Task()
    before = task.validate()
    curves = run(task)
    assert min(curves.validation) == pytest.approx(task.validate()) and task.validate() < 0.1 * before
    assert curves.steps == curves.planned == 48 and curves.stopped == "all epochs done"
    assert len(curves.validation) == 6 and curves.train[-1] < curves.train[0]


def test_keeps_the_best_weights_and_stops_when_it_grows_worse():
    task, seen = Task(), []

    def validate():
        seen.append(task.weights())
        return [3.0, 1.0, 2.0, 2.0, 2.0, 0.0][len(seen) - 1]

    curves = train(task.network, task.loss, ROWS, SETTINGS, seed=1, validate=validate)
    assert curves.validation == (3.0, 1.0, 2.0, 2.0, 2.0) and "stopped falling" in curves.stopped
    assert same(task.weights(), seen[1])


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_a_resumed_training_ends_as_one_that_was_never_stopped(tmp_path, average):
    settings = Loop(epochs=6, batch=8, learning_rate=0.05, average=average, patience=9)
    whole = Task()
    told = run(whole, settings)
    broken = Task()

    def fails(batch):
        if broken.steps == 21:
            raise RuntimeError("no power")
        return broken.loss(batch)

    with pytest.raises(RuntimeError):
        run(broken, settings, watch=Watch(folder=tmp_path, every=0), loss=fails)
    again = Task()
    resumed = run(again, settings, watch=Watch(folder=tmp_path))
    assert again.steps == told.steps - 21
    assert same(again.weights(), whole.weights())
    assert (resumed.train, resumed.validation, resumed.steps) == (told.train, told.validation, told.steps)


def test_a_finished_training_is_not_done_again_and_another_is_not_taken_for_it(tmp_path):
    first, second, like, other = Task(), Task(), Task(), Task(seed=5)
    with watched(Watch(folder=tmp_path)):
        run(first)
    with watched(Watch(folder=tmp_path)):
        run(second)
        # The second training of a block has other data, though nothing else tells them apart.
        run(like)
    assert second.steps == 0 and same(first.weights(), second.weights())
    assert like.steps == 48
    run(other, watch=Watch(folder=tmp_path))
    assert other.steps == 48 and len(list(tmp_path.iterdir())) == 3


def test_a_watch_that_stops_leaves_a_checkpoint_and_raises(tmp_path):
    def pressed(batch):
        if task.steps == 20:
            os.kill(os.getpid(), signal.SIGINT)
        return task.loss(batch)

    task = Task()
    with pytest.raises(KeyboardInterrupt):
        run(task, watch=Watch(folder=tmp_path, stops=True), loss=pressed)
    again = Task()
    run(again, watch=Watch(folder=tmp_path))
    whole = Task()
    run(whole)
    assert again.steps == 48 - 21 and same(again.weights(), whole.weights())


def test_several_networks_and_generators_resume_too(tmp_path):
    def course(steps, watch):
        task, noise = Task(), np.random.default_rng(3)
        rivals = {"a": task.network, "b": torch.nn.Linear(3, 1)}
        adams = {name: torch.optim.Adam(each.parameters(), lr=0.01) for name, each in rivals.items()}

        def step(batch):
            if task.steps == steps:
                raise RuntimeError("no power")
            x = task.x[batch] + torch.from_numpy(noise.normal(size=(len(batch), 3)).astype(np.float32))
            loss = task.loss(batch)[0] + ((rivals["b"](x) - rivals["a"](x)) ** 2).sum()
            loss.backward()
            for each in adams.values():
                each.step()
                each.zero_grad()
            return {"training loss": loss.detach(), "other loss": -loss.detach()}

        parts = Parts(rivals, adams, ("a", "b"), {"noise": noise})
        return train_steps(parts, step, ROWS, SETTINGS, seed=1, watch=watch), parts.result()

    told, weights = course(-1, None)
    assert told.more["other loss"] == tuple(-each for each in told.train)
    with pytest.raises(RuntimeError):
        course(11, Watch(folder=tmp_path, every=0))
    assert same(course(-1, Watch(folder=tmp_path))[1], weights)


def test_the_first_interrupt_keeps_the_best_and_the_second_raises(tmp_path):
    task = Task()

    def pressed_at(*steps):
        def loss(batch):
            if task.steps in steps:
                os.kill(os.getpid(), signal.SIGINT)
            return task.loss(batch)

        return loss

    before = signal.getsignal(signal.SIGINT)
    curves = run(task, watch=Watch(folder=tmp_path), loss=pressed_at(20))
    assert curves.stopped.startswith("interrupted") and curves.steps == 21
    assert task.validate() == pytest.approx(min(curves.validation))
    assert signal.getsignal(signal.SIGINT) is before
    again = Task()
    assert run(again, watch=Watch(folder=tmp_path)).steps == 48 and again.steps == 48 - 21
    task = Task()

    def twice(batch):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        return task.loss(batch)

    with pytest.raises(KeyboardInterrupt):
        run(task, loss=twice)


def test_ends_in_time_with_what_it_has():
    task = Task()
    curves = run(task, Loop(epochs=10**6, batch=8, learning_rate=0.05, max_seconds=0.5, checks=10**6))
    assert "time limit" in curves.stopped and 0 < curves.steps < curves.planned and curves.seconds < 5
    assert task.validate() == min(curves.validation)


def test_tells_callbacks_and_progress():
    checks, steps = [], []
    task = Task()
    train(
        task.network, task.loss, ROWS, SETTINGS, seed=1, validate=task.validate,
        watch=Watch([checks.append]), progress=lambda *each: steps.append(each),
    )  # fmt: skip
    assert [each.step for each in checks] == [8, 16, 24, 32, 40, 48]
    assert checks[0].best and checks[0].validation > 0 and checks[0].losses["training loss"] > 0
    assert checks[-1].left == 0 and checks[0].left > 0
    assert steps[-1] == ("train", 48, 48) and steps[0] == ("train", 1, 48)


def test_does_not_depend_on_the_number_of_threads():
    found = []
    for count in (1, 2):
        before = torch.get_num_threads()
        torch.set_num_threads(count)
        task = Task()
        run(task, Loop(epochs=2, batch=8, threads=1))
        assert torch.get_num_threads() == count
        torch.set_num_threads(before)
        found.append(task.weights())
    assert same(*found)


def test_refuses_what_it_cannot_do(tmp_path):
    with pytest.raises(FitError, match="precision"):
        Loop(precision="float16")
    with pytest.raises(FitError, match="average"):
        Loop(average=1.0)
    with pytest.raises(FitError, match="every"):
        Watch(every=-1)
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Cannot write"):
        run(Task(), watch=Watch(folder=tmp_path / "file"))
    (tmp_path / "file").unlink()
    run(Task(), watch=Watch(folder=tmp_path))
    next(tmp_path.iterdir()).write_bytes(b"torn")
    with pytest.raises(ModelError, match="cannot be read"):
        run(Task(), watch=Watch(folder=tmp_path))
