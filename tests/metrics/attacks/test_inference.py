import numpy as np
import polars as pl
import pytest

from trasunto.data.dataset import Table
from trasunto.errors import MetricError
from trasunto.metrics.attacks.inference import inference
from trasunto.metrics.score import Comparison


def secretive(draw, seed, rows=2_000):
    """People with a secret that nothing else tells."""
    secret = np.random.default_rng(seed + 100).choice(["a", "b", "c", "d"], rows)
    return draw(rows, seed, secret=("category", secret.tolist()))


def test_equal_law_gives_no_risk_for_any_column(draw):
    comparison = Comparison(secretive(draw, 0), secretive(draw, 1), secretive(draw, 2))
    headline, _, *each = inference(comparison)
    assert headline.interval[0] == 0.0
    assert {score.subject for score in each} == {"age", "job", "income", "rich", "secret"}
    found = {(s.metric, s.subject): s for s in each}
    secret = found["privacy.inference_success", "secret"]
    assert secret.value == pytest.approx(0.25, abs=0.04)
    assert secret.baseline == pytest.approx(0.25, abs=0.04)
    # What hangs together is guessed of anybody, and that is no leak.
    rich = found["privacy.inference_success", "rich"]
    assert rich.value > rich.baseline + 0.05
    assert abs(rich.value - rich.control) < 0.03
    again = Comparison(secretive(draw, 0), secretive(draw, 1), secretive(draw, 2))
    assert inference(again)[0] == headline


def test_a_copied_secret_fires_it_and_is_named(draw):
    real, made = secretive(draw, 0), secretive(draw, 1)
    # The rows are new but for what tells people apart and the secret: those of the first 400 are copied.
    rows = made.rows.with_columns(
        pl.concat([real.rows[name].head(400), made.rows[name].slice(400)]).alias(name)
        for name in ("age", "income", "secret")
    )
    leaky = made.with_table(Table(made.only.schema, rows))
    comparison = Comparison(real, leaky, secretive(draw, 2), keys=("age", "income"), secrets=("secret", "rich"))
    headline, success, *_ = inference(comparison)
    assert headline.interval[0] > 0.05
    assert headline.value == pytest.approx(0.2, abs=0.06)
    assert "secret" in headline.reading
    assert "Known: age + income" in headline.reading
    assert success.value > success.control + 0.1


def test_a_full_copy_gives_all_away(draw):
    real = secretive(draw, 0)
    assert inference(Comparison(real, real, secretive(draw, 2), secrets=("secret",)))[0].value >= 0.8


def test_roles_choose_the_secrets(draw):
    real = secretive(draw, 0, 200).with_role("secret", "sensitive")
    comparison = Comparison(real, secretive(draw, 1, 200), target="rich")
    assert {score.subject for score in inference(comparison)} == {"", "secret", "rich"}


def test_numbers_within_five_percent_and_missing_by_missing(build):
    keys = np.arange(200)
    real = build(k=("integer", keys), x=("number", [None if k % 4 == 0 else 100.0 for k in keys]))
    near = build(k=("integer", keys), x=("number", [None if k % 4 == 0 else 104.9 for k in keys]))
    far = build(k=("integer", keys), x=("number", [None if k % 4 == 0 else 105.1 for k in keys]))
    assert inference(Comparison(real, near, secrets=("x",)))[0].value == 1.0
    assert inference(Comparison(real, far, secrets=("x",)))[0].value == 0.25


@pytest.mark.parametrize(("name", "why"), [("id", "is id"), ("always", "one value only")])
def test_secrets_that_are_none(draw, name, why):
    parts = [draw(100, seed, always=("category", ["x"] * 100)) for seed in range(3)]
    with pytest.raises(MetricError, match=why):
        inference(Comparison(*parts, secrets=(name,)))
    with pytest.raises(MetricError, match="No secret column"):
        Comparison(*parts, secrets=("nothing",))
