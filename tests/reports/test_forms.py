"""A report in every form and both languages, empty, full, and with names that try to break out."""

import json
import re

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FileError, RecipeError
from trasunto.language.evaluate import evaluate_predictions
from trasunto.metrics.score import Comparison, Gate, Score
from trasunto.reports import html, markdown, notebook, pdf
from trasunto.reports.blocks import Cards
from trasunto.reports.figures import picture
from trasunto.reports.limits import limits
from trasunto.reports.report import Report
from trasunto.reports.sections import story
from trasunto.reports.words import number, percent

HOSTILE = ["<script>alert(1)</script>", "a|b*c_d`$#", "😀 مرحبا", "x" * 200, '"]) #panic("out")', "</script><b>"]


def comparison():
    from trasunto.metrics.score import Comparison

    rows = {
        name: [f"<i>{i % 3}" if n % 2 else str((i * (n + 3)) % 7) for i in range(60)] for n, name in enumerate(HOSTILE)
    }
    rows["age"] = [i % 17 for i in range(60)]
    schema = TableSchema((*(Column(name, "category") for name in HOSTILE), Column("age", "integer")))

    def part(shift):
        frame = pl.DataFrame(rows)
        return Dataset.of(Table(schema, pl.concat([frame.tail(60 - shift), frame.head(shift)])[:50]))

    return Comparison(part(0), part(5), part(9), target=HOSTILE[0])


def full(language="en"):
    given = comparison()
    from trasunto.metrics.measure import measure

    scores = measure(given)
    truth = ["<b>yes</b>", "no|x"] * 30
    arms = [
        evaluate_predictions(arm, truth, truth[shift:] + truth[:shift], trained_on=9, facts={})
        for arm, shift in (
            ("synthetic", 1),
            ("real", 0),
            ("real, 5 per class", 3),
            ("real, 20 per class", 2),
            ("majority", 1),
        )
    ]
    facts = {
        "use_case": "A <use> case with | and *stars*",
        "data": {
            "source": "rows.csv", "licence": "", "rows": 60, "breaches": ["t.c: 1 missing values (rows 4)"],
            "columns": [{"name": n, "kind": "category", "role": "", "missing": 1, "distinct": 3, "reason": "<r>"} for n in HOSTILE],
        },
        "split": {"seed": 0, "stratify": HOSTILE[0], "group": None, "shared_rows": 2,
                  "parts": {"train": {"rows": 50, "digest": "ab" * 32}, "holdout": {"rows": 50, "digest": "cd" * 32}}},
        "synthesis": {
            "synthesizer": "tree", "settings": {"bins": 3}, "seed": 0, "rows": 50, "fit_seconds": 1.5, "sample_seconds": 0.2,
            "guarantee": None, "curation": {"written": 9, "kept": 5, "rejected": {"verbatim": 4}, "relabelled": 3},
            "method": {"method": "Trees.", "settings": {"bins": 3}, "curves": {"training loss": [2.0, 1.0]}},
        },
        "training": {
            "task": "classification", "base": "minilm-l6", "architecture": "an encoder", "parameters": 10, "trained_parameters": 2,
            "hyperparameters": {"epochs": 2, "max_seconds": float("1e9")}, "examples": 9, "curves": {"validation loss": [1.0, 0.5]},
            "prepare": {"synthetic": {"texts": 9, "kept": 8}, "real": {"texts": 9, "kept": 9}},
            "difference": {"value": -0.5, "interval": [-0.6, -0.4]}, "worth": {"count": 7.2, "side": ""},
        },
        "run": {"id": "r", "finished": "2026-01-01T00:00:00Z", "seconds": 3.0, "versions": {"python": "3.11"}, "cores": 2,
                "seed": 0, "digest": "ef" * 32, "recipe": "title: '```'\nseed: 0\n"},
    }  # fmt: skip
    verdict = Gate.parse("fidelity.shapes <= 0.5").verdict(scores)
    figures = picture(given, scores, arms, facts, language)
    return Report("A <title> & more", tuple(scores), tuple(arms), (verdict,), figures, facts, language)


@pytest.fixture(scope="module", params=["en", "es"])
def report(request):
    return full(request.param)


def test_html_is_one_file_that_asks_nobody_for_anything(report):
    page = html.render(report)
    assert not re.search(r'(src|href)="(https?:)?//', page)
    assert not re.search(r"@import|url\(\s*['\"]?https?:", page)
    assert page.endswith("</html>\n")


def test_html_lets_no_name_out_of_its_place(report):
    page = html.render(report)
    body = re.sub(r"<script.*?</script>", "", page, flags=re.S)
    assert "<script>alert" not in body and "<b>yes" not in body and "<use>" not in body
    for name, spec in re.findall(r'<script type="application/json" id="([^"]+)">(.*?)</script>', page, flags=re.S):
        assert json.loads(spec)["$schema"], name


