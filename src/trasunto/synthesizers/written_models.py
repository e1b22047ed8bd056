"""What models that write texts share: their folder, and rows put together of what was drawn and what was written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.errors import ModelError
from trasunto.language.exemplars import Pool
from trasunto.privacy.budget import Guarantee
from trasunto.synthesizers.model import load_model, read_document
from trasunto.writing import aside

ATTRIBUTES = "attributes"


@dataclass(frozen=True)
class Stored:
    """What a folder holds of any of them. settings: lists as tuples. attributes: draws what is not written;
    None when there is none. fitted_to: rows, public or bought under a budget. document: all of model.json."""

    schema: Schema
    settings: dict[str, Any]
    attributes: Any
    facts: dict[str, Any]
    fitted_to: int
    guarantee: Guarantee | None
    document: dict[str, Any]


def save_writer(
    known: Any, settings: Any, name: str, folder: str | Path, own: Callable[[Path], dict[str, Any]]
) -> None:
    """Write model.json and what draws the other columns. known: a model, or what it knows: it has what `Stored` has.
    own: writes what one method alone has into the folder, and gives what model.json holds of it."""
    with aside(folder, folder=True) as place:
        document = {
            "synthesizer": name,
            "version": 1,
            "schema": known.schema.to_dict(),
            "settings": plain_settings(settings),
            "facts": known.facts,
            "fitted_to": known.fitted_to,
            **promised(known.guarantee),
            **own(place),
        }
        (place / "model.json").write_text(json.dumps(document, indent=1, ensure_ascii=False), encoding="utf-8")
        if known.attributes is not None:
            known.attributes.save(place / ATTRIBUTES)


@contextmanager
def stored_writer(folder: Path) -> Iterator[Stored]:
    """What `save_writer` wrote, to make a model of; whatever is wrong with it inside the block is a ModelError."""
    document = read_document(folder)
    try:
        drawn, claim = folder / ATTRIBUTES, document.get("guarantee")
        settings = {n: tuple(each) if isinstance(each, list) else each for n, each in document["settings"].items()}
        yield Stored(
            Schema.from_dict(document["schema"]),
            settings,
            load_model(drawn) if drawn.is_dir() else None,
            document["facts"],
            document["fitted_to"],
            Guarantee.from_dict(claim) if claim is not None else None,
            document,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model in {folder} is broken: {error!r}.", "Fit it again.") from error


def plain_settings(settings: Any) -> dict[str, Any]:
    """Settings as JSON has them."""
    return {
        name: dict(each) if isinstance(each, Mapping) else list(each) if isinstance(each, tuple) else each
        for name, each in asdict(settings).items()
    }


def promised(guarantee: Guarantee | None) -> dict[str, Any]:
    """The guarantee under its name; nothing without one."""
    return {} if guarantee is None else {"guarantee": guarantee.to_dict()}


def save_pool(pool: Pool, path: Path) -> None:
    """Write real texts into a file that only its owner may read."""
    path.touch(mode=0o600)
    path.write_text(json.dumps(pool.to_dict(), ensure_ascii=False), encoding="utf-8")


def load_pool(path: Path) -> Pool:
    """What `save_pool` wrote."""
    return Pool.from_dict(json.loads(path.read_text(encoding="utf-8")))


def joined(schema: Schema, drawn: pl.DataFrame | None, texts: pl.DataFrame) -> Dataset:
    """Rows of one table. drawn: its other columns; None when there is none."""
    whole = texts if drawn is None else drawn.with_columns(texts.get_columns())
    table = Table(schema.only, whole.select(schema.only.names))
    return Dataset(schema, {next(iter(schema.tables)): table})
