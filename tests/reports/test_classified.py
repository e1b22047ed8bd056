"""What a report tells of models that label texts: arms, worth, the curve, calibration, groups; in both languages."""

import numpy as np
import pytest

from trasunto.language.evaluate import Chances, evaluate_predictions
from trasunto.reports.blocks import Grid, Heading, Words
from trasunto.reports.classified import arm_name, classified, mean_f1, size_of
from trasunto.reports.classified_figures import language_model
from trasunto.reports.html import render
from trasunto.reports.report import Report

TRUTH = ["good", "bad"] * 60
GROUPS = {"place": ["inn", "bar", "bar"] * 40}


def arm(name, right, seed=0, draws=()):
    rng = np.random.default_rng(seed)
    called = [t if rng.random() < right else "good" if t == "bad" else "bad" for t in TRUTH]
    chances = Chances(("bad", "good"), np.array([[0.8, 0.2] if each == "bad" else [0.3, 0.7] for each in called]))
    facts = {"draws": list(draws)} if draws else {}
    return evaluate_predictions(name, TRUTH, called, trained_on=100, chances=chances, groups=GROUPS, facts=facts)


WORTH = {"synthetic": 1000, "count": 432.4, "low": 210.0, "high": 900.0, "side": "", "open": ["high"]}
PAIRED = {"value": -0.02, "interval": [-0.05, 0.01], "p": 0.2, "one_right": 7, "other_right": 12, "mcnemar": 0.36}


@pytest.fixture(scope="module")
def arms():
    return (
        arm("synthetic", 0.85),
        arm("real", 0.9),
        arm("synthetic + real", 0.92),
        arm("real + 0.5 synthetic", 0.91),
        arm("real, 5 per class", 0.7, draws=(0.6, 0.7, 0.8)),
        arm("real, 5 per class + synthetic", 0.86, draws=(0.85, 0.86, 0.9)),
        arm("real, 20 per class", 0.8),
    )


def told(arms, language, **facts):
    training = {"worth": WORTH, "differences": {"synthetic": PAIRED}, **facts}
    training["gains"] = [{"size": 5, "value": 0.17, "interval": [0.1, 0.24]}]
    figures = tuple(language_model(arms, language))
    return Report("t", evaluations=arms, figures=figures, facts={"training": training}, language=language)


def words_of(report):
    return " ".join(each.text for each in classified(report) if isinstance(each, Words))


def grids(report):
    found, name = {}, ""
    for each in classified(report):
        name = each.anchor if isinstance(each, Heading) else name
        if isinstance(each, Grid):
            found[name] = each
    return found


def test_every_table_is_there_and_says_what_was_measured(arms):
    found = grids(told(arms, "en"))
    assert list(found) == ["language-model", "learning-curve", "by-group", "per-class"]
    assert [row[0] for row in found["language-model"].rows] == [
        "synthetic", "real", "synthetic + real", "real + 0.5 synthetic for each",
    ]  # fmt: skip
    assert found["language-model"].head[-2:] == ("AUC", "ECE")
    assert found["learning-curve"].rows[0] == ("5", "0.700", "0.870", "0.170", "0.100 … 0.240")
    assert found["learning-curve"].rows[1][2:] == ("–", "–", "–")
    assert [row[:3] for row in found["by-group"].rows] == [("place", "bar", "80"), ("place", "inn", "40")]


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            "To this model, 1,000 synthetic texts are worth about 432 real ones (95 % interval 210 to 900 or more).",
        ),
        (
            "es",
            "Para este modelo, 1.000 textos sintéticos valen unos 432 reales (intervalo del 95 %: 210 a 900 o más).",
        ),
    ],
)
def test_worth_is_one_plain_sentence(arms, language, expected):
    assert expected in words_of(told(arms, language))
    page = render(told(arms, language))
    assert expected in page and "reliability" in page


def test_beyond_the_curve_and_older_findings_are_told_as_they_are(arms):
    less = {**WORTH, "side": "less", "open": ["low"], "low": 10.0}
    assert "worth less than 432 real ones" in words_of(told(arms, "en", worth=less))
    assert "10 or fewer to 900)" in words_of(told(arms, "en", worth=less))
    older = {"count": 20.0, "side": "more"}
    assert "more than 20 real examples per class" in words_of(told(arms, "en", worth=older))
    difference = {"value": -0.02, "interval": [-0.05, 0.01]}
    assert "Synthetic less real: -0.020" in words_of(told(arms, "en", differences={}, difference=difference))


def test_the_paired_test_is_told(arms):
    assert "only it is right on 7, only the real-trained model on 12 (McNemar's test: p = 0.360)" in words_of(
        told(arms, "en")
    )


def test_small_p_values_are_bounds(arms):
    tiny = {"synthetic": {**PAIRED, "mcnemar": 1e-9}}
    assert "McNemar's test: p < 0.001)" in words_of(told(arms, "en", differences=tiny))
    assert "McNemar: p < 0,001)" in words_of(told(arms, "es", differences=tiny))


def test_figures_hold_means_draws_and_bins(arms):
    figures = {each.name: each for each in language_model(arms, "en")}
    assert list(figures) == ["arms", "few", "reliability", "confusion"]
    rows = figures["few"].spec["data"]["values"]
    assert [(row["n"], row["kind"]) for row in rows] == [(5, "real alone"), (5, "real + synthetic"), (20, "real alone")]
    assert (rows[0]["value"], rows[0]["low"], rows[0]["high"]) == (pytest.approx(0.7), 0.6, 0.8)
    assert sum(row["count"] for row in figures["reliability"].spec["data"]["values"]) == 2 * len(TRUTH)
    plain = [evaluate_predictions("synthetic", TRUTH, TRUTH, trained_on=1)]
    assert [each.name for each in language_model(plain, "en")] == ["arms", "confusion"]
    assert language_model([], "en") == [] and classified(Report("t")) == []


def test_names_of_arms():
    assert size_of("real, 20 per class + synthetic") == size_of("real, 20 per class") == 20
    assert size_of("real") == size_of("tf-idf, real") == 0
    assert arm_name("real, 20 per class + synthetic", "es") == "real, 20 por clase, + sintético"
    assert arm_name("real + 0.5 synthetic", "es") == "real + 0,5 sintéticos por cada uno"
    assert arm_name("something else", "en") == "something else"
    assert mean_f1(arm("real", 1.0)) == 1.0
