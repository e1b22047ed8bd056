"""Recipes that ship with the package and run on real data that ordinary packages carry."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from trasunto.connectors.address import open_sink
from trasunto.errors import RecipeError, UnknownNameError, near
from trasunto.pipeline.recipe import Recipe, override
from trasunto.pipeline.verbs import read

DEFAULT = "medical"
PASSWORD = "TRASUNTO_DB_PASSWORD"


@dataclass(frozen=True)
class Demo:
    """A packaged recipe. minutes: about how long it takes on two cores. Titles and use cases by language. database:
    whether it goes from a database to a database (see `between_databases`)."""

    name: str
    minutes: float
    title: dict[str, str]
    use_case: dict[str, str]
    recipe: dict[str, Any]
    quick: tuple[str, ...]
    database: bool = False


def demos() -> tuple[Demo, ...]:
    """Every packaged demo, the default one first."""
    found = [
        _read(path.read_text(encoding="utf-8"))
        for path in files(__package__).joinpath("recipes").iterdir()
        if path.name.endswith(".yaml")
    ]
    return tuple(sorted(found, key=lambda demo: (demo.name != DEFAULT, demo.name)))


def demo_of(name: str) -> Demo:
    """The demo of that name. UnknownNameError with the near names."""
    known = {demo.name: demo for demo in demos()}
    if name not in known:
        raise UnknownNameError(f"No demo called {name!r}.", near(name, known))
    return known[name]


def recipe_of(
    name: str = DEFAULT, *, language: str = "en", quick: bool = False, overrides: tuple[str, ...] = ()
) -> Recipe:
    """The recipe of a demo. quick: fewer rows, for a look or a test. UnknownNameError with the near names."""
    demo = demo_of(name)
    if language not in demo.title:
        raise RecipeError(f"The demo {name!r} is not told in {language!r}.", near(language, demo.title))
    document = {
        "title": demo.title[language],
        "use_case": demo.use_case[language].strip(),
        "language": language,
        **demo.recipe,
    }
    return Recipe.from_dict(override(document, [*(demo.quick if quick else ()), *overrides]), where=f"demo {name!r}")


@contextmanager
def between_databases(recipe: Recipe) -> Iterator[tuple[Recipe, str]]:
    """A PostgreSQL server of our own, the data of the recipe in its database `real`, and the recipe that reads them
    there and delivers to its database `synthetic`; with what was done, in words.

    Where PostgreSQL is not installed two SQLite files in a temporary folder stand in for it. The block's end takes the
    server away.
    """
    from trasunto.connectors.local_server import installed, postgresql, with_database

    data = read(recipe.data.source, schema=recipe.data.schema_file)
    with ExitStack() as stack:
        if installed("postgresql"):
            server = stack.enter_context(postgresql(database="real"))
            stack.enter_context(_password(server.password))
            where = [each.address_without_password for each in (server, with_database(server, "synthetic"))]
            told = "a PostgreSQL server started for this demo, gone when it ends"
        else:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            where = [f"sqlite:///{folder / name}.db" for name in ("real", "synthetic")]
            told = "two SQLite files, since PostgreSQL is not installed here"
        open_sink(where[0]).write(data)
        document = recipe.model_dump(mode="json")
        document["data"] |= {"source": where[0], "schema_file": None}
        document["deliver"] = {"to": where[1]}
        yield Recipe.from_dict(document), told


@contextmanager
def _password(password: str) -> Iterator[None]:
    """The password of a database where its addresses look for it, and nowhere else."""
    before = os.environ.get(PASSWORD)
    os.environ[PASSWORD] = password
    try:
        yield
    finally:
        os.environ.pop(PASSWORD) if before is None else os.environ.update({PASSWORD: before})


def _read(text: str) -> Demo:
    document = yaml.safe_load(text)
    return Demo(**{**document, "quick": tuple(document["quick"])})
