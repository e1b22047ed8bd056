"""What a script here that makes related tables reads and writes: folders of CSV files, one a table, and schema.json.

schema.json is Trasunto's: kinds, primary keys, foreign keys. Keys are whole numbers. Nothing but the standard library
and pandas is imported.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

WORDS = ("category", "boolean", "text")


def schema_of(job: Any) -> dict[str, Any]:
    """Tables by name, as schema.json beside the training folder has them; only those in the setting `tables`, if any,
    without links to others."""
    tables = json.loads((job.train.parent / "schema.json").read_text(encoding="utf-8"))["tables"]
    wanted = job.settings.pop("tables", None) or list(tables)
    kept = {name: tables[name] for name in wanted}
    for table in kept.values():
        links = table.get("foreign_keys", [])
        table["foreign_keys"] = [link for link in links if link["table"] in kept]
        lost = {column for link in links if link["table"] not in kept for column in link["columns"]}
        # A link to a table that is left out is no key any more; the column goes with it.
        table["columns"] = [column for column in table["columns"] if column["name"] not in lost]
    return kept


def keys_of(table: dict[str, Any]) -> set[str]:
    links = table.get("foreign_keys", [])
    return {*table.get("primary_key", []), *(column for link in links for column in link["columns"])}


def read_tables(job: Any, tables: dict[str, Any]) -> dict[str, Any]:
    """pandas frames by name: words as they stand, dates as datetimes."""
    import pandas as pd

    found = {}
    for name, table in tables.items():
        kinds = {column["name"]: column["kind"] for column in table["columns"]}
        words = {column: str for column, kind in kinds.items() if kind in WORDS}
        dates = [column for column, kind in kinds.items() if kind == "datetime"]
        # "?" is how the data writes a missing number; an empty word stays a word.
        frame = pd.read_csv(job.train / f"{name}.csv", dtype=words, keep_default_na=False, na_values=["", "?"])
        for column in dates:
            frame[column] = pd.to_datetime(frame[column])
        found[name] = frame[list(kinds)]
    return found


def write_tables(made: dict[str, Any], given: dict[str, Any], tables: dict[str, Any], folder: Path) -> None:
    """CSV files in folder/synthetic; numbers as fine as in the training rows and no finer."""
    out = folder / "synthetic"
    out.mkdir(exist_ok=True)
    for name, table in tables.items():
        frame = made[name].copy()
        for column in table["columns"]:
            label, kind = column["name"], column["kind"]
            if kind in ("integer", "id") and frame[label].dtype != object:
                frame[label] = frame[label].astype(float).round().astype("Int64")
            elif kind == "number":
                frame[label] = frame[label].astype(float).round(decimals(given[name][label]))
            elif kind == "datetime":
                frame[label] = frame[label].astype("datetime64[ns]").dt.strftime("%Y-%m-%d")
        frame[[column["name"] for column in table["columns"]]].to_csv(out / f"{name}.csv", index=False)


def decimals(values: Any) -> int:
    """The most decimals a column has."""
    known = values.dropna().astype(float)
    return next((places for places in range(6) if (known.round(places) - known).abs().max() < 1e-9), 6)
