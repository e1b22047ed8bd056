"""What an attacker could learn from a synthetic file: every attack there is, on nothing but the files.

The levels of release and their limits are proposals: no authority publishes numbers, and who answers for the data
decides what risk is acceptable (the CNIL's opinion on Anonymeter; EDPB Opinion 28/2024). 0.09, one in eleven, is what
EMA and Health Canada accept for open clinical data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.data.dataset import Dataset, relabel
from trasunto.data.schema import Schema
from trasunto.errors import MetricError, RecipeError, near
from trasunto.metrics.attacks.battery import LEAST_UNSEEN
from trasunto.metrics.attacks.families import families
from trasunto.metrics.attacks.inference import secrets_of
from trasunto.metrics.attacks.linkability import keys_of
from trasunto.metrics.attacks.risk import LEAST_ROWS
from trasunto.metrics.frames import alike
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison, Gate, Score, Verdict
from trasunto.pipeline.verbs import dataset_of, load, read
from trasunto.privacy.budget import Guarantee
from trasunto.progress import Progress, quiet
from trasunto.reports.papers.bounds import most_found
from trasunto.reports.report import Report
from trasunto.reports.risk_figures import attacks_figure
from trasunto.reports.risks import FOUND, exceeded

TITLES = {"en": "What an attacker could learn", "es": "Qué podría averiguar un atacante"}
# By level, the strictest first: what must hold. Ends of intervals are judged, so that few rows prove nothing; distances
# to training rows are never among them, for they are no evidence.
LEVELS: dict[str, tuple[str, ...]] = {
    "open": (
        "privacy.epsilon <= 3",
        "upper(privacy.membership_tpr_1) <= 0.02",
        "lower(privacy.membership_tpr_01) <= 0.002",
        "upper(privacy.singling_out) <= 0.09",
        "upper(privacy.linkability) <= 0.09",
        "upper(privacy.inference) <= 0.09",
    ),
    "controlled": (
        "upper(privacy.membership_tpr_1) <= 0.05",
        "lower(privacy.membership_tpr_01) <= 0.005",
        "upper(privacy.singling_out) <= 0.2",
        "upper(privacy.linkability) <= 0.2",
        "upper(privacy.inference) <= 0.2",
    ),
    "internal": (),
}
# The same for texts: what is said again word for word, and whose text is given away by it.
TEXT_LEVELS: dict[str, tuple[str, ...]] = {
    "open": (
        "privacy.epsilon <= 3",
        "upper(privacy.membership_echoes_tpr_1) <= 0.02",
        "upper(privacy.verbatim_text) <= 0.01",
        "privacy.replayed_identifiers <= 0",
        "upper(privacy.extraction) <= 0.02",
        "upper(privacy.membership_text_tpr) <= 0.05",
        "privacy.exposure <= 3",
    ),
    "controlled": (
        "upper(privacy.membership_echoes_tpr_1) <= 0.05",
        "upper(privacy.verbatim_text) <= 0.05",
        "privacy.replayed_identifiers <= 0.01",
        "upper(privacy.extraction) <= 0.05",
        "upper(privacy.membership_text_tpr) <= 0.1",
        "privacy.exposure <= 5",
    ),
    "internal": (),
}
# Where no text holds an identifier, and where no language model wrote, there is nothing to measure.
WHERE_MEASURED = frozenset(
    {"privacy.replayed_identifiers", "privacy.extraction", "privacy.membership_text_tpr", "privacy.exposure"}
)
# More of the holdout among the training rows than this is no holdout.
MOST_SHARED = 0.5


@dataclass(frozen=True)
class AuditOptions:
    """level: of release, whose limits are judged ("open", "controlled", "internal"); None for none. model: folder of
    the fitted model, for its guarantee. shadow: a synthesizer's name, to be fitted again and again on other rows
    (minutes). seed: same seed, same figures. language: of the report, "en" or "es"."""

    level: str | None = None
    model: str | None = None
    shadow: str | None = None
    seed: int = 0
    language: str = "en"


def audit(
    real: Any,
    synthetic: Any,
    *,
    holdout: Any = None,
    keys: Sequence[str] = (),
    secrets: Sequence[str] = (),
    target: str | None = None,
    options: AuditOptions | None = None,
    progress: Progress = quiet,
) -> Report:
    """Attack synthetic rows with all there is, and tell what was learnt.

    real, synthetic, holdout: datasets, or anything `read` takes (the others are read with the schema of `real`). keys:
    what an attacker knows of a person; secrets: what he would like to know; without them, roles and else all columns.
    Related tables are judged by whole families alone. Without a holdout there is no control, and no membership.
    Raises MetricError for files that cannot be compared: fewer than 50 rows, other columns, a holdout that is the
    training or the synthetic file, a secret that is constant; RecipeError for an unknown level.
    """
    chosen = options or AuditOptions()
    if chosen.level:
        gates_of(chosen.level)
    truth = dataset_of(real)
    made = _like(synthetic, truth)
    unseen = _like(holdout, truth) if holdout is not None else None
    known, claimed = _guarantee(chosen.model) if chosen.model else ((), {})
    if len(truth.tables) > 1:
        if chosen.level:
            raise RecipeError(
                f"The level {chosen.level!r} judges attacks on one table; here are {len(truth.tables)}.",
                "Leave out the level, or audit each table by itself.",
            )
        scores = families(truth, made, unseen, seed=chosen.seed)
        if not scores:
            raise MetricError(
                f"The tables {', '.join(truth.tables)} do not refer to each other by keys.",
                "Give a schema with foreign_keys, or one table.",
            )
        return _told((truth, made, unseen), (*scores, *known), claimed, chosen)
    comparison = Comparison(
        truth, made, unseen, target=target, seed=chosen.seed, keys=tuple(keys), secrets=tuple(secrets)
    )
    found = findings(comparison)
    comparison = _with_secrets(comparison)
    scores, left_out = _attacked(comparison, progress)
    if chosen.model and unseen is not None:
        scores = (*scores, *_by_heart(chosen.model, truth, unseen, chosen.seed, progress))
    if chosen.shadow:
        from trasunto.pipeline.shadow import shadow

        scores = (*scores, *shadow(comparison, chosen.shadow, progress=progress))
    facts = {
        **claimed,
        "findings": found,
        "left_out": left_out,
        "keys": list(keys_of(comparison, truth.only.schema.names)),
        "secrets": list(secrets_of(comparison)),
    }
    return _told((truth, made, unseen), (*scores, *known), facts, chosen)


def gates_of(level: str, schema: Schema | None = None) -> tuple[str, ...]:
    """The limits of a level of release, as a recipe's `gates` take them. RecipeError for an unknown level.

    schema: of what is released; those of a table when None. Texts have limits of their own, and where they stand with
    no more than one other column that is no identifier, no others.
    """
    if level not in LEVELS:
        raise RecipeError(f"No level of release called {level!r}.", near(level, LEVELS))
    kinds = [] if schema is None or len(schema.tables) > 1 else [column.kind for column in schema.only.columns]
    if "text" not in kinds:
        return LEVELS[level]
    if sum(kind not in ("text", "id") for kind in kinds) <= 1:
        return TEXT_LEVELS[level]
    return tuple(dict.fromkeys((*LEVELS[level], *TEXT_LEVELS[level])))


def judged(level: str, scores: tuple[Score, ...], schema: Schema | None = None) -> tuple[Verdict, ...]:
    """What the limits of a level say; a limit on what was not measured is not kept, unless it was not there to be
    measured (identifiers in texts that hold none, and what a language model has by heart)."""
    measured = {score.metric for score in scores if not score.subject}
    gates = [Gate.parse(gate) for gate in gates_of(level, schema)]
    asked = [gate for gate in gates if gate.metric in measured or gate.metric not in WHERE_MEASURED]
    return tuple(gate.verdict(scores) if gate.metric in measured else Verdict(gate, None, False) for gate in asked)


def reached(scores: tuple[Score, ...], schema: Schema | None = None) -> str:
    """The strictest level of release whose limits are all kept."""
    return next(level for level in LEVELS if all(verdict.passed for verdict in judged(level, scores, schema)))


def findings(comparison: Comparison) -> list[dict[str, Any]]:
    """What can be said before any attack, as keys of words and values. MetricError for what cannot be attacked."""
    parts = {"real": comparison.real, "synthetic": comparison.synthetic, "holdout": comparison.holdout}
    for name, part in parts.items():
        if part is not None and len(part) < LEAST_ROWS:
            raise MetricError(
                f"An attack needs at least {LEAST_ROWS} rows of {name} data; there are {len(part)}.",
                "Give more rows: on so few, chance alone would decide.",
            )
    secrets_of(comparison)
    given = alike(comparison, list(comparison.real.only.schema.names))
    found: list[dict[str, Any]] = []
    if _same(given["real"], given["synthetic"]):
        found.append({"key": "found_copy"})
    if "holdout" not in given:
        return [*found, {"key": "found_no_holdout"}]
    for other, told in (("real", "training"), ("synthetic", "synthetic")):
        if _same(given[other], given["holdout"]):
            raise MetricError(
                f"The holdout holds the {told} rows themselves.", "Give real rows that the synthesizer has not seen."
            )
    shared = given["holdout"].join(given["real"].unique(), on=given["real"].columns, how="semi", nulls_equal=True)
    if shared.height > MOST_SHARED * given["holdout"].height:
        found.append({"key": "found_shared", "share": shared.height / given["holdout"].height})
    if given["holdout"].height < LEAST_UNSEEN:
        found.append({"key": "found_few", "count": given["holdout"].height, "least": LEAST_UNSEEN})
    return found


def _same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Whether two tables hold the same rows, in whatever order."""
    return one.height == other.height and one.hash_rows().sort().equals(other.hash_rows().sort())


