"""Reports out of values: what a comparison and a run have to say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trasunto.language.evaluation import Evaluation
from trasunto.language.text_evaluation import TextEvaluation
from trasunto.metrics.repeats import Spread
from trasunto.metrics.score import Comparison, Score, Verdict
from trasunto.pipeline.columns import told as columns_told
from trasunto.pipeline.fairness import fairness_facts
from trasunto.pipeline.judged import Evaluations
from trasunto.pipeline.recipe import Recipe
from trasunto.pipeline.related import Compared
from trasunto.pipeline.related import facts as related_facts
from trasunto.pipeline.verbs import holder_of
from trasunto.reports.figures import picture
from trasunto.reports.related_figures import picture_related
from trasunto.reports.report import Figure, Report
from trasunto.reports.written import written_figure
from trasunto.store.folder import Record

if TYPE_CHECKING:
    from trasunto.synthesizers.model import Model


TITLES = {"en": "Synthetic data, measured", "es": "Datos sintéticos, medidos"}


@dataclass(frozen=True)
class Told:
    """What the steps of a run found, for its report and its manifest."""

    data: dict[str, Any]
    split: dict[str, Any]
    model: Model
    fitted: Record
    sampled: Record
    trained: Record | None
    measured: dict[str, Any] = field(default_factory=dict)
    privacy: dict[str, Any] = field(default_factory=dict)
    delivered: dict[str, Any] = field(default_factory=dict)

    @property
    def guarantee(self) -> dict[str, Any] | None:
        return self.model.guarantee.to_dict() if self.model.guarantee else None


def told(
    recipe: Recipe,
    comparison: Comparison | Compared,
    found: tuple[tuple[Score, ...], Evaluations, tuple[Verdict, ...]],
    facts: Told,
    manifest: dict[str, Any],
) -> Report:
    """The report of a run."""
    scores, judged, verdicts = found
    evaluations = tuple(each for each in judged if isinstance(each, Evaluation))
    method = facts.model.describe()
    whole = comparison if isinstance(comparison, Comparison) else comparison.related
    story = {
        "use_case": recipe.use_case,
        "data": facts.data,
        "split": facts.split,
        "synthesis": {
            "synthesizer": holder_of(recipe.synthesizer.name, whole.real) or recipe.synthesizer.name,
            "settings": recipe.synthesizer.settings,
            "seed": recipe.seed,
            "rows": len(comparison.synthetic),
            "fit_seconds": facts.fitted.seconds,
            "sample_seconds": facts.sampled.seconds,
            "guarantee": facts.guarantee,
            "curation": facts.sampled.facts.get("curation"),
            "curated": facts.sampled.facts.get("curated"),
            "method": method,
        },
        "privacy": facts.privacy,
        "delivered": facts.delivered,
        "fairness": facts.measured.get("fairness", {}),
        "repeats": facts.measured.get("repeats", []),
        "training": {"seconds": facts.trained.seconds, **facts.trained.facts} if facts.trained else {},
        "run": {
            **{
                key: manifest[key]
                for key in ("id", "finished", "seconds", "steps", "seed", "cores", "versions", "digest")
            },
            "recipe": recipe.to_yaml(),
        },
    }
    story = {key: value for key, value in story.items() if value}
    written = tuple(each for each in judged if isinstance(each, TextEvaluation))
    answers = written_figure(written, recipe.language)
    return Report(
        title=recipe.title,
        scores=scores,
        evaluations=evaluations,
        written=written,
        verdicts=verdicts,
        figures=(
            *pictures(comparison, scores, evaluations, story, recipe.language),
            *((answers,) if answers is not None else ()),
        ),
        facts=story,
        language=recipe.language,
    )


def pictures(
    comparison: Comparison | Compared,
    scores: tuple[Score, ...],
    evaluations: tuple[Evaluation, ...],
    story: dict[str, Any],
    language: str,
) -> tuple[Figure, ...]:
    """Every figure there is data for; of related tables their map, and how many rows hang from each."""
    if isinstance(comparison, Comparison):
        return picture(comparison, scores, evaluations, story, language)
    return picture_related(comparison.related, scores, evaluations, story, language)


def compared(
    comparison: Comparison | Compared,
    scores: tuple[Score, ...],
    verdicts: tuple[Verdict, ...],
    language: str,
    repeats: Sequence[Spread] = (),
) -> Report:
    """The report of a comparison alone: no run stands behind it, so it tells only what the files show.

    repeats: the scores over several draws, of which the comparison shows the first.
    """
    seen = comparison if isinstance(comparison, Comparison) else comparison.view
    whole = comparison if isinstance(comparison, Comparison) else comparison.related
    fairness = fairness_facts(seen, scores) if seen is not None else {}
    facts = {"fairness": fairness} if fairness else {}
    parts = {"train": whole.real, "synthetic": whole.synthetic, "holdout": whole.holdout}
    return Report(
        title=TITLES[language] if language in TITLES else TITLES["en"],
        scores=scores,
        verdicts=verdicts,
        figures=pictures(comparison, scores, (), {"fairness": fairness}, language),
        facts={
            **facts,
            "data": {"rows": len(whole.real), **_columns(comparison)},
            # Equal hashes would mean equal data; how many holdout rows stand in train too is counted by content.
            "split": {
                "parts": {
                    name: {"rows": len(part), "digest": part.digest()}
                    for name, part in parts.items()
                    if part is not None
                }
            },
            "run": {"seed": whole.seed},
            "repeats": [each.to_dict() for each in repeats],
        },
        language=language,
    )


def _columns(comparison: Comparison | Compared) -> dict[str, Any]:
    if not isinstance(comparison, Comparison):
        return related_facts(comparison.related.real)
    columns = columns_told(comparison.real.only)
    marked = [{**each, "role": "target"} if each["name"] == comparison.target else each for each in columns]
    return {"columns": marked}
