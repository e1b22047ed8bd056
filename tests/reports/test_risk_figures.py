from trasunto.metrics.score import Score
from trasunto.reports.risk_figures import attacks_figure


def success(subject, inside, outside):
    return Score("privacy.inference_success", inside, 0.0, (inside - 0.01, inside + 0.01), 0.2, outside, subject)


def test_attacks_stand_one_by_one_the_worst_first_in_both_languages():
    scores = (success("", 0.6, 0.3), success("town", 0.31, 0.3), success("ill", 0.6, 0.3))
    for language, name in (("en", "secret: ill"), ("es", "secreto: ill")):
        drawn = attacks_figure(scores, language)
        rows = drawn.spec["data"]["values"]
        assert len(rows) == 2
        assert rows[0] == {
            "attack": name, "inside": 0.6, "low": 0.59, "high": 0.61, "outside": 0.3, "guess": 0.2,
        }  # fmt: skip


def test_without_unseen_rows_there_is_nothing_to_draw():
    assert attacks_figure((success("", 0.5, None), success("ill", 0.5, None)), "en") is None
    assert attacks_figure((), "en") is None