def test_texts_that_were_kept_for_all_that_are_counted(report):
    page = html.render(report)
    kept = {"en": "3 of those judged to carry another label were kept", "es": "otra etiqueta, 3 se conservaron"}
    assert kept[report.language] in page and "because there were no others" not in page


def test_every_figure_is_drawn_and_holds_no_row(report):
    from trasunto.reports.pictures import svg

    assert {figure.section for figure in report.figures} >= {"results", "training", "synthesis"}
    for figure in report.figures:
        assert svg(figure).startswith("<svg")


def test_whole_numbers_are_drawn_at_whole_numbers_and_in_the_marks_of_the_language():
    rows = {"sex": [0, 1] * 60, "age": [20 + i % 70 for i in range(120)], "pay": [i / 8 for i in range(120)]}
    data = tr.read(rows)
    drawn = {}
    for at in ("en", "es"):
        figures = picture(Comparison(data, data), (), (), {}, at)
        assert (figures[0].spec.get("config", {}).get("locale") is None) == (at == "en")
        panels = next(each for each in figures if each.name == "shapes").spec["concat"]
        drawn[at] = {p["title"]["text"]: list(dict.fromkeys(v["bin"] for v in p["data"]["values"])) for p in panels}
    assert drawn["en"]["sex"] == ["0", "1"]
    assert drawn["en"]["age"][:2] == ["20", "24"]
    assert any("," in label for label in drawn["es"]["pay"]) and not any("." in label for label in drawn["es"]["pay"])


@pytest.mark.parametrize(("control", "tone"), [(0.51, "good"), (None, "fair")])
def test_without_unseen_rows_likeness_is_not_praised(control, tone):
    scores = (Score("fidelity.c2st", 0.3, 0.5, (0.27, 0.33), 0.4, control),)
    report = Report("Synthetic data, measured", scores, {}, language="es")
    cards = next(block for block in story(report) if isinstance(block, Cards)).cards
    assert cards[0].tone == tone
    assert ("reserva" in cards[0].detail) == (control is None)


