import re

import pytest

from trasunto.metrics.score import Score
from trasunto.reports.limits import limits
from trasunto.reports.markdown import block_text
from trasunto.reports.report import Report
from trasunto.reports.risk_words import RISKS
from trasunto.reports.risks import answers, card, exceeded, risks, table
from trasunto.reports.sections import story


def risk(name, value, interval, rates=(0.3, 0.2, 0.1), control=0.0, subject=""):
    inside, outside, guess = rates
    return (
        Score(f"privacy.{name}", value, 0.0, interval, 0.0, control, subject),
        Score(f"privacy.{name}_success", inside, 0.0, (inside, inside), guess, outside, subject),
    )


def area(value, interval, sure=(0.0005, 0.0015)):
    low, high = sure
    return (
        Score("privacy.membership", value, 0.5, interval, 0.5, 0.5),
        Score("privacy.membership_tpr_1", 0.011, 0.01, (0.009, 0.013), 0.01, 0.01),
        Score("privacy.membership_tpr_01", (low + high) / 2, 0.001, sure, 0.001, 0.001),
    )


FINE = (
    *risk("singling_out", 0.0, (0.0, 0.02)),
    *risk("inference", 0.0, (0.0, 0.03)),
    *risk("inference", 0.0, (0.0, 0.03), subject="ill"),
    *area(0.502, (0.49, 0.51)),
)


def tones(report):
    return [row[1] for row in table(report).rows]


def test_nothing_found_is_no_proof():
    report = Report("Audit", FINE)
    assert tones(report) == ["no sign"] * 3
    assert "no proof" in answers(report)[0]
    assert card(report).tone == "good"
    text = "\n".join(block_text(block) for block in risks(report))
    assert "30 %" in text
    assert "reads ill off" in text


@pytest.mark.parametrize(
    ("value", "interval", "told"),
    [
        (0.01, (0.0, 0.05), "no sign"), (0.01, (0.0, 0.3), "no sign, few rows"),
        (0.03, (0.01, 0.05), "a little"), (0.1, (0.05, 0.15), "yes, some"), (0.5, (0.4, 0.6), "yes"),
    ],
)  # fmt: skip
def test_a_risk_in_words(value, interval, told):
    assert tones(Report("Audit", risk("linkability", value, interval))) == [told]


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        (area(0.502, (0.49, 0.51)), "no sign"), (area(0.52, (0.51, 0.53)), "a little"),
        (area(0.57, (0.55, 0.59)), "yes, some"), (area(0.7, (0.68, 0.72)), "yes"),
        # Nobody in general, and a few for sure: what distances miss.
        (area(0.505, (0.495, 0.515), sure=(0.008, 0.014)), "yes, some"),
        (area(0.6, (0.59, 0.61), sure=(0.2, 0.3)), "yes"),
    ],
)  # fmt: skip
def test_membership_in_words(scores, told):
    assert tones(Report("Audit", scores)) == [told]


def test_a_grave_leak_says_do_not_release():
    report = Report("Audit", (*FINE[2:], *risk("singling_out", 0.6, (0.5, 0.7))))
    assert answers(report)[0].startswith("Do not release")
    assert card(report).tone == "poor"
    assert "Next:" in "\n".join(block_text(block) for block in risks(report))


def test_without_a_control_nothing_is_cleared():
    report = Report("Audit", risk("singling_out", 0.2, (0.15, 0.25), control=None))
    assert tones(report) == ["no control"]
    assert "holdout" in answers(report)[0]


def test_unseen_rows_that_are_unlike_are_named_before_any_leak_is_claimed():
    grave = risk("inference", 0.6, (0.5, 0.7))
    alike, unlike_ = (Score("fidelity.c2st", 0.99, 0.5, (0.98, 1.0), 0.9, control) for control in (0.52, 0.97))
    facts = {"split": {"parts": {"holdout": {"rows": 400}}}}
    warned = Report("Audit", (*grave, unlike_), facts=facts)
    assert "no random part" in block_text(risks(warned)[1]) and "0.970" in block_text(risks(warned)[1])
    assert "false alarm" in card(warned).detail
    assert "no random part" in limits(warned)[0]
    told = Report("Audit", (*grave, alike), facts=facts)
    assert "no random part" not in "".join(block_text(block) for block in risks(told))
    assert "false alarm" not in card(told).detail
    # Thirty rows that are alike are told apart so well by chance.
    few = Report(
        "Audit",
        (*grave, Score("fidelity.c2st", 0.6, 0.5, (0.5, 0.7), 0.9, 0.65)),
        facts={"split": {"parts": {"holdout": {"rows": 30}}}},
    )
    assert "no random part" not in "".join(limits(few))


def test_findings_and_levels_come_first():
    facts = {
        "findings": [{"key": "found_copy"}, {"key": "found_shared", "share": 0.755}],
        "level": "internal",
        "left_out": [{"metric": "privacy.membership", "why": "Too few rows."}],
    }
    for language, words in (("en", "75.5 %"), ("es", "75,5 %")):
        report = Report("Audit", FINE, facts={"risks": facts}, language=language)
        lines = answers(report)
        assert words in lines[1]
        assert len(lines) == 5
        text = "\n".join(block_text(block) for block in risks(report))
        assert "Too few rows." in text


def test_no_attack_no_section_and_a_run_report_holds_it():
    assert risks(Report("Audit")) == []
    assert table(Report("Audit")) is card(Report("Audit")) is None
    anchors = [block.anchor for block in story(Report("Run", FINE)) if hasattr(block, "anchor")]
    assert "risks" in anchors


def test_distances_are_said_to_be_no_evidence():
    scores = (*FINE, Score("privacy.nearer_to_train", 0.5, 0.5, (0.49, 0.51), 0.5, 0.5))
    text = "\n".join(block_text(block) for block in risks(Report("Audit", scores)))
    assert "not evidence of privacy" in text


def test_both_languages_fill_the_same_gaps():
    for key, (english, spanish) in RISKS.items():
        assert set(re.findall(r"{(\w+)}", english)) == set(re.findall(r"{(\w+)}", spanish)), key


def test_a_guarantee_stands_beside_the_best_attack():
    # By hand: at epsilon 1 no attack finds more than 2.7 % at 1 % wrong, nor more than 0.27 % at 0.1 %.
    claim = {"guarantee": {"epsilon": 1.0, "delta": 1e-9}}
    fine = Report("Audit", FINE, facts={"risks": claim})
    assert "2.7" in "".join(block_text(block) for block in risks(fine))
    assert exceeded(claim["guarantee"], FINE) == []
    broken = area(0.505, (0.495, 0.515), sure=(0.008, 0.014))
    assert [score.metric for score in exceeded(claim["guarantee"], broken)] == ["privacy.membership_tpr_01"]
    text = "".join(block_text(block) for block in risks(Report("Audit", broken, facts={"risks": claim})))
    assert "does not hold" in text
    run = Report("Run", FINE, facts={"synthesis": {"guarantee": {"spent": {"epsilon": 1.0, "delta": 0.0}}}})
    assert "The two agree" in "".join(block_text(block) for block in risks(run))
