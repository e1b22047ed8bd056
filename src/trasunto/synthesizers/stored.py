"""Codes on disk: model.json for what is read, one .npz of plain arrays for what is computed with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.schema import Schema
from trasunto.encoders.codes import Codes, Levels, Steps
from trasunto.encoders.ids import Ids
from trasunto.encoders.nested import Nested
from trasunto.encoders.plain import Plain, plan_of
from trasunto.errors import ModelError
from trasunto.synthesizers.model import read_document

ARRAYS = "arrays.npz"


def save_codes(
    place: Path, schema: Schema, codes: Codes, document: dict[str, Any], arrays: dict[str, np.ndarray]
) -> None:
    """Write a model of codes into a folder that exists."""
    levels = {
        n: {"values": c.values, "null": c.null, "rare": c.rare}
        for n, c in codes.columns.items()
        if isinstance(c, Levels)
    }
    steps = {n: c for n, c in codes.columns.items() if isinstance(c, Steps)}
    plain = {n: {"null": c.null, "grid": c.grid, "offset": c.offset} for n, c in steps.items()}
    body = {
        **document,
        "schema": schema.to_dict(),
        "levels": levels,
        "steps": plain,
        "ids": {name: each.to_dict() for name, each in codes.ids.items()},
    }
    text = json.dumps(body, ensure_ascii=False, indent=1, allow_nan=False)
    (place / "model.json").write_text(text, encoding="utf-8")
    edges = {f"low\x1f{n}": c.low for n, c in steps.items()} | {f"high\x1f{n}": c.high for n, c in steps.items()}
    # Archive names must not depend on column names, which may hold anything.
    everything = {**edges, **{f"model\x1f{key}": value for key, value in arrays.items()}}
    names = list(everything)
    (place / "arrays.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
    np.savez(place / ARRAYS, allow_pickle=False, **{f"a{number}": everything[n] for number, n in enumerate(names)})


def load_codes(folder: Path) -> tuple[Schema, Plain, Codes, dict[str, Any], dict[str, np.ndarray]]:
    """What `save_codes` wrote: schema, how it is restated, codes, the document, the model's own arrays.

    ModelError when broken.
    """
    document = read_document(folder)
    try:
        names = json.loads((folder / "arrays.json").read_text(encoding="utf-8"))
        with np.load(folder / ARRAYS, allow_pickle=False) as stored:
            arrays = {name: stored[f"a{number}"] for number, name in enumerate(names)}
        schema = Schema.from_dict(document["schema"])
        levels: dict[str, Levels | Steps] = {
            n: Levels(tuple(c["values"]), c["null"], c["rare"]) for n, c in document["levels"].items()
        }
        for n, c in document["steps"].items():
            levels[n] = Steps(arrays[f"low\x1f{n}"], arrays[f"high\x1f{n}"], c["null"], c["grid"], c["offset"])
        ids = {n: Ids.from_dict(each) for n, each in document["ids"].items()}
        nested = {n: Nested.from_dict(each) for n, each in document["plan"]["nested"].items()}
        plan = plan_of(schema.only, nested, document["plan"]["left_out"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The model in {folder} is broken: {error!r}.", "Fit it again.") from error
    columns = {n: levels[n] for n in plan.schema.names if n in levels}
    own = {key.removeprefix("model\x1f"): value for key, value in arrays.items() if key.startswith("model\x1f")}
    return schema, plan, Codes(plan.schema, columns, ids), document, own
