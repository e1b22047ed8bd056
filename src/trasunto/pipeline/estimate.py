"""What a run is expected to take, told before it starts. Rates were measured on two cores of a 2023 server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trasunto.data.dataset import Dataset
from trasunto.pipeline.judged import curve_of
from trasunto.pipeline.recipe import Recipe

if TYPE_CHECKING:
    from trasunto.data.split import Split
    from trasunto.data.split_related import RelatedSplit

# Seconds per million cells (rows × columns).
FIT_AND_SAMPLE = 8.0
MEASURE = 45.0
# Seconds per thousand texts: to embed them once, and to fine-tune on them once.
EMBED = 9.0
FINETUNE = 16.0
# Arms that are trained: on synthetic, on real, on both.
ARMS = 3
# Seconds per thousand texts that a language model writes, filters included.
WRITE = 60.0


def estimate(recipe: Recipe, real: Dataset, parts: Split | RelatedSplit) -> dict[str, Any]:
    """{"seconds", "megabytes", "text"}: rough, within a factor of two on like machines."""
    train = len(parts.train)
    cells = sum(len(table) * len(table.schema.columns) for table in parts.train.tables.values()) / 1e6
    megabytes = 250 + 12 * sum(table.rows.estimated_size() for table in real.tables.values()) / 1e6
    seconds = 2.0 + cells * (FIT_AND_SAMPLE + MEASURE)
    if recipe.synthesizer.name == "lm-finetune":
        cap = float(recipe.synthesizer.settings.get("max_seconds", 150.0))
        seconds += min(cap, train * 0.2) + WRITE * (recipe.synthesizer.rows or train) / 1000
        megabytes += 2_500
    if recipe.train is not None:
        rows = min(recipe.train.rows or train, train)
        seconds += 10 + EMBED * (2 * rows + len(parts.holdout)) / 1000
        if recipe.train.settings.get("method") == "finetune":
            passes = ARMS * rows * float(recipe.train.settings.get("epochs", 4))
            answers = (ARMS + len(curve_of(recipe.train))) * len(parts.holdout)
            seconds += (FINETUNE * passes + EMBED / 2 * answers) / 1000
        megabytes += 900
    return {"seconds": round(seconds), "megabytes": round(megabytes), "text": _words(seconds, megabytes)}


def _words(seconds: float, megabytes: float) -> str:
    time = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    memory = f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"
    return f"about {time} and {memory} of memory"
