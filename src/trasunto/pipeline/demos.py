"""Recipes that ship with the package and run on real data that ordinary packages carry."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import yaml

from trasunto.errors import RecipeError, UnknownNameError, near
from trasunto.pipeline.recipe import Recipe, override

DEFAULT = "medical"


@dataclass(frozen=True)
class Demo:
    """A packaged recipe. minutes: about how long it takes on two cores. Titles and use cases by language."""

    name: str
    minutes: float
    title: dict[str, str]
    use_case: dict[str, str]
    recipe: dict[str, Any]
    quick: tuple[str, ...]


def demos() -> tuple[Demo, ...]:
    """Every packaged demo, the default one first."""
    found = [
        _read(path.read_text(encoding="utf-8"))
        for path in files(__package__).joinpath("recipes").iterdir()
        if path.name.endswith(".yaml")
    ]
    return tuple(sorted(found, key=lambda demo: (demo.name != DEFAULT, demo.name)))


def recipe_of(
    name: str = DEFAULT, *, language: str = "en", quick: bool = False, overrides: tuple[str, ...] = ()
) -> Recipe:
    """The recipe of a demo. quick: fewer rows, for a look or a test. UnknownNameError with the near names."""
    known = {demo.name: demo for demo in demos()}
    if name not in known:
        raise UnknownNameError(f"No demo called {name!r}.", near(name, known))
    demo = known[name]
    if language not in demo.title:
        raise RecipeError(f"The demo {name!r} is not told in {language!r}.", near(language, demo.title))
    document = {
        "title": demo.title[language],
        "use_case": demo.use_case[language].strip(),
        "language": language,
        **demo.recipe,
    }
    return Recipe.from_dict(override(document, [*(demo.quick if quick else ()), *overrides]), where=f"demo {name!r}")


def _read(text: str) -> Demo:
    document = yaml.safe_load(text)
    return Demo(**{**document, "quick": tuple(document["quick"])})
