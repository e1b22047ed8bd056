"""What a recipe asks of texts: made ready before anyone learns from them, curated after they are written."""

from __future__ import annotations

from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trasunto.data.dataset import Dataset
from trasunto.errors import MetricError, RecipeError
from trasunto.metrics.score import Comparison
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.settings import built
from trasunto.progress import Progress, quiet

if TYPE_CHECKING:
    from trasunto.data.split import Split


# Synthesizers that show real texts to whom their settings name.
SHOWING = ("lm-prompt", "backtranslate")


def check_texts(recipe: Recipe) -> None:
    """RecipeError for settings of `prepare` or `curate` that are not there, for what no budget covers, and for real
    texts that would leave and may not; for an encoder that is not there what `find` raises."""
    check_leaving(recipe)
    if recipe.vectors is not None:
        from trasunto.language.offline import find

        find(recipe.vectors)
    if recipe.prepare is not None:
        preparation(recipe)
        if recipe.privacy is not None and recipe.privacy.epsilon is not None:
            raise RecipeError(
                "prepare looks at many rows together, which the guarantee of an epsilon would not cover.",
                "Make the file ready with `trasunto prepare` by public rules, or leave the section out.",
            )
    if recipe.curate is not None:
        curation(recipe)


def check_leaving(recipe: Recipe) -> None:
    """RecipeError when real texts would leave this machine and the section on privacy forbids it, whatever the
    synthesizer's own settings allow. Raises what making its engine ready does."""
    privacy, name = recipe.privacy, recipe.synthesizer.name
    if privacy is None or name not in SHOWING or not recipe.synthesizer.settings.get("allow_leaving"):
        return
    if privacy.leaving or (privacy.leaving is None and privacy.level not in ("open", "controlled")):
        return
    from trasunto import registry

    method = built(registry.load("synthesizers", name), f"The synthesizer {name!r}", recipe.synthesizer.settings)
    reached = method.reached()
    engines = reached if isinstance(reached, tuple) else (reached,)
    away = sorted({each.name for each in engines if not each.local})
    if not away or getattr(method, "exemplars", 1) == 0:
        return
    ground = "privacy.leaving is false" if privacy.leaving is False else f"privacy.level is {privacy.level}"
    raise RecipeError(
        f"{name} would send real texts to {', '.join(away)}, and {ground}.",
        "Run the engine on this machine (localhost), show no exemplars (lm-prompt: exemplars: 0), or decide that they "
        "may leave: privacy.leaving: true.",
    )


def preparation(recipe: Recipe) -> Any:
    """The settings of `prepare`."""
    from trasunto.language.prepare.settings import Prepare

    return built(Prepare, "The section prepare", recipe.prepare or {})


def curation(recipe: Recipe) -> Any:
    """The settings of `curate`; under an epsilon nothing private is looked at."""
    from trasunto.language.curation.settings import Curate

    asked = dict(recipe.curate or {})
    if recipe.privacy is not None and recipe.privacy.epsilon is not None:
        asked["private"] = True
    return built(Curate, "The section curate", asked)


def made_ready(recipe: Recipe, real: Dataset) -> tuple[Split, dict[str, Any]]:
    """The parts of texts that were made ready, and what was done; like texts stay in one part."""
    from trasunto.language.prepare.prepared import prepared_parts

    return prepared_parts(real, preparation(recipe), holdout=recipe.split.holdout, seed=recipe.seed, examples=0)


def seen_through(recipe: Recipe, comparison: Comparison) -> Comparison:
    """The same comparison, whose texts metrics see through the encoder of the recipe, if it names one."""
    if recipe.vectors is not None:
        from trasunto.language.embed import compare_by

        # Of too few texts each metric says so itself.
        with suppress(MetricError):
            compare_by(comparison, recipe.vectors)
    return comparison


def thrown_into(folder: str | Path) -> AbstractContextManager[Any]:
    """A block whose models of text leave what they throw away in a folder, with the reason."""
    from trasunto.language.curation.thrown import FILE, thrown_to

    return thrown_to(Path(folder) / FILE)


def curated(
    recipe: Recipe, train: Dataset, synthetic: Dataset, progress: Progress = quiet
) -> tuple[Dataset, Dataset, dict[str, Any]]:
    """The written rows that are kept, those that are not with the reason, and the counts. The holdout is not looked at:
    it judges later."""
    from trasunto.pipeline.curate import curate_dataset

    kept, rejected, found = curate_dataset(
        synthetic,
        curation(recipe),
        real=train,
        columns=(recipe.data.text, recipe.data.label),
        seed=recipe.seed,
        progress=progress,
    )
    return kept, rejected, found.counts
