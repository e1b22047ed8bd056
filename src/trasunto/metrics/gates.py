"""Limits on what nothing measures, found before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trasunto import registry
from trasunto.data.constraints import rules_of
from trasunto.data.schema import TableSchema
from trasunto.errors import RecipeError, near
from trasunto.metrics.measure import chosen_of
from trasunto.metrics.score import Gate

# Scores as wholes that a metric gives beside, or instead of, the one of its own name.
FURTHER: dict[str, tuple[str, ...]] = {
    "fidelity.precision": ("fidelity.recall", "fidelity.density", "fidelity.coverage"),
    "fidelity.alpha_precision": ("fidelity.beta_recall",),
    "fidelity.text": ("fidelity.text_length", "fidelity.text_words", "fidelity.text_variety"),
    "fidelity.topics": ("fidelity.topic_precision",),
    "fidelity.vendi": ("fidelity.self_bleu", "fidelity.distinct_1", "fidelity.distinct_3"),
    "fairness.demographic_parity": ("fairness.demographic_parity_ratio",),
    "fairness.equalized_odds": ("fairness.equalized_odds_ratio", "fairness.equal_opportunity"),
    "privacy.inference": ("privacy.inference_success",),
    "privacy.linkability": ("privacy.linkability_success",),
    "privacy.singling_out": ("privacy.singling_out_success",),
    "privacy.membership": ("privacy.membership_tpr_10", "privacy.membership_tpr_1", "privacy.membership_tpr_01"),
    "privacy.membership_echoes": ("privacy.membership_echoes_tpr_1",),
    "privacy.verbatim_text": ("privacy.exact_text", "privacy.longest_run"),
    "privacy.ngram_overlap": ("privacy.verbatim_50", "privacy.near_duplicates"),
    "utility.tstr": ("utility.tstr_accuracy", "utility.tstr_f1", "utility.tstr_ratio"),
    "relations.cardinality": ("relations.cardinality_counts",),
    "relations.families": ("privacy.families", "privacy.near_families"),
    "relations.histories": tuple(
        f"sequences.{name}"
        for name in ("lengths", "gaps", "transitions", "autocorrelation", "totals", "discriminative")
    ),
}
# Metrics, built in or added, whose scores carry their name and a measure's ("utility.learners_f1").
BY_MEASURE = ("utility.learners", "utility.augmentation")
# What metrics cannot do without, of those of which a schema does not tell it by their group.
OF_TEXTS = (
    "fidelity.text",
    "fidelity.mauve",
    "fidelity.topics",
    "fidelity.vendi",
    "fidelity.class_balance",
    "fidelity.label_agreement",
    "fidelity.class_text",
    "privacy.verbatim_text",
    "privacy.ngram_overlap",
    "privacy.replayed_identifiers",
)
OF_ROWS = ("fairness.representation", "fairness.missingness", "fairness.proxies", "fairness.subgroup_fidelity")
OF_UNSEEN = ("privacy.nearer_to_train", "privacy.membership", "privacy.membership_echoes", "privacy.outliers")
# What a section on privacy adds: what a model promises, and what it has by heart.
OF_MODELS = (
    "privacy.epsilon",
    "privacy.extraction",
    "privacy.exposure",
    "privacy.membership_text",
    "privacy.membership_text_tpr",
)


def check_gates(gates: Sequence[Gate], names: Sequence[str], further: Iterable[str] = ()) -> None:
    """RecipeError for a gate on a score that none of the metrics gives; as `registry.load` for a metric not there.

    names: the metrics, as `measure` and `measure_related` take them. further: scores that something else gives.
    """
    chosen = _chosen(names)
    known = {score for metric in chosen for score in (metric, *FURTHER.get(metric, ()))} | set(further)
    for gate in gates:
        if gate.metric in known or any(gate.metric.startswith(f"{metric}_") for metric in _free(chosen)):
            continue
        source = next((metric for metric in _every() if gate.metric in (metric, *FURTHER.get(metric, ()))), None)
        advice = near(gate.metric, known) if source is None else f"Add {source} to the metrics, or drop the gate."
        raise RecipeError(f"The gate {gate} names a metric that is not measured.", advice)


def check_applies(
    gates: Sequence[Gate],
    schema: TableSchema,
    *,
    target: str | None = None,
    protected: Sequence[str] = (),
    holdout: bool = True,
) -> None:
    """RecipeError for a gate on a metric that cannot apply to data of such a schema. What only the rows tell (too few
    of them, one class) is not looked for.

    holdout: whether there are rows that nothing has seen.
    """
    built_in = [name for name in _every() if name in registry.GROUPS["metrics"]]
    for gate in gates:
        source = next((each for each in built_in if gate.metric in (each, *FURTHER.get(each, ()))), None)
        source = source or next((each for each in BY_MEASURE if gate.metric.startswith(f"{each}_")), "")
        why = _lacking(source, schema, target, protected, holdout)
        if why:
            raise RecipeError(
                f"The gate {gate} is on a metric that does not apply: {why}.", "Drop the gate, or give what is missing."
            )


def _lacking(
    metric: str, schema: TableSchema, target: str | None, protected: Sequence[str], holdout: bool
) -> str | None:
    """What a metric cannot do without, and is not there."""
    group = metric.partition(".")[0]
    learns = group == "utility" or (group == "fairness" and metric not in (*OF_ROWS, "fairness.parity"))
    kind = schema[target].kind if target is not None and target in schema else ""
    needs = (
        (metric in OF_TEXTS and all(column.kind != "text" for column in schema.columns), "no column is free text"),
        (group == "sequences" and schema.sequence is None, "the rows are no events in sequence"),
        (group == "fairness" and not protected, "no column is protected"),
        ((learns or metric == "fairness.parity") and target is None, "no target is named"),
        (learns and kind in ("text", "id"), f"the target {target!r} is {kind}"),
        ((learns or metric in OF_UNSEEN) and not holdout, "there is no holdout"),
        (metric == "fidelity.constraints" and not rules_of(schema), "the schema holds no rule that was confirmed"),
    )
    return next((why for lacks, why in needs if lacks), None)


def _every() -> list[str]:
    return [*registry.names("metrics"), *registry.names("relations")]


def _chosen(names: Sequence[str]) -> list[str]:
    along = [name for name in names if name == "relations" or name.startswith("relations.")]
    others = chosen_of([name for name in names if name not in along])
    for name in along:
        if name != "relations":
            registry.load("relations", name)
    return [*others, *(registry.names("relations") if "relations" in along else along)]


def _free(chosen: Sequence[str]) -> list[str]:
    """Metrics of which not every score is named here: by measure, and those that a plug-in added."""
    built_in = {*registry.GROUPS["metrics"], *registry.GROUPS["relations"]}
    return [metric for metric in chosen if metric in BY_MEASURE or metric not in built_in]
