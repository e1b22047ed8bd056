"""Preparation from file to file: read, made ready, cut into parts when asked, written whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trasunto.connectors.address import SCHEMES, open_sink
from trasunto.connectors.credentials import masked
from trasunto.data.dataset import Dataset
from trasunto.errors import RecipeError
from trasunto.language.prepare.prepared import prepared, prepared_parts
from trasunto.language.prepare.settings import Prepare
from trasunto.pipeline.verbs import read
from trasunto.writing import write_text


def prepare_files(
    source: str,
    output: str | None,
    settings: Prepare,
    *,
    split: float | None = None,
    rows: int | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Read texts, make them ready and write them; what was done (see `prepared`), with `written`: what was put where.

    output: an address (its form may stand before it); None writes nothing. split: share of the rows that judge; then
    ready.jsonl stands for ready-train.jsonl and ready-test.jsonl, and ready-split.json proves by hash what was kept
    apart. RecipeError when an output is the input, before anything is read.
    """
    names = ("train", "test") if split is not None else ("",)
    places = {} if output is None else {name: _beside(output, name) for name in names}
    for place in places.values():
        if Path(_bare(place)).resolve() == Path(_bare(source)).resolve():
            raise RecipeError(f"{_bare(place)} is read and would be written over.", "Write to another file.")
    sinks = {name: open_sink(place) for name, place in places.items()}
    real = read(source, rows=rows)
    made: dict[str, Dataset]
    if split is None:
        whole, counts = prepared(real, settings, seed=seed)
        made = {"": whole}
    else:
        parts, counts = prepared_parts(real, settings, holdout=split, seed=seed)
        made = {"train": parts.train, "test": parts.holdout}
    for name, sink in sinks.items():
        sink.write(made[name])
    counts["written"] = {places[name]: len(made[name]) for name in sinks}
    if split is not None and output is not None:
        path = Path(_bare(output))
        path = path.with_name(f"{path.name.partition('.')[0]}-split.json")
        write_text(path, json.dumps(counts["split"], indent=2) + "\n")
    return counts


def convert(source: str, output: str, *, rows: int | None = None) -> Dataset:
    """Read a source and write it as another address says; the dataset. RecipeError when they are one file."""
    if Path(_bare(output)).resolve() == Path(_bare(source)).resolve():
        raise RecipeError(f"{masked(_bare(output))} is read and would be written over.", "Write to another file.")
    sink = open_sink(output)
    dataset = read(source, rows=rows)
    sink.write(dataset)
    return dataset


def _beside(address: str, name: str) -> str:
    """The address with a name before its suffix: alpaca:a/b.jsonl.gz, train → alpaca:a/b-train.jsonl.gz."""
    if not name:
        return address
    path = Path(_bare(address))
    stem, dot, suffixes = path.name.partition(".")
    form = address[: len(address) - len(_bare(address))]
    return f"{form}{path.with_name(f'{stem}-{name}{dot}{suffixes}')}"


def _bare(address: str) -> str:
    """An address without its form."""
    scheme, colon, rest = address.partition(":")
    return rest if colon and scheme in (*SCHEMES, "packaged") else address
