"""Gates on what nothing measures are refused before anything is measured; what metrics give is known by name."""

import re
from pathlib import Path

import pytest

import trasunto as tr
from trasunto import registry
from trasunto.errors import RecipeError
from trasunto.metrics import measure
from trasunto.metrics.gates import BY_MEASURE, FURTHER, OF_MODELS, check_applies, check_gates
from trasunto.metrics.score import Comparison, Gate

# Said of parts only, and never as a whole.
OF_PARTS = {
    "fairness.share",
    "fairness.label_rate",
    "fairness.missing_share",
    "fairness.selection_rate",
    "fairness.true_positive_rate",
    "fairness.false_positive_rate",
    "fairness.precision",
    "fairness.group_calibration",
    "fairness.group_auc",
}


def gate(name):
    return [Gate.parse(f"{name} <= 0.5")]


def test_names_in_the_source_are_known():
    known = {*registry.names("metrics"), *registry.names("relations"), *OF_MODELS, *OF_PARTS}
    known |= {score for scores in FURTHER.values() for score in scores}
    folder = Path(measure.__file__).parent
    written = {
        name
        for path in folder.rglob("*.py")
        for name in re.findall(r'Score\(\s*"([a-z]+\.[a-z_0-9]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(written) > 40
    assert written <= known


def test_what_is_measured_is_known(build):
    parts = [
        build(
            a=("number", [(k * m) % 97 / 9 for k in range(160)]),
            g=("category", list("ffmmm") * 32),
            t=("category", list("yn") * 80),
        )
        for m in (31, 37, 41)
    ]
    comparison = Comparison(*parts, target="t", protected=("g",))
    names = [name for name in registry.names("metrics") if name not in BY_MEASURE]
    scores = measure.measure(comparison, [measure.USUAL])
    found = {score.metric for score in scores if not score.subject}
    known = {score for name in names for score in (name, *FURTHER.get(name, ()))}
    assert len(found) > 20
    assert {name for name in found if not name.startswith(BY_MEASURE)} <= known


def test_a_gate_on_nothing_is_refused_with_what_to_do():
    check_gates([*gate("fidelity.c2st"), *gate("upper(privacy.inference_success)")], ["usual"])
    check_gates(gate("utility.learners_accuracy"), ["utility.learners"])
    check_gates(gate("privacy.epsilon"), ["usual"], OF_MODELS)
    check_gates(gate("privacy.families"), ["relations"])
    with pytest.raises(RecipeError, match="not measured") as refused:
        check_gates(gate("fidelity.c3st"), ["usual"])
    assert "'fidelity.c2st'" in str(refused.value)
    with pytest.raises(RecipeError, match=r"Add fidelity.precision to the metrics"):
        check_gates(gate("fidelity.recall"), ["usual"])
    with pytest.raises(RecipeError, match=r"Add relations.shapes to the metrics"):
        check_gates(gate("relations.shapes"), ["fidelity"])


def test_evaluate_refuses_before_it_measures(build, monkeypatch):
    one, other = build(a=("integer", list(range(40)))), build(a=("integer", list(range(1, 41))))
    monkeypatch.setattr(measure, "measure", lambda *_, **__: pytest.fail("measured"))
    with pytest.raises(RecipeError, match="not measured"):
        tr.evaluate(one, other, gates=["fidelity.c3st <= 0.6"])


def three(build, **columns):
    """Real, synthetic and unseen rows that differ a little."""
    rows = {
        "a": lambda m: ("number", [(k * m) % 97 / 9 for k in range(160)]),
        "g": lambda m: ("category", list("ffmmm") * 32),
        "t": lambda m: ("category", list("yn") * 80),
        "words": lambda m: ("text", [f"it was {k * m % 13} of {k} days that we waited" for k in range(160)]),
    }
    return [build(**{name: rows[name](m) for name in columns or rows}) for m in (31, 37, 41)]


@pytest.mark.parametrize("target", ["t", None])
@pytest.mark.parametrize("protected", [("g",), ()])
@pytest.mark.parametrize("unseen", [True, False])
def test_only_what_is_not_measured_is_said_not_to_apply(build, target, protected, unseen):
    real, made, holdout = three(build)
    comparison = Comparison(real, made, holdout if unseen else None, target=target, protected=protected)
    schema = real.only.schema
    found = {score.metric for score in measure.measure(comparison, [measure.USUAL]) if not score.subject}
    assert len(found) > 12
    for name in found:
        check_applies(gate(name), schema, target=target, protected=protected, holdout=unseen)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("fidelity.text_words", "free text"),
        ("sequences.lengths", "no events"),
        ("utility.tstr_f1", "no target"),
        ("utility.learners_f1", "no target"),
        ("fairness.parity", "no column is protected"),
        ("privacy.membership_tpr_1", "no holdout"),
        ("fidelity.constraints", "no rule"),
    ],
)
def test_a_gate_that_cannot_apply_is_refused_before_anything_is_measured(build, name, why, monkeypatch):
    real, made, _ = three(build, a=1, g=1, t=1)
    monkeypatch.setattr(measure, "scored", None)
    with pytest.raises(RecipeError, match=f"does not apply: .*{why}"):
        tr.evaluate(real, made, gates=[f"{name} <= 0.5"], metrics=["full"])
    with pytest.raises(RecipeError, match="the target 'words' is text"):
        check_applies(gate("utility.tstr"), three(build)[0].only.schema, target="words")
