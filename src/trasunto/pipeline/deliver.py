"""Delivered: synthetic data that passed its gates goes where the recipe says, all of it or nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trasunto.connectors.address import open_sink
from trasunto.connectors.origin import drawn_by
from trasunto.data.dataset import Dataset
from trasunto.errors import RecipeError
from trasunto.pipeline.recipe import Delivery
from trasunto.progress import Progress


def check_delivery(wanted: Delivery, *, curated: bool) -> None:
    """FileError, RecipeError for an address that nothing can be written to, and for rows that would be drawn past what
    sifts them, before any work."""
    open_sink(wanted.to)
    if wanted.rows is not None and curated:
        raise RecipeError("deliver.rows draws rows that curate has not seen.", "Leave deliver.rows out.")


def delivered(wanted: Delivery, synthetic: Dataset, model: Path, *, seed: int, progress: Progress) -> dict[str, Any]:
    """Write the synthetic data, or as many rows as are wanted of the saved model, and tell what was written.

    model: folder of the fitted model. Raises what the sink raises; the target is then unchanged.
    """
    progress("deliver", 0, 1)
    with drawn_by(model, seed=seed):
        counts = _written(wanted, synthetic, model, seed=seed, progress=progress)
    progress("deliver", 1, 1)
    return {"to": wanted.to, "rows": counts}


def _written(wanted: Delivery, synthetic: Dataset, model: Path, *, seed: int, progress: Progress) -> dict[str, int]:
    """Rows by table."""
    if wanted.rows is None:
        open_sink(wanted.to).write(synthetic)
        counts = {name: len(table) for name, table in synthetic.tables.items()}
    elif synthetic.tied:
        from trasunto.synthesizers.landed import families_to
        from trasunto.synthesizers.relational import RelationalModel

        related = RelationalModel.load(model)
        counts = families_to(wanted.to, model, related, wanted.rows, seed=seed, progress=progress)
    else:
        from trasunto.connectors.stream import write_parts
        from trasunto.synthesizers.parallel import drawn

        parts = drawn(model, wanted.rows, seed=seed, progress=progress)
        counts = {synthetic.name: write_parts(wanted.to, parts)}
    return counts
