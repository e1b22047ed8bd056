"""DP-SGD: gradients of single examples, clipping, noise, samples, and broken ones that are caught."""

import os
import signal

import numpy as np
import pytest

from trasunto.encoders.vectors import Modes, Vectors
from trasunto.errors import BudgetError
from trasunto.networks import gan, masked, vae
from trasunto.networks import private as dp
from trasunto.networks.course import INTERRUPTED, Watch, watched
from trasunto.networks.digits import digits_of
from trasunto.networks.loop import Loop
from trasunto.privacy.accountant import dpsgd_epsilon
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import Noise, injected

torch = pytest.importorskip("torch")
ROWS, SIZES = 6, (3, 5, 40)
PLAIN = Loop(learning_rate=0.01, warmup=0.0, threads=1)


class Still:
    """What rows draw, the same for each: a row alone is then what it is in a sample."""

    def integers(self, low, high, size):
        return np.zeros(size, dtype=np.int64)

    def choice(self, count, size, replace):
        return np.arange(size)

    def random(self, size=None):
        return 1.0 if size is None else np.full(size, 0.999)

    def standard_normal(self, shape, dtype):
        return np.full(shape, 0.3, dtype=dtype)


def coded(rows=ROWS):
    rng = np.random.default_rng(0)
    return [rng.integers(0, size, rows) for size in SIZES]


def masked_lesson():
    layout = masked.Layout(tuple(digits_of(np.ones(size), ordered=True, base=8) for size in SIZES))
    rows = layout.table(coded())
    rows = np.concatenate([rows, np.full((1, layout.size), -1, dtype=rows.dtype)])
    net = masked.network(layout, layout.counts(rows), width=6, hidden=5, layers=2, seed=0)
    return masked.Lesson(net, layout, torch.from_numpy(rows), 0.0, 0, False)


