"""The page of risks answers the questions of texts and of language models, in both languages."""

import pytest

from trasunto.metrics.score import Score
from trasunto.reports.report import Report
from trasunto.reports.risks import risks, table
from trasunto.reports.words import say

SCORES = (
    Score("privacy.verbatim_text", 0.3, 0.0, (0.25, 0.35), 0.0, 0.01),
    Score("privacy.near_duplicates", 0.0, 0.0, (0.0, 0.01), 0.0, 0.0),
    Score("privacy.replayed_identifiers", 0.1, 0.0, (0.05, 0.15), 0.0, 0.0),
    Score("privacy.extraction", 0.02, 0.0, (0.0, 0.05), 0.0, 0.01),
    Score("privacy.membership_echoes", 0.5, 0.5, (0.47, 0.53), 0.5, 0.5),
    Score("privacy.membership_echoes_tpr_1", 0.012, 0.01, (0.005, 0.02), 0.01, 0.01),
    Score("privacy.membership_text", 0.8, 0.5, (0.75, 0.85), 0.5, 0.5),
)


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_attack_on_texts_has_a_question_an_answer_and_a_paragraph(language):
    report = Report("Risks", SCORES, language=language)
    grid = table(report)
    assert grid is not None
    found = {row[0]: row[1] for row in grid.rows}
    asked = {
        name: say(f"risk.ask_{name}", language)
        for name in (
            "verbatim_text",
            "near_duplicates",
            "replayed_identifiers",
            "extraction",
            "membership_text",
            "membership_echoes",
        )
    }
    assert set(asked.values()) == set(found)
    assert found[asked["verbatim_text"]] == found[asked["membership_text"]] == say("risk.tone_grave", language)
    assert found[asked["near_duplicates"]] == found[asked["extraction"]] == say("risk.tone_none", language)
    assert found[asked["membership_echoes"]] == say("risk.tone_none", language)
    assert found[asked["replayed_identifiers"]] == say("risk.tone_clear", language)
    told = str(risks(report))
    assert "{" not in told.replace("{}", "")
