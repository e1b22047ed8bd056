"""What a recipe asks of texts: real ones stay on this machine where its section on privacy says so."""

import pytest

from trasunto.errors import RecipeError
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.texts import check_leaving

ELSEWHERE = {"engine": "http://models.example.org/v1", "model": "m", "allow_leaving": True}


def recipe(name="lm-prompt", privacy=None, **settings):
    made = {"data": {"source": "x.csv"}, "synthesizer": {"name": name, "settings": {**ELSEWHERE, **settings}}}
    return Recipe.from_dict(made | ({"privacy": privacy} if privacy is not None else {}))


@pytest.mark.parametrize("privacy", [{"level": "open"}, {"level": "controlled"}, {"leaving": False}])
def test_real_texts_that_would_leave_are_refused(privacy):
    with pytest.raises(RecipeError, match=r"real texts to .*models.example.org") as told:
        check_leaving(recipe(privacy=privacy))
    assert next(iter(privacy)) in told.value.problem and "privacy.leaving: true" in told.value.next_move
    translated = {"translator": ELSEWHERE["engine"], "model": "m", "allow_leaving": True}
    with pytest.raises(RecipeError, match="backtranslate would send"):
        check_leaving(
            Recipe.from_dict(
                {
                    "data": {"source": "x.csv"},
                    "synthesizer": {"name": "backtranslate", "settings": translated},
                    "privacy": privacy,
                }
            )
        )


def test_what_stays_or_was_decided_passes():
    check_leaving(recipe())
    check_leaving(recipe(privacy={"level": "internal"}))
    check_leaving(recipe(privacy={"level": "open", "leaving": True}))
    check_leaving(recipe(privacy={"level": "open"}, engine="http://127.0.0.1:8000/v1"))
    check_leaving(recipe(privacy={"level": "open"}, exemplars=0))
    # Without leave of its own the synthesizer refuses by itself.
    check_leaving(recipe(privacy={"level": "open"}, allow_leaving=False))
