"""What a report says of related tables, of samples and of versions, in both languages."""

import pytest

from trasunto.metrics.score import Score
from trasunto.registry import GROUPS
from trasunto.reports.report import Report
from trasunto.reports.words import known, say


def told(language="en", scores=(), **facts):
    from trasunto.reports.markdown import render

    return render(Report("x", scores=tuple(scores), facts=facts, language=language))


DATA = {
    "rows": 5,
    "columns": [],
    "tables": [
        {"name": "town", "rows": 2, "columns": 2, "key": ["code"], "refers": [], "copied": True},
        {"name": "house", "rows": 3, "columns": 2, "key": ["no"], "copied": False,
         "refers": [{"columns": ["place"], "table": "town", "references": ["code"]}]},
    ],
}  # fmt: skip


def test_tables_their_keys_and_families_are_told():
    text = told(data=DATA, split={"root": "house", "shared": ["town"], "parts": {"train": {"rows": 3, "digest": "d"}}})
    assert "| house | 3 | 2 | no | place → town | synthesised |" in text
    assert "| town | 2 | 2 | code |  | copied |" in text
    assert "rows of house were shared out" in text and "both sides: town" in text


def test_what_was_sampled_and_which_version_was_read_is_told():
    drawn = {
        "sampled": {"rows": 1000, "of": 10_000_000, "seed": 3},
        "versions": {"visits": {"version": 2, "last_version": 4}},
    }
    assert "1,000 rows of 10,000,000" in told(data={**DATA, **drawn})
    assert "Hay una más nueva, 4." in told("es", data={**DATA, **drawn})


def test_where_rows_went_and_that_a_failed_gate_keeps_them():
    made = {"rows": 5, "synthesizer": "relational", "seed": 0, "fit_seconds": 1.0, "sample_seconds": 1.0}
    assert "Delivered to db: 2 town, 3 house." in told(
        synthesis=made, delivered={"to": "db", "rows": {"town": 2, "house": 3}}
    )
    assert "Nothing was delivered" in told(synthesis=made, delivered={"kept_back": True})


def test_the_worst_along_the_keys_come_first():
    scores = [
        Score("relations.hop1", 0.1, 0.0),
        *(Score("relations.hop1", v, 0.0, subject=f"pair {v}") for v in (0.01, 0.3)),
    ]
    text = told(scores=scores)
    assert text.index("pair 0.3") < text.index("pair 0.01")


@pytest.mark.parametrize("name", [*GROUPS["relations"], *(n for n in GROUPS["metrics"] if n.startswith("sequences."))])
def test_every_measure_is_explained_in_both_languages(name):
    name = {"relations.families": "privacy.families", "relations.histories": "sequences.lengths"}.get(name, name)
    assert known(name) and say(name, "en") != say(name, "es")
