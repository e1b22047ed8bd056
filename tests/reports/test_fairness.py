import pytest

from trasunto.metrics.score import Score
from trasunto.reports.fairness import fairness, fairness_figures
from trasunto.reports.report import Report
from trasunto.reports.sections import story


def score(metric, value, subject="", control=0.2):
    return Score(f"fairness.{metric}", value, 0.0, (value - 0.05, value + 0.05), 0.0, control, subject)


@pytest.fixture
def told():
    """Scores and facts as a run that repaired its rows has them."""
    scores = (
        score("representation", 0.01, "sex"),
        score("demographic_parity", 0.1),
        score("demographic_parity", 0.1, "sex"),
        score("demographic_parity", 0.3, "sex × region"),
        *(score(rate, 0.3, f"sex: {group}") for rate in ("label_rate", "selection_rate") for group in "fm"),
        score("amplification", 0.1, "sex"),
    )
    mark = {"mode": "decisions", "intensity": 1.0, "outcomes_changed": 0.035, "rows_added": 0, "others": 0.0}
    flag = {"metric": "fairness.equalized_odds", "subject": "sex", "value": 0.25, "limit": 0.1, "as_real": True}
    small = {"column": "region", "group": "island", "rows": {"real": 12, "holdout": 9}, "judged": False}
    facts = {
        "protected": ["sex"],
        "positive": "yes",
        "flags": [flag],
        "amplification": {"sex": "amplified"},
        "groups": [small],
        "repair": {"mark": {**mark, "left_alone": ["island"]}},
        "before": [score("demographic_parity", 0.3, "sex").to_dict()],
        "after": [score("demographic_parity", 0.1, "sex").to_dict()],
        "cost": {"utility.tstr": -0.012},
        "frontier": [
            {"mode": mode, "intensity": i, "auc": 0.9 - i / 50, "demographic_parity": 0.2 - i / 6, "accuracy": 0.8}
            for mode in ("decisions", "parity")
            for i in (0.0, 1.0)
        ],
        "budgets": [
            {"epsilon": 1.0, "column": "sex", "error": 0.2, "worst_group": "f", "worst_error": 0.31, "unequal": True},
            {"epsilon": None, "column": "sex", "error": 0.1, "worst_group": "m", "worst_error": 0.1, "unequal": False},
        ],
    }
    return scores, facts


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["Who is served", "justify it in writing", "has made the bias greater", "island (9)", "3.5 %", "−0.012"],
        ),
        (
            "es",
            ["A quién se sirve", "justificarlo por escrito", "ha aumentado el sesgo", "island (9)", "3,5 %", "−0,012"],
        ),
    ],
)
def test_the_section_tells_all_that_is_known_in_both_languages(told, language, words, tmp_path):
    scores, facts = told
    figures = tuple(each for each in fairness_figures(scores, facts, language) if each)
    assert [each.name for each in figures] == ["groups", "repair", "frontier"]
    report = Report("T", scores, figures=figures, facts={"fairness": facts}, language=language)
    report.write(tmp_path / "report.md")
    text = (tmp_path / "report.md").read_text()
    for word in words:
        assert word in text
    assert "sex × region" in text
    assert "Results" not in text and "Resultados" not in text
    report.write(tmp_path / "report.html")
    assert "vega" in (tmp_path / "report.html").read_text()


def test_figures_hold_what_was_measured(told):
    scores, facts = told
    groups, repair, frontier = fairness_figures(scores, facts, "en")
    panel = groups.spec["vconcat"][0]["hconcat"][0]
    assert panel["layer"][0]["encoding"]["y"]["scale"]["domain"] == ["f", "m"]
    assert {row["value"] for row in panel["data"]["values"]} == {0.3, 0.2}
    assert [row["value"] for row in repair.spec["data"]["values"]] == [0.3, 0.1]
    assert {row["mode"] for row in frontier.spec["data"]["values"]} == {"decisions", "parity"}


def test_a_synthesis_that_reduced_or_kept_the_bias_is_said(told):
    scores, facts = told
    for verdict, words in (("reduced", "smaller, by 10 points"), ("kept", "as it is (5.0 to 15.0 points)")):
        report = Report("T", scores, facts={"fairness": {**facts, "amplification": {"sex": verdict}}})
        assert words in str(fairness(report))


def test_nothing_is_said_where_nobody_was_looked_at():
    report = Report("T", (Score("utility.tstr", 0.9, 1.0, control=0.9),))
    assert fairness(report) == []
    assert not [block for block in story(report) if "fairness" in str(block)]
    assert fairness_figures((), {}, "en") == [None, None, None]


def test_no_flag_is_said_too(told):
    scores, facts = told
    assert "No figure lies beyond its limit." in str(
        fairness(Report("T", scores, facts={"fairness": {**facts, "flags": []}}))
    )
