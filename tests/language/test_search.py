"""A search: within its budget, better than its start, taken up again as if it had not been interrupted."""

import json

import pytest

from trasunto.errors import FitError
from trasunto.language.classify import ClassifySettings
from trasunto.language.corpus import Corpus
from trasunto.language.search import Choice, Found, Range, search, search_classifier

SPACE = {"x": Range(-4.0, 4.0), "n": Range(1, 9, whole=True), "kind": Choice(("flat", "peak", None))}


def hill(chosen):
    """Highest at x = 1, n = 3, peak: 10."""
    return 10 - (chosen["x"] - 1) ** 2 - abs(chosen["n"] - 3) - (0 if chosen["kind"] == "peak" else 3)


def without_times(found: Found):
    return [(each.settings, each.value, each.error) for each in found.trials]


def test_it_climbs_and_starts_where_it_is_told():
    found = search(hill, SPACE, trials=30, seed=0, start={"x": -4.0, "n": 9, "kind": None})
    assert len(found.trials) == 30
    assert found.trials[0].value == hill({"x": -4.0, "n": 9, "kind": None})
    # Thirty points drawn at random reach 8 in a quarter of searches.
    assert found.value == hill(found.settings) == max(each.value for each in found.trials) > 7.5
    assert isinstance(found.settings["n"], int)
    assert json.loads(json.dumps(found.to_dict()))["value"] == found.value


def test_what_was_tried_is_not_tried_again(tmp_path):
    whole = search(hill, SPACE, trials=9, seed=2)
    calls = []

    def counted(chosen):
        calls.append(chosen)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return hill(chosen)

    part = search(counted, SPACE, trials=9, seed=2, folder=tmp_path)
    assert len(part.trials) == 4 and part.value == max(each.value for each in part.trials)
    rest = search(counted, SPACE, trials=9, seed=2, folder=tmp_path)
    assert len(calls) == 10
    assert without_times(rest) == without_times(whole)
    with pytest.raises(FitError, match="another seed"):
        search(hill, SPACE, trials=9, seed=3, folder=tmp_path)
    (tmp_path / "trials.json").write_text("{")
    with pytest.raises(FitError, match="cannot be read"):
        search(hill, SPACE, trials=9, seed=2, folder=tmp_path)


def test_time_ends_a_search_and_failures_do_not():
    assert len(search(hill, SPACE, trials=50, seconds=0.0, seed=0).trials) == 1

    def picky(chosen):
        if chosen["x"] < 0:
            raise FitError("No square root of this.")
        return chosen["x"] if chosen["n"] > 2 else float("nan")

    found = search(picky, SPACE, trials=12, seed=0)
    failed = [each for each in found.trials if each.value is None]
    assert failed and all(each.error for each in failed) and found.value > 0
    with pytest.raises(FitError, match="None of 2 settings could be tried: No square"):
        search(picky, {**SPACE, "x": Range(-2.0, -1.0)}, trials=2, seed=0)


def test_spaces_that_hold_nothing_are_refused():
    with pytest.raises(FitError, match="0 settings"):
        search(hill, {}, trials=3)
    with pytest.raises(FitError, match="from 2 to 1"):
        Range(2, 1)
    with pytest.raises(FitError, match="logarithm"):
        Range(0, 1, log=True)
    with pytest.raises(FitError, match="nothing to choose"):
        Choice(())


def test_a_classifier_is_searched_on_its_training_texts(texts, encoder):
    corpus = Corpus(tuple(t for t, _ in texts), tuple(y for _, y in texts), "text")
    settings = ClassifySettings(base=str(encoder), regularisation=1e-4)
    best, found = search_classifier(corpus.take(range(0, len(corpus), 3)), settings=settings, trials=4, seed=0)
    assert found.trials[0].settings == {"regularisation": 1e-4}
    assert best.regularisation == found.settings["regularisation"] and best.base == settings.base
    assert found.value >= found.trials[0].value
    with pytest.raises(FitError, match="no setting 'depth'"):
        search_classifier(corpus, settings=settings, space={"depth": Range(1, 2)})
    with pytest.raises(FitError, match="too few"):
        search_classifier(Corpus(("a", "b"), ("x", "y")), settings=settings, trials=1)
