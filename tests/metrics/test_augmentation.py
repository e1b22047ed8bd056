import numpy as np
import pytest

from trasunto.metrics import augmentation
from trasunto.metrics.answers import answered, auc, known, task_of
from trasunto.metrics.augmentation import augmentation as gain
from trasunto.metrics.frames import arrays
from trasunto.metrics.score import Comparison


def test_few_real_rows_gain_from_good_ones_and_lose_by_noise(draw):
    real, made, unseen = draw(400, 0), draw(800, 1), draw(1_600, 2)
    scores = gain(Comparison(real, made, unseen, target="rich"))
    assert [score.subject for score in scores] == ["", "10% of the training rows"]
    few = scores[1]
    assert few.interval[0] > 0
    assert few.value == pytest.approx(few.control, abs=0.03)
    assert few.baseline < few.value - 0.1
    assert few.value < few.goal
    # With all the real rows there is less to gain.
    assert scores[0].value < few.value
    rng = np.random.default_rng(0)
    noise = draw(800, 1, rich=("boolean", rng.random(800) < 0.5))
    assert gain(Comparison(real, noise, unseen, target="rich"))[1].value < -0.05


def test_a_number_gains_in_variance_explained(draw):
    scores = gain(Comparison(draw(300, 0), draw(600, 1), draw(800, 2), target="income"))
    assert scores[1].value > 0.05
    assert "R²" in scores[0].reading


def test_the_interval_is_paired(draw):
    """It is the bootstrap's over test rows that both models answer, and far narrower than two apart would give."""
    comparison = Comparison(draw(200, 0), draw(400, 1), draw(800, 2), target="rich")
    whole = gain(comparison)[0]
    given = arrays(comparison)
    task = task_of(comparison, given)
    rng = np.random.default_rng(0)
    unseen = rng.permutation(task.test)
    real = rng.permutation(known(given.parts["real"], task.place))
    made = augmentation.at_most(given.parts["synthetic"], 400, rng)
    task = augmentation.replace(task, test=unseen[400:])
    both = [answered(given, task, rows, augmentation.BOOSTED, 0) for rows in (np.concatenate([real, made]), real)]
    drawn, apart = [], []
    for _ in range(300):
        rows, others = rng.integers(0, 400, 400), rng.integers(0, 400, 400)
        parts = [
            type(each)(each.truth[place], each.called[place], each.chances[place], each.classes)
            for each, place in ((both[0], rows), (both[1], rows), (both[1], others))
        ]
        value = [auc(part)[0] for part in parts]
        drawn.append(value[0] - value[1])
        apart.append(value[0] - value[2])
    half = (whole.interval[1] - whole.interval[0]) / 2
    assert half == pytest.approx(1.96 * np.std(drawn), rel=0.2)
    assert half < 1.96 * np.std(apart)


def test_too_little_to_learn_from_gives_nothing(draw):
    assert gain(Comparison(draw(19, 0), draw(50, 1), draw(50, 2), target="rich")) == ()
    assert gain(Comparison(draw(50, 0), draw(50, 1), draw(50, 2))) == ()
    assert gain(Comparison(draw(50, 0), draw(50, 1), target="rich")) == ()
    assert len(gain(Comparison(draw(50, 0), draw(50, 1), draw(50, 2), target="rich"))) == 1