def vae_lesson():
    columns = {str(size): Modes(np.arange(size, dtype=np.int32) // 2, np.full(size, 1 / size), True) for size in SIZES}
    layout = vae.Layout(Vectors(columns))
    named = dict(zip(columns, coded(), strict=True))
    modes = layout.vectors.modes(named)
    net = vae.network(layout, layout.counts(modes), width=6, latent=3, seed=0)
    parts = torch.from_numpy(modes).long(), torch.from_numpy(layout.vectors.scalars(named))
    return vae.Lesson(net, layout, *parts, 0.5, 0)


def one_by_one(lesson, row):
    """By autograd alone: the gradient of one row, by parameter."""
    # A row of which nothing is known stands beside it, where there is one.
    batch = np.array([row]) if isinstance(lesson, vae.Lesson) else np.array([row, ROWS, ROWS, ROWS])
    weights = {name: each for name, each in lesson.net.items() if each.requires_grad}
    found = torch.autograd.grad(lesson._loss(batch, Still()), list(weights.values()), allow_unused=True)
    zeros = [torch.zeros_like(each) for each in weights.values()]
    return dict(zip(weights, [z if f is None else f for f, z in zip(found, zeros, strict=True)], strict=True))


def norm(gradient):
    return float(sum(each.square().sum() for each in gradient.values())) ** 0.5


def few_targets_lesson():
    """As a wide table has it: some digits are predicted in a step."""
    return masked_lesson()


@pytest.mark.parametrize("make", [masked_lesson, few_targets_lesson, vae_lesson])
@pytest.mark.parametrize("clip", [1e9, 1.0])
def test_clipped_sums_are_those_of_gradients_taken_one_by_one(make, clip, monkeypatch):
    for module in (masked, vae):
        monkeypatch.setattr(module, "secret", Still)
    if make is few_targets_lesson:
        monkeypatch.setattr(masked, "TARGETS", 3)
    lesson, rows = make(), np.array([0, 2, 3, 5])
    alone = [one_by_one(lesson, row) for row in rows]
    norms = [norm(each) for each in alone]
    if clip < 1e9:
        assert max(norms) > clip, "nothing would be clipped"
    found = lesson.sums(rows, dp.Descent(0.5, 1, clip, 1.0, 4.0))
    for name in alone[0]:
        expected = sum(each[name] * min(1.0, clip / size) for each, size in zip(alone, norms, strict=True))
        got = found.get(name, torch.zeros_like(expected))
        assert torch.allclose(got, expected, atol=1e-4 * clip if clip < 1e9 else 1e-4, rtol=1e-3), name


def test_clipped_sums_of_a_critic_are_those_of_gradients_taken_one_by_one():
    layout = gan.Layout(Vectors({"a": Modes(np.arange(4, dtype=np.int32), np.full(4, 0.25), False)}))
    net = gan.critic(layout, pac=1, width=5, layers=2, seed=0)
    rows = torch.eye(4)
    taps = dp.Taps(net)
    found = taps.sums(gan.verdicts(net, rows, taps).sum(), dp.Descent(1.0, 1, 0.5, 1.0, 4.0))
    whole = {name: torch.zeros_like(each) for name, each in net.items()}
    for row in rows:
        alone = dict(zip(net, torch.autograd.grad(gan.verdicts(net, row[None]).sum(), list(net.values())), strict=True))
        for name, each in alone.items():
            whole[name] += each * min(1.0, 0.5 / norm(alone))
    assert all(torch.allclose(found[name], whole[name], atol=1e-4) for name in net)


@pytest.mark.parametrize("make", [masked_lesson, vae_lesson])
def test_no_row_moves_a_sum_by_more_than_the_clipping_norm(make):
    lesson = make()
    plan = dp.Descent(0.5, 1, 0.1, 1.0, 1.0)
    for row in range(ROWS):
        assert norm(lesson.sums(np.array([row]), plan)) <= 0.1
    assert norm(lesson.sums(np.array([], dtype=np.int64), plan)) == 0.0


def test_what_is_not_finite_is_left_out():
    plan = dp.Descent(0.5, 1, 1.0, 1.0, 1.0)
    factors = plan.factors(torch.tensor([4.0, float("nan"), float("inf"), 0.0]))
    assert factors[1:].tolist() == [0.0, 0.0, 1.0] and float(factors[0]) == pytest.approx(0.5, rel=1e-4)
    net = torch.nn.ParameterDict({"w": torch.nn.Parameter(torch.ones(1, 1))})
    taps = dp.Taps(net)
    found = taps.linear(torch.tensor([[1.0], [float("inf")]]), "w")
    assert torch.isfinite(taps.sums(found.sum(), plan)["w"]).all()


def test_noise_has_the_scale_that_is_claimed():
    net = torch.nn.ParameterDict({"w": torch.nn.Parameter(torch.zeros(100, 200))})
    plan = dp.Descent(rate=0.5, steps=1, clip=2.0, noise=3.0, batch=50.0)
    plan.release(dict(net.items()), {})
    # Standard error of a standard deviation from 20,000 draws: half a percent.
    assert float(net["w"].grad.std()) == pytest.approx(2.0 * 3.0 / 50.0, rel=0.03)
    first = net["w"].grad.clone()
    plan.release(dict(net.items()), {})
    assert not torch.equal(first, net["w"].grad)


def test_rows_are_in_a_step_by_chance_each_by_itself():
    seen = []
    net = torch.nn.ParameterDict({"w": torch.nn.Parameter(torch.zeros(1))})
    plan = dp.Descent(rate=0.2, steps=200, clip=1.0, noise=1.0, batch=100.0)
    dp.train_private(net, lambda batch: seen.append(batch) or {}, 500, plan, PLAIN, seed=0)
    sizes = np.array([len(batch) for batch in seen])
    # Binomial: mean 100, standard deviation 8.9.
    assert len(seen) == 200 and abs(sizes.mean() - 100) < 4 and 7 < sizes.std() < 11
    often = np.bincount(np.concatenate(seen), minlength=500)
    assert abs(often.mean() - 40) < 2 and 4.5 < often.std() < 7


def test_a_sample_may_be_empty():
    lesson = masked_lesson()
    plan = dp.Descent(rate=1e-9, steps=3, clip=1.0, noise=1.0, batch=1.0)
    curves = dp.train_private(lesson.net, lambda b: lesson.sums(b, plan), ROWS, plan, PLAIN, seed=0)
    assert curves.steps == 3


def released(values, trials, plan):
    """(trials,) noisy sums of the clipped gradients of a weight, whose gradient by each number is that number."""
    net = torch.nn.ParameterDict({"w": torch.nn.Parameter(torch.zeros(1, 1))})
    numbers, found = torch.tensor(values, dtype=torch.float32)[:, None], []
    for _ in range(trials):
        taps = dp.Taps(net)
        plan.release(dict(net.items()), taps.sums(taps.linear(numbers, "w").sum(), plan))
        found.append(float(net["w"].grad))
    return np.array(found)


def shown(plan, trials=400, threshold=3.0):
    """An epsilon that is exceeded, with 99 % confidence each, by telling a row of 5 from no row; delta is 1e-5."""
    from scipy.stats import beta

    without, with_row = released([0.1, -0.2], trials, plan), released([0.1, -0.2, 5.0], trials, plan)
    alarms, hits = int((without > threshold).sum()), int((with_row > threshold).sum())
    most = beta.ppf(0.99, alarms + 1, trials - alarms)
    least = beta.ppf(0.01, hits, trials - hits + 1) if hits else 0.0
    return float(np.log(max(least - 1e-5, 1e-9) / most))


def test_neighbouring_data_are_told_apart_only_when_it_is_broken(monkeypatch):
    plan = dp.Descent(rate=1.0, steps=1, clip=1.0, noise=2.0, batch=1.0)
    claimed = dpsgd_epsilon(2.0, rate=1.0, steps=1, delta=1e-5)[0]
    assert shown(plan) < claimed
    with monkeypatch.context() as broken:
        broken.setattr(dp.Descent, "factors", lambda self, squares: torch.ones_like(squares))
        assert shown(dp.Descent(1.0, 1, 1.0, 0.5, 1.0)) > claimed, "clipping is skipped"
    with monkeypatch.context() as broken:
        broken.setattr(dp, "noise", lambda: Noise(Still0()))
        assert shown(plan, threshold=0.5) > claimed, "there is no noise"


class Still0:
    """Noise that is none."""

    def normal(self, size):
        return np.zeros(size)


def trained(lesson, plan, seed=None, folder=None, stop=None):
    """Train; stop: how many steps before it is broken off."""
    seen = []

    def sums(batch):
        if stop is not None and len(seen) == stop:
            raise RuntimeError("killed")
        seen.append(batch)
        return lesson.sums(batch, plan)

    with watched(Watch(folder=folder, every=0.0)):
        if seed is None:
            return dp.train_private(lesson.net, sums, ROWS, plan, PLAIN, seed=0), seen
        with injected(np.random.default_rng(seed)):
            return dp.train_private(lesson.net, sums, ROWS, plan, PLAIN, seed=0), seen


def test_injected_noise_repeats_and_the_secure_one_does_not():
    plan = dp.Descent(rate=0.5, steps=3, clip=1.0, noise=1.0, batch=3.0)
    made = []
    for seed in (7, 7, 8, None, None):
        lesson = masked_lesson()
        trained(lesson, plan, seed)
        made.append(lesson.net["out"].detach())
    assert torch.equal(made[0], made[1]) and not torch.equal(made[0], made[2])
    assert not torch.equal(made[3], made[4])


def test_a_training_that_was_killed_keeps_its_count_and_draws_anew(tmp_path):
    plan = dp.Descent(rate=0.5, steps=12, clip=1.0, noise=1.0, batch=3.0)
    with pytest.raises(RuntimeError, match="killed"):
        trained(masked_lesson(), plan, folder=tmp_path, stop=8)
    lesson = masked_lesson()
    curves, seen = trained(lesson, plan, folder=tmp_path)
    assert curves.steps == 12 and len(seen) == 4
    assert len(curves.more[dp.NOISY]) == 12
    # With another noise it is another training: what stands there is not taken up.
    other = dp.Descent(rate=0.5, steps=12, clip=1.0, noise=2.0, batch=3.0)
    assert len(trained(masked_lesson(), other, folder=tmp_path)[1]) == 12


def test_ctrl_c_keeps_the_weights_of_the_steps_that_were_made():
    plan, lesson, seen = dp.Descent(rate=0.5, steps=50, clip=1.0, noise=1.0, batch=3.0), masked_lesson(), []

    def sums(batch):
        seen.append(batch)
        if len(seen) == 5:
            os.kill(os.getpid(), signal.SIGINT)
        return lesson.sums(batch, plan)

    curves = dp.train_private(lesson.net, sums, ROWS, plan, PLAIN, seed=0)
    assert curves.steps == 5 and curves.stopped == INTERRUPTED
    paid = dp.spending(plan, 1e-5, curves.steps)
    assert paid.epsilon == pytest.approx(dpsgd_epsilon(1.0, rate=0.5, steps=5, delta=1e-5)[0])
    assert paid.epsilon < dpsgd_epsilon(1.0, rate=0.5, steps=50, delta=1e-5)[0] and "5 of 50 steps" in paid.note


def test_no_loss_of_private_rows_is_told():
    lesson, plan = masked_lesson(), dp.Descent(rate=0.5, steps=3, clip=1.0, noise=1.0, batch=3.0)
    curves, _ = trained(lesson, plan)
    assert curves.train == () and curves.validation == () and list(curves.more) == [dp.NOISY]


def test_the_noise_is_what_the_budget_asks_for():
    plan = dp.descent(Budget(1.0, 1e-6), rate=0.1, steps=20, clip=1.0, rows=1000)
    assert plan.batch == 100 and 0.98 < dpsgd_epsilon(plan.noise, rate=0.1, steps=20, delta=1e-6)[0] <= 1.0
    import dp_accounting as account

    step = account.PoissonSampledDpEvent(0.1, account.GaussianDpEvent(plan.noise))
    found = account.pld.PLDAccountant().compose(step, 20).get_epsilon(1e-6)
    assert found == pytest.approx(dp.spending(plan, 1e-6, 20).epsilon, rel=0.01)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"rate": 0.0}, r"sampling rate is 0\.0"),
        ({"rate": 1.5}, r"sampling rate is 1\.5"),
        ({"steps": 0}, "0 steps learns nothing"),
        ({"clip": 0.0}, r"clipped to 0\.0"),
    ],
)
def test_a_plan_that_cannot_be(asked, told):
    with pytest.raises(BudgetError, match=told):
        dp.descent(Budget(1.0, 1e-6), **{"rate": 0.1, "steps": 5, "clip": 1.0, "rows": 100, **asked})


def test_a_network_that_mixes_examples_is_refused():
    plan = dp.Descent(rate=0.5, steps=1, clip=1.0, noise=1.0, batch=3.0)
    mixing = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
    with pytest.raises(BudgetError, match="BatchNorm1d: it mixes the examples"):
        dp.train_private(mixing, lambda batch: {}, 4, plan, PLAIN, seed=0)


def test_a_weight_used_twice_is_an_error():
    net = torch.nn.ParameterDict({"w": torch.nn.Parameter(torch.ones(2, 2))})
    taps = dp.Taps(net)
    found = taps.linear(taps.linear(torch.ones(3, 2), "w"), "w")
    with pytest.raises(AssertionError, match="used twice"):
        taps.sums(found.sum(), dp.Descent(1.0, 1, 1.0, 1.0, 3.0))


def test_what_was_measured_is_measured_once(tmp_path):
    calls = []

    def measure():
        calls.append(1)
        return {"a": np.arange(3)}

    for _ in range(2):
        dp.once("key", measure)
    assert len(calls) == 2
    with watched(Watch(folder=tmp_path / "deep")):
        found = [dp.once(key, measure)["a"].tolist() for key in ("key", "key", "other")]
    assert len(calls) == 4 and found == [[0, 1, 2]] * 3
