"""Data sets of the library `datasets` (Hugging Face): saved folders, in and out; nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.connectors.records import nested
from trasunto.data.dataset import Dataset, Table
from trasunto.data.infer import infer
from trasunto.data.schema import Schema
from trasunto.errors import EmptyDataError, FileError
from trasunto.writing import aside


@dataclass(frozen=True)
class SavedDataset:
    """A folder of `Dataset.save_to_disk` or `DatasetDict.save_to_disk`: one table, or one a split."""

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        library = _library()
        try:
            held = library.load_from_disk(str(self.path))
        except (OSError, ValueError, KeyError) as error:
            raise FileError(f"{self.path} is no saved data set: {error}.", "Write it with save_to_disk.") from error
        return from_datasets(held, name=self.path.name, rows=rows, schema=schema)

    def write(self, dataset: Dataset) -> None:
        held = to_datasets(dataset)
        with aside(self.path, folder=True) as place, _silent():
            held.save_to_disk(str(place))


def from_datasets(held: Any, *, name: str = "data", rows: int | None = None, schema: Schema | None = None) -> Dataset:
    """A `datasets.Dataset`, or a `DatasetDict` as a table a split (one table when it has one split)."""
    splits = {str(key): each for key, each in held.items()} if isinstance(held, dict) else {name: held}
    tables: dict[str, Table] = {}
    for key, split in splits.items():
        frame = frame_of(split if rows is None else split.select(range(min(rows, len(split)))))
        if frame.height == 0 or frame.width == 0:
            raise EmptyDataError(f"{key} has {frame.height} rows and {frame.width} columns.", "Give at least one row.")
        tables[key] = infer(frame, schema=schema.tables.get(key) or schema.only if schema else None)
    return Dataset(Schema({key: table.schema for key, table in tables.items()}), tables)


def frame_of(split: Any) -> pl.DataFrame:
    """One `datasets.Dataset` as a frame: the rows it shows (selected, sorted), classes by their names."""
    frame = pl.DataFrame(pl.from_arrow(split.with_format("arrow")[:]))
    for name, feature in split.features.items():
        classes = getattr(feature, "names", None)
        if classes and frame[name].dtype.is_integer():
            # -1 stands for a label that is not known.
            known = pl.when(pl.col(name) >= 0).then(pl.col(name))
            spelt = known.replace_strict(dict(enumerate(classes)), return_dtype=pl.String, default=None)
            frame = frame.with_columns(spelt.alias(name))
    return frame


def to_datasets(dataset: Dataset) -> Any:
    """A `datasets.Dataset`; with several tables a `DatasetDict`. Dialogues become lists of role and content."""
    library = _library()
    made = {name: library.Dataset(nested(table, table.rows).to_arrow()) for name, table in dataset.tables.items()}
    return next(iter(made.values())) if len(made) == 1 else library.DatasetDict(made)


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise registry.missing(error, "Hugging Face data sets") from error
    return datasets


@contextmanager
def _silent() -> Iterator[None]:
    """Without the progress bars of the library, which are left as they were."""
    library = _library()
    shown = library.are_progress_bars_disabled() is False
    library.disable_progress_bars()
    try:
        yield
    finally:
        if shown:
            library.enable_progress_bars()
