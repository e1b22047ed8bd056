"""What a report says of models that write."""

from trasunto.language.text_evaluation import TextEvaluation
from trasunto.reports.blocks import Card, Grid, Points, Words
from trasunto.reports.report import Report
from trasunto.reports.written import arm_of, made_ready, written, written_card, written_figure


def arm(name, chrf, examples=()):
    scores = {"chrf": chrf, "ter": 90.0}
    intervals = {"chrf": (chrf - 2, chrf + 2), "ter": (80.0, 100.0)}
    return TextEvaluation(name, "translation", 100, 40, scores, intervals, examples)


SAID = ({"prompt": "good day", "answer": "buen día", "expected": "buenos días"},)
ARMS = (arm("synthetic", 20.125, SAID), arm("real", 50.0), arm("memory, real", 30.0), arm("real, 50 examples", 25.0))
FACTS = {"training": {"difference": {"value": -30.0, "interval": [-35.0, -25.0]}, "worth": {"count": 31.7, "side": ""}}}


def told(language):
    return written(Report("Translator", written=ARMS, facts=FACTS, language=language))


def test_the_arms_stand_in_a_table_with_what_follows():
    blocks = told("en")
    table = next(each for each in blocks if isinstance(each, Grid))
    assert [row[0] for row in table.rows] == [
        "synthetic", "real", "nearest real question (no training)", "real, 50 examples",
    ]  # fmt: skip
    assert table.rows[0][2] == "20.125" and table.rows[0][-1] == "18.125 … 22.125"
    words = " ".join(each.text for each in blocks if isinstance(each, Words))
    assert "-30" in words.replace("−", "-") and "about 32 real ones" in words
    warned = next(each for each in blocks if isinstance(each, Points))
    assert len(warned.items) == 2


def test_it_is_told_in_spanish_and_shows_answers():
    blocks = told("es")
    tables = [each for each in blocks if isinstance(each, Grid)]
    assert tables[0].rows[0][2] == "20,125"
    assert tables[1].rows == (("good day", "buen día", "buenos días"),)


def test_card_and_figure_show_the_leading_score():
    card = written_card(Report("T", written=ARMS))[0]
    assert isinstance(card, Card) and card.value == "chrF 20.125" and "; 50 when" in card.detail and card.tone == "poor"
    values = written_figure(ARMS, "en").spec["data"]["values"]
    assert [each["value"] for each in values] == [20.125, 50.0, 30.0, 25.0] and values[0]["made"]
    assert written_figure((), "en") is None and written_card(Report("T")) == []
    assert arm_of("something else", "en") == "something else"


def test_what_was_made_ready_is_told():
    steps = [
        {"name": "clean", "changed": 3, "left_out": 0, "added": 0},
        {"name": "split", "changed": 0, "left_out": 9, "added": 0},
    ]
    blocks = made_ready({"prepared": {"steps": steps}}, "en")
    assert blocks[-1].rows == (("clean", "3", "0", "0"),)
    assert made_ready({}, "en") == []


def test_a_report_is_read_as_it_was_written():
    report = Report("Translator", written=ARMS, facts=FACTS)
    assert Report.from_dict(report.to_dict()).written == ARMS
