"""Trasunto makes synthetic data that is measurably faithful, useful and private; trains language models on
it; and proves on real, held-out data what both are worth.

    import trasunto as tr

    real = tr.read("patients.csv")
    train, holdout = real.split(holdout=0.5, seed=0)
    model = tr.fit(train, "tree", seed=0)
    synthetic = model.sample(10_000, seed=1)
    report = tr.evaluate(train, synthetic, holdout=holdout, target="diagnosis")
    report.to_html("report.html")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trasunto.errors import TrasuntoError

if TYPE_CHECKING:
    from trasunto.data.dataset import Dataset
    from trasunto.data.flat import flattened
    from trasunto.data.schema import Schema
    from trasunto.data.split_related import subset
    from trasunto.executors import executing
    from trasunto.language.tasks.use import use
    from trasunto.pipeline.recipe import Recipe, load_recipe
    from trasunto.pipeline.run import run
    from trasunto.pipeline.verbs import evaluate, fit, impute, in_sequence, load, read, score, train
    from trasunto.synthesizers.fair import Repair, repair
    from trasunto.synthesizers.wanted import balanced, exactly, topped_up

__version__ = "0.1.0"
__all__ = [
    "Dataset",
    "Recipe",
    "Repair",
    "Schema",
    "TrasuntoError",
    "balanced",
    "evaluate",
    "exactly",
    "executing",
    "fit",
    "flattened",
    "impute",
    "in_sequence",
    "load",
    "load_recipe",
    "read",
    "repair",
    "run",
    "score",
    "subset",
    "topped_up",
    "train",
    "use",
]

# Where each name lives: imported when it is first used, so that `import trasunto` costs next to nothing.
_HOMES = {
    "Dataset": "trasunto.data.dataset",
    "Schema": "trasunto.data.schema",
    "flattened": "trasunto.data.flat",
    "subset": "trasunto.data.split_related",
    "executing": "trasunto.executors",
    "Recipe": "trasunto.pipeline.recipe",
    "load_recipe": "trasunto.pipeline.recipe",
    "run": "trasunto.pipeline.run",
    "evaluate": "trasunto.pipeline.verbs",
    "fit": "trasunto.pipeline.verbs",
    "impute": "trasunto.pipeline.verbs",
    "in_sequence": "trasunto.pipeline.verbs",
    "load": "trasunto.pipeline.verbs",
    "read": "trasunto.pipeline.verbs",
    "score": "trasunto.pipeline.verbs",
    "train": "trasunto.pipeline.verbs",
    "use": "trasunto.language.tasks.use",
    "Repair": "trasunto.synthesizers.fair",
    "repair": "trasunto.synthesizers.fair",
    "balanced": "trasunto.synthesizers.wanted",
    "exactly": "trasunto.synthesizers.wanted",
    "topped_up": "trasunto.synthesizers.wanted",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'trasunto' has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
