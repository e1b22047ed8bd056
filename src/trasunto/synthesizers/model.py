"""What every synthesizer and every fitted model must offer, and how a saved one is loaded.

A saved model is a folder: `model.json` holds {"synthesizer": name, "version": 1, ...}, arrays lie beside
it as .npy or .safetensors. Nothing is ever pickled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from trasunto import registry
from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.errors import ModelError, SampleError
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.progress import Progress, quiet

FITTED = "Give the folder that `trasunto fit -o` wrote."


class Model(Protocol):
    """A fitted synthesizer. Same seed, same rows, in any process."""

    @property
    def schema(self) -> Schema: ...
    @property
    def guarantee(self) -> Guarantee | None: ...
    def sample(
        self,
        rows: int,
        *,
        seed: int,
        given: Any = None,
        where: str | None = None,
        temperature: float = 1.0,
        first: int = 0,
    ) -> Dataset:
        """Draw `rows` rows (0 or more).

        given: a table of `rows` partial rows to complete. where: a condition every row meets. temperature: below 1
        likely values become likelier. first: rows drawn before with this seed, so that identifiers go on.
        Raises SampleError for a negative count, for what no row can meet, and for what the method cannot do.
        """
        ...

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        """The same number of rows in parts of at most `size`, in constant memory."""
        ...

    def save(self, folder: str | Path) -> None:
        """Write the model into a new folder (written aside, then renamed)."""
        ...

    def describe(self) -> dict[str, Any]:
        """Facts for the report, JSON values only: method, settings, sizes, curves ("curves": {name: [...]})."""
        ...


@runtime_checkable
class Sifted(Protocol):
    """A model whose texts are sifted while they are made."""

    def sample_with_curation(
        self, rows: int, *, seed: int, given: Any = None, progress: Progress = quiet
    ) -> tuple[Dataset, Any]:
        """The rows, and what was thrown away on the way to them (its `to_dict` gives JSON values)."""
        ...


class Synthesizer(Protocol):
    """A frozen dataclass of settings, each an annotated field with a default."""

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> Model:
        """Raises FitError, before any long work, for data this method cannot take."""
        ...


def in_parts(model: Model, rows: int, seed: int, size: int) -> Iterator[Dataset]:
    """Rows of a model in parts of at most `size`. SampleError for a size below 1 or a negative count."""
    if size < 1:
        raise SampleError(f"Cannot draw parts of {size} rows.", "Ask for 1 or more.")
    if rows < 0:
        raise SampleError(f"Cannot draw {rows} rows.", "Ask for 0 or more.")
    for start in range(0, rows, size):
        yield model.sample(min(size, rows - start), seed=seed, first=start)


def load_model(folder: str | Path) -> Model:
    """The model saved in a folder. ModelError when it is not there, broken, or of an unknown version."""
    document = read_document(folder)
    loader: Model = registry.load("models", document["synthesizer"]).load(Path(folder))
    return loader


def read_document(folder: str | Path) -> dict[str, Any]:
    """The parsed `model.json` of a folder, checked for shape and version."""
    path = Path(folder) / "model.json"
    if not path.is_file():
        raise ModelError(f"No model in {folder}: there is no {path.name}.", FITTED)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"The model in {folder} cannot be read: {error}.", "Fit it again.") from error
    if not isinstance(document, dict) or "synthesizer" not in document:
        raise ModelError(f"{path} is not a model of Trasunto.", FITTED)
    if document.get("version") != 1:
        raise ModelError(f"{path} has version {document.get('version')!r}; this release reads 1.", "Fit it again.")
    return document
