"""Curves of any method's training: drawn, told apart, and told how they ended."""

import pytest

from trasunto.reports.training_figures import curves

TOLD = {
    "curves": {"training loss": [3.0, 2.0, 1.5], "validation loss": [2.5, 2.0], "critic's gap": [0.5, 0.1, 0.2]},
    "steps": 30,
    "planned_steps": 1200,
    "seconds": 4.25,
    "stopped": "the time limit of 4 s was reached",
}


def of(language="en", **changes):
    return curves({"synthesis": {"method": {**TOLD, **changes}}}, language)


def test_losses_share_a_panel_and_others_have_their_own():
    (figure,) = of()
    first, second = figure.spec["vconcat"]
    assert {row["curve"] for row in first["data"]["values"]} == {"training loss", "validation loss"}
    assert {row["curve"] for row in second["data"]["values"]} == {"critic's gap"}
    assert max(row["x"] for row in first["data"]["values"]) == 1.0
    (alone,) = of(curves={"training loss": [2.0, 1.0]})
    assert "vconcat" not in alone.spec
    assert of(curves={"training loss": [2.0]}) == [] and of(curves={}) == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "30 of 1,200 steps in 4.2 s; the time limit was reached"),
        ("es", "30 de 1.200 pasos en 4,2 s; se alcanzó"),
    ],
)
def test_the_caption_says_how_it_ended(language, words):
    assert words in of(language)[0].caption
    before = curves({"training": {"curves": TOLD["curves"]}}, language)
    assert "%" not in before[0].caption and before[0].section == "training"


def test_it_can_be_drawn():
    draw = pytest.importorskip("vl_convert")
    (figure,) = of("es")
    picture = draw.vegalite_to_svg(figure.spec)
    assert all(name in picture for name in ("pérdida de validación", "distancia del crítico"))