def _with_secrets(comparison: Comparison) -> Comparison:
    """Where neither a person nor a role says what is secret, every column is tried."""
    schema = comparison.real.only.schema
    if comparison.secrets or schema.of_role("sensitive"):
        return comparison
    wanted = secrets_of(replace(comparison, real=_without_roles(comparison.real), target=None))
    target = (comparison.target,) if comparison.target and comparison.target not in wanted else ()
    return replace(comparison, secrets=(*target, *wanted))


def _without_roles(data: Dataset) -> Dataset:
    schema = data.only.schema
    return relabel(data, replace(schema, columns=tuple(replace(column, role=None) for column in schema.columns)))


def _attacked(comparison: Comparison, progress: Progress) -> tuple[tuple[Score, ...], list[dict[str, str]]]:
    """The scores of every attack that applies, and why others could not be made."""
    names = [name for name in registry.names("metrics") if name.startswith("privacy.")]
    scores: list[Score] = []
    left_out = []
    for place, name in enumerate(names):
        progress("attack", place, len(names))
        try:
            scores += measure(comparison, [name])
        except MetricError as error:
            left_out.append({"metric": name, "why": error.problem})
    progress("attack", len(names), len(names))
    return tuple(scores), left_out


def _by_heart(folder: str, real: Dataset, unseen: Dataset, seed: int, progress: Progress) -> tuple[Score, ...]:
    """What a saved language model gives away of the texts it learned; () for a model of another kind."""
    from trasunto.language.classify import Classifier
    from trasunto.language.memorised import language_attacks
    from trasunto.synthesizers.lm_finetune import LmFinetuneModel

    model = load(folder)
    if not isinstance(model, Classifier | LmFinetuneModel):
        return ()
    return language_attacks(model, real, unseen, seed=seed, progress=progress)


