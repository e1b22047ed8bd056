"""What a run finds beside its metrics: what a model has by heart, whether its rows may leave, whom they serve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from trasunto.data.dataset import Dataset
from trasunto.metrics.score import Comparison, Score, Verdict
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.related import Compared
from trasunto.progress import Progress

if TYPE_CHECKING:
    from trasunto.data.split import Split


def by_heart(recipe: Recipe, parts: Split, model: Any, progress: Progress) -> tuple[Score, ...]:
    """What a model promises, and what a language model gives away of its texts; () without a section on privacy."""
    from trasunto.language.memorised_membership import LEAST_TEXTS
    from trasunto.synthesizers.lm_finetune import LmFinetuneModel

    if recipe.privacy is None:
        return ()
    from trasunto.pipeline.audit import promised

    known = promised(model.guarantee)[0]
    if not isinstance(model, LmFinetuneModel) or min(len(parts.train), len(parts.holdout)) < LEAST_TEXTS:
        return known
    from trasunto.language.memorised import language_attacks

    return (*known, *language_attacks(model, parts.train, parts.holdout, seed=recipe.seed, progress=progress))


def released(recipe: Recipe, scores: tuple[Score, ...], model: Any) -> tuple[Verdict, ...]:
    """The limits of the level of release, and of the guarantee: what attacks disprove does not pass."""
    if recipe.privacy is None:
        return ()
    from trasunto.pipeline.audit import broken, judged, promised

    limits = judged(recipe.privacy.level, scores, model.schema) if recipe.privacy.level else ()
    return (*limits, *broken(scores, promised(model.guarantee)[1]))


def served(
    recipe: Recipe,
    comparison: Comparison | Compared,
    scores: tuple[Score, ...],
    altered: tuple[Dataset, Mapping[str, Any]] | None,
) -> dict[str, Any]:
    """What the measures of fairness mean, and what a repair changed and cost; {} when no column is protected.

    altered: the rows as they were drawn before a repair, and what it told."""
    fairness = recipe.fairness
    seen = comparison.view if isinstance(comparison, Compared) else comparison
    if fairness is None or seen is None:
        return {}
    from trasunto.pipeline.fairness import fairness_facts

    return {"fairness": fairness_facts(seen, scores, altered)}