def test_bars_of_many_categories_stand_apart_under_their_names():
    many = [f"town {number}" for number in range(12) for _ in range(12 - number)] + [None] * 3
    rows = pl.DataFrame({"town": many, "sex": ["f", "m", "m"] * (len(many) // 3)})
    data = Dataset.of(Table(TableSchema((Column("town", "category"), Column("sex", "category"))), rows))
    spec = next(f for f in picture(Comparison(data, data), (), (), {}) if f.name == "shapes").spec
    town, sex = spec["concat"]
    assert spec["resolve"]["scale"]["xOffset"] == "independent"
    assert town["encoding"]["x"]["axis"]["labelOverlap"] is False
    names = [each["bin"] for each in town["data"]["values"] if each["part"] == "real"]
    assert names == [*(f"town {number}" for number in range(7)), "…", "∅"]
    assert [each["bin"] for each in sex["data"]["values"] if each["part"] == "real"] == ["m", "f"]


def test_a_few_whole_numbers_are_bars_and_many_a_line():
    data = tr.read(
        {"sex": [0, 1] * 60, "age": [20 + i % 70 for i in range(120)], "at": ["09:30", "17:00", "12:15"] * 40}
    )
    spec = next(f for f in picture(Comparison(data, data), (), (), {}) if f.name == "shapes").spec
    sex, age, at = spec["concat"]
    assert (sex["mark"]["type"], age["mark"]["type"]) == ("bar", "line")
    assert "xOffset" in sex["encoding"] and "xOffset" not in age["encoding"]
    assert at["data"]["values"][0]["bin"] == "09:30"


def test_no_figure_of_a_card_stands_without_its_interval():
    scores = (
        *TestLimits.CLEAN[:4],
        Score("utility.tstr_ratio", 0.99, 1.0, (0.98, 1.01), 0.5, 1.0),
    )
    cards = next(block for block in story(Report("x", scores, language="es")) if isinstance(block, Cards)).cards
    assert all("intervalo del 95 %" in card.detail for card in cards)
    assert "0,510 … 0,530" in cards[0].detail and "98 % … 101 %" in cards[1].detail


def test_pdf_and_markdown_and_inline(report):
    assert pdf.render(report).startswith(b"%PDF")
    text = markdown.render(report)
    assert text.startswith("# A \\<title\\>")
    assert all(line.count(" | ") >= 1 for line in text.splitlines() if line.startswith("| "))
    assert "<script>alert" not in report._repr_html_()


def test_no_english_word_is_left_in_the_spanish_report():
    from trasunto.reports.words import WORDS

    spanish = markdown.render(full("es"))
    for key in ("summary", "data", "results", "limits", "privacy_told", "limit_guarantee", "repeat"):
        english = WORDS[key][0]
        assert english not in spanish, key
    assert "Límites y próximos pasos" in spanish


def test_the_notebook_has_been_executed():
    text = notebook.render(full())
    cells = json.loads(text)["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code and all(cell["outputs"] for cell in code)
    assert any("image/svg+xml" in output.get("data", {}) for cell in code for output in cell["outputs"])


def test_json_comes_back(report, tmp_path):
    report.write(tmp_path / "r.json")
    again = Report.load(tmp_path / "r.json")
    assert again.to_dict() == report.to_dict()
    with pytest.raises(FileError, match="not a report"):
        (tmp_path / "x.json").write_text("{}")
        Report.load(tmp_path / "x.json")


def test_an_empty_report_renders_in_every_form():
    empty = Report("Nothing")
    assert story(empty) == ()
    assert "Nothing" in html.render(empty) and "Nothing" in markdown.render(empty)
    assert pdf.render(empty).startswith(b"%PDF")


def test_unknown_forms_and_languages_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"\.html"):
        Report("x").write(tmp_path / "r.htm")
    with pytest.raises(RecipeError, match="'fr'"):
        Report("x", language="fr")


class TestLimits:
    """Each rule fires on a planted number and is silent on a clean one."""

    CLEAN = (
        Score("fidelity.c2st", 0.52, 0.5, (0.51, 0.53), 0.9, 0.5),
        Score("privacy.exact_copies", 0.001, 0.0, (0.0, 0.002), 0.0, 0.001),
        Score("privacy.nearer_to_train", 0.50, 0.5, (0.49, 0.51), 0.5, 0.5),
        Score("utility.tstr", 0.92, 1.0, (0.91, 0.93), 0.5, 0.925),
        Score("privacy.verbatim_text", 0.0, 0.0, (0.0, 0.01), 0.0, 0.0),
        Score("fidelity.text", 0.6, 0.5, (0.55, 0.65), 0.9, 0.5),
    )
    PLANTED = (
        (Score("fidelity.c2st", 0.9, 0.5, (0.89, 0.91), 0.9, 0.5), "tells synthetic rows from real"),
        (Score("privacy.exact_copies", 0.05, 0.0, (0.04, 0.06), 0.0, 0.001), "repeat a training row"),
        (Score("privacy.nearer_to_train", 0.6, 0.5, (0.58, 0.62), 0.5, 0.5), "nearer to a training row"),
        (Score("utility.tstr", 0.7, 1.0, (0.69, 0.71), 0.5, 0.925), "reaches 75.7 %"),
        (Score("privacy.verbatim_text", 0.1, 0.0, (0.05, 0.15), 0.0, 0.0), "word for word"),
        (Score("fidelity.text", 0.9, 0.5, (0.85, 0.95), 0.9, 0.5), "they read differently"),
    )

    @pytest.mark.parametrize(("score", "words"), PLANTED)
    def test_fires(self, score, words):
        others = tuple(each for each in self.CLEAN if each.metric != score.metric)
        said = limits(Report("x", (score, *others)))
        assert any(words in sentence for sentence in said)
        assert len(said) == 3

    def test_is_silent_but_for_what_is_always_true(self):
        assert len(limits(Report("x", self.CLEAN))) == 2
        assert limits(Report("x")) == ()

    @pytest.mark.parametrize(
        ("interval", "words"), [([-0.3, -0.1], "below"), ([0.1, 0.3], "above"), ([-0.1, 0.1], "no proof")]
    )
    def test_language_models_are_told_apart_honestly(self, interval, words):
        truth = ["a", "b"] * 40
        arm = evaluate_predictions("synthetic", truth, truth, trained_on=5)
        facts = {"training": {"difference": {"value": sum(interval) / 2, "interval": interval}}}
        said = limits(Report("x", (), (arm,), facts=facts))
        assert words in said[0]


def test_numbers_are_written_as_the_language_does():
    assert number(0.9731, "en") == "0.973" and number(0.9731, "es") == "0,973"
    assert number(24421, "en") == "24,421" and number(24421, "es") == "24.421"
    assert percent(0.558, "es") == "55,8 %"
    assert number(None, "en") == "–"


def test_evaluate_tells_a_report(tmp_path):
    real = tr.read("packaged:breast_cancer")
    train, holdout = real.split(holdout=0.5, seed=0)
    made = tr.fit(train, "tree", seed=0).sample(len(train), seed=1)
    report = tr.evaluate(train, made, holdout=holdout, target="target", gates=["fidelity.shapes <= 0.2"], language="es")
    assert report.passed
    assert report.score("utility.tstr").value > 0.9
    report.to_html(tmp_path / "r.html")
    assert "Datos sintéticos" in (tmp_path / "r.html").read_text(encoding="utf-8")


def test_long_names_are_broken_where_they_are_made_of_parts():
    score = Score("privacy.singling_out_success", 0.2, 0.0, (0.1, 0.3), 0.1, 0.1)
    assert "singling_<wbr>out_<wbr>success" in html.render(Report("x", (score,)))
