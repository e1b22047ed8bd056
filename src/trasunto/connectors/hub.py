"""Data sets of the library `datasets` (Hugging Face): folders in and out, names out of the cache; nothing is fetched
unless the environment allows it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.connectors.records import nested
from trasunto.data.dataset import Dataset, Table
from trasunto.data.infer import infer
from trasunto.data.schema import Schema
from trasunto.errors import EmptyDataError, FileError, near
from trasunto.writing import aside

NETWORK = "TRASUNTO_NETWORK"
FORMATS = ("saved", "parquet", "jsonl")


@dataclass(frozen=True)
class SavedDataset:
    """A data set as a folder, or by its name on the Hugging Face hub (`hub:owner/name`): one table, or one a split.

    A folder is one of `save_to_disk`, or of Parquet, JSON lines or CSV files with the names of splits, as the hub has
    them. A name is looked up in the cache; nothing is fetched unless the environment says TRASUNTO_NETWORK=1.
    `?config=`, `?split=`, `?revision=` choose of a name; `?format=parquet` or `jsonl` is what a folder is written as.
    """

    path: Path

    def read(self, *, rows: int | None = None, schema: Schema | None = None) -> Dataset:
        bare, options = _asked(self.path, ("config", "split", "revision"))
        folder = Path(bare)
        if not folder.is_dir():
            held = _named(bare, options)
        elif (folder / "dataset_info.json").exists() or (folder / "dataset_dict.json").exists():
            held = _saved(folder)
        else:
            held = _laid_out(folder)
        if "split" in options and isinstance(held, dict):
            if options["split"] not in held:
                raise FileError(f"{bare} has no split {options['split']!r}.", near(options["split"], held))
            held = held[options["split"]]
        return from_datasets(held, name=folder.name, rows=rows, schema=schema)

    def write(self, dataset: Dataset) -> None:
        bare, options = _asked(self.path, ("format",))
        form = options.get("format", FORMATS[0])
        if form not in FORMATS:
            raise FileError(f"format={form!r} is no layout of a data set.", near(form, FORMATS))
        held = to_datasets(dataset)
        with aside(bare, folder=True) as place, _silent():
            if form == "saved":
                held.save_to_disk(str(place))
                return
            splits = held if isinstance(held, dict) else {"train": held}
            for name, split in splits.items():
                if form == "jsonl":
                    split.to_json(str(place / f"{name}.jsonl"))
                else:
                    (place / "data").mkdir(exist_ok=True)
                    split.to_parquet(str(place / "data" / f"{name}-00000-of-00001.parquet"))


def _asked(path: Path, known: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """The path or name, and the settings behind its question mark. FileError for one that is not known."""
    bare, _, text = str(path).partition("?")
    options = {}
    for part in filter(None, text.split("&")):
        name, _, value = part.partition("=")
        if name not in known or not value:
            raise FileError(f"{part!r} is no setting of hub:{bare}.", near(name, known))
        options[name] = value
    return bare, options


def _saved(folder: Path) -> Any:
    try:
        return _library().load_from_disk(str(folder))
    except (OSError, ValueError, KeyError) as error:
        raise FileError(f"{folder} is no saved data set: {error}.", "Write it with save_to_disk.") from error


def _laid_out(folder: Path) -> Any:
    """A folder of data files, its splits found by their names as on the hub."""
    library = _library()
    problem = f"{folder} is no saved data set, and holds no files that make one"
    try:
        with tempfile.TemporaryDirectory() as cache, _silent():
            held = library.load_dataset(str(folder), cache_dir=cache)
            # What was read lies in the cache, which goes: it is held in memory.
            return library.DatasetDict(
                {name: library.Dataset.from_dict(split[:], split.features) for name, split in held.items()}
            )
    except (OSError, ValueError, library.exceptions.DatasetsError) as error:
        raise FileError(f"{problem}: {error}.", "Put train.parquet, test.jsonl and the like there.") from error


def _named(name: str, options: dict[str, str]) -> Any:
    """A data set by its name, from the cache, or from the hub where the environment allows it."""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", name):
        raise FileError(f"There is no folder {name!r}, and it is no name of a data set.", "A name is owner/name.")
    library = _library()
    revision = {"revision": options["revision"]} if "revision" in options else {}
    allowed = os.environ.get(NETWORK) == "1"
    try:
        with _silent(), nullcontext() if allowed else _offline():
            return library.load_dataset(name, options.get("config"), **revision)
    except (OSError, ValueError, library.exceptions.DatasetsError) as error:
        where = "the hub" if allowed else "the cache, and there is no folder of that name"
        raise FileError(
            f"The data set {name!r} is not in {where}: {str(error)[:200]}.",
            "Check its name." if allowed else f"Set {NETWORK}=1 to let it be fetched from the hub.",
        ) from error


@contextmanager
def _offline() -> Iterator[None]:
    """The libraries of the hub kept from the network, and left as they were."""
    import datasets
    import huggingface_hub

    places = [(datasets.config, "HF_DATASETS_OFFLINE"), (datasets.config, "HF_HUB_OFFLINE"),
              (huggingface_hub.constants, "HF_HUB_OFFLINE")]  # fmt: skip
    before = [getattr(place, name) for place, name in places]
    for place, name in places:
        setattr(place, name, True)
    try:
        yield
    finally:
        for (place, name), value in zip(places, before, strict=True):
            setattr(place, name, value)


def from_datasets(held: Any, *, name: str = "data", rows: int | None = None, schema: Schema | None = None) -> Dataset:
    """A `datasets.Dataset`, or a `DatasetDict` as a table a split (one table when it has one split)."""
    splits = {str(key): each for key, each in held.items()} if isinstance(held, dict) else {name: held}
    tables: dict[str, Table] = {}
    for key, split in splits.items():
        frame = frame_of(split if rows is None else split.select(range(min(rows, len(split)))))
        if frame.height == 0 or frame.width == 0:
            raise EmptyDataError(f"{key} has {frame.height} rows and {frame.width} columns.", "Give at least one row.")
        tables[key] = infer(frame, schema=schema.tables.get(key) or schema.only if schema else None)
    return Dataset.holding(tables)


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