def _guarantee(folder: str) -> tuple[tuple[Score, ...], dict[str, Any]]:
    """What the guarantee of a saved model says, as a score and as a fact; nothing without one."""
    return promised(getattr(load(folder), "guarantee", None))


def promised(guarantee: Guarantee | None) -> tuple[tuple[Score, ...], dict[str, Any]]:
    """What a guarantee says, as the score privacy.epsilon and as a fact; nothing without one."""
    if guarantee is None:
        return (), {}
    reading = f"Epsilon of the guarantee of differential privacy, per {guarantee.unit}."
    spent = {"epsilon": float(guarantee.spent.epsilon), "delta": float(guarantee.spent.delta)}
    return (Score("privacy.epsilon", spent["epsilon"], 0.0, reading=reading),), {"guarantee": spent}


def _reached(scores: tuple[Score, ...], facts: dict[str, Any], schema: Schema) -> str:
    """The level of release; inside the house where an attack finds more than the guarantee says can be found."""
    return "internal" if broken(scores, facts) else reached(scores, schema)


def broken(scores: tuple[Score, ...], facts: dict[str, Any]) -> tuple[Verdict, ...]:
    """What attacks found beyond what the guarantee allows, as limits that are not kept."""
    if "guarantee" not in facts:
        return ()
    spent, found = facts["guarantee"], []
    for score in exceeded(spent, scores):
        assert score.interval is not None
        bound = most_found(spent["epsilon"], spent["delta"], FOUND[score.metric])
        found.append(Verdict(Gate(score.metric, "<=", bound, "lower"), score.interval[0], False))
    return tuple(found)


def _told(
    parts: tuple[Dataset, Dataset, Dataset | None],
    scores: tuple[Score, ...],
    facts: dict[str, Any],
    chosen: AuditOptions,
) -> Report:
    names = ("train", "synthetic", "holdout")
    digests = {
        name: {"rows": len(part), "digest": part.digest()}
        for name, part in zip(names, parts, strict=True)
        if part is not None
    }
    related = len(parts[0].tables) > 1
    drawn = attacks_figure(scores, chosen.language)
    level = {} if related else {"level": _reached(scores, facts, parts[0].schema), "asked": chosen.level}
    return Report(
        title=TITLES.get(chosen.language, TITLES["en"]),
        scores=scores,
        verdicts=(*judged(chosen.level, scores, parts[0].schema), *broken(scores, facts)) if chosen.level else (),
        figures=(drawn,) if drawn else (),
        facts={"split": {"parts": digests}, "risks": {**facts, **level}, "run": {"seed": chosen.seed}},
        language=chosen.language,
    )


def _like(data: Any, real: Dataset) -> Dataset:
    if isinstance(data, Dataset):
        return data
    found = read(data, schema=real.schema)
    return Dataset.of(found.only, real.name) if len(real.tables) == 1 else found
