"""A recipe: the whole job as data. YAML, with a published JSON Schema; unknown keys are refused."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trasunto.connectors.credentials import masked, without_password
from trasunto.data.schema import Role
from trasunto.errors import FileError, RecipeError, near
from trasunto.privacy.consent import YES

LEDGER = "trasunto-runs/ledger.sqlite"
Format = Literal["html", "json", "md", "ipynb", "pdf"]


class Part(BaseModel):
    """A part of a recipe: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Public(Part):
    """What anybody may know of a column, from a codebook and not from the rows: a private fit pays nothing for it."""

    categories: tuple[str, ...] | None = Field(None, description="The values it may hold.")
    bounds: tuple[float | str, float | str] | None = Field(None, description="Its lowest and highest value.")
    nullable: bool = Field(True, description="Whether a value may be missing.")


class Data(Part):
    """Where the real data comes from and what its columns are for."""

    source: str = Field(
        description="A file, a folder of files (one table each), a database or a lake by its address, or packaged:NAME."
    )
    tables: tuple[str, ...] = Field((), description="Of related tables: only these. All when empty.")
    copied: tuple[str, ...] = Field(
        (), description="Related tables that are copied, not synthesised: public dimensions such as countries."
    )
    sequence: tuple[str, str] | None = Field(
        None, description="Of events: the column that names whom they befall, and the one that orders them."
    )
    schema_file: str | None = Field(None, description="A schema file from `trasunto inspect DATA -o schema.yaml`.")
    target: str | None = Field(None, description="The column to predict; of related tables TABLE.COLUMN.")
    text: str | None = Field(None, description="The column of free text, for labelled text.")
    label: str | None = Field(None, description="The column that labels the text.")
    roles: dict[str, Role] = Field(
        default_factory=dict,
        description="What columns are for, {question: prompt, answer: response} or {en: source, es: translation}.",
    )
    drop: tuple[str, ...] = Field((), description="Columns to leave out before anything else.")
    recode: dict[str, dict[str, str]] = Field(
        default_factory=dict,
        description='New spellings of values by column, {"status": {"A": "good", "*": "other"}}; * is any other value.',
    )
    public: dict[str, Public] = Field(
        default_factory=dict,
        description="What is public of columns, {age: {bounds: [0, 120]}, sex: {categories: [f, m]}}; for an epsilon.",
    )
    rows: int | None = Field(
        None,
        ge=2,
        description="Use only so many rows, drawn with the seed; of related tables families. All when null.",
    )


class Split(Part):
    """What is kept away from everything that learns."""

    holdout: float = Field(0.5, gt=0, lt=1, description="Share of the rows that only the final judgement sees.")
    stratify: bool = Field(True, description="Keep the mix of the target or label in both parts.")
    group: str | None = Field(None, description="Rows that share a value of this column stay together.")
    root: str | None = Field(
        None, description="Of related tables: the one whose rows are shared out, each with all that hangs from it."
    )


class Synthesis(Part):
    """How the synthetic rows are made."""

    name: str = Field("tree", description="A synthesizer: see `trasunto list synthesizers`.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Its settings, by name.")
    rows: int | None = Field(None, ge=1, description="Rows to draw. As many as it was fitted to when null.")


class Search(Part):
    """Settings of a classifier tried out on texts cut from the synthetic training texts."""

    trials: int = Field(20, ge=1, description="Settings to try.")
    seconds: float = Field(120.0, gt=0, description="Stop after so long, if that comes first.")


class Training(Part):
    """The language model that is trained on the synthetic rows and judged on the real holdout."""

    task: str = Field("classification", description="A task: see `trasunto list tasks`.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Settings of the task, by name.")
    rows: int | None = Field(None, ge=2, description="Train every arm on at most this many rows. All when null.")
    search: Search | None = Field(None, description="Look for better settings first, for classification.")
    curve: tuple[int, ...] | None = Field(
        None,
        description="Real examples for the learning curve, each size a training: per class for tasks that label "
        "(5, 10, 20, 50, 100 when null), else in all (none when null); empty for none.",
    )


class Consent(Part):
    """Who agreed to what: rows of others are left out before anything else."""

    column: str | None = Field(None, description="The column that says whether a person agreed.")
    values: tuple[str, ...] = Field(YES, description="Its values that mean yes.")
    purposes: str | None = Field(None, description="A column that lists the purposes a person agreed to.")
    columns: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="Purposes a column may be used for; one that is not named, for all."
    )


class Grant(Part):
    """What one source may give away over all runs: the sum of what each of them spends."""

    epsilon: float = Field(gt=0, description="Epsilon of all runs together.")
    delta: float = Field(1e-5, ge=0, lt=1, description="Delta of all runs together.")


class Privacy(Part):
    """What protects the people in the data: before it enters, while it is learnt from, and what is attacked after."""

    purpose: str = Field("", description="What the data may be used for; recorded, and held against a policy.")
    consent: Consent | None = Field(None, description="Rows without consent are left out before anything else.")
    policy: str | dict[str, Any] | None = Field(
        None, description="What becomes of each column: a file from `trasunto protect DATA --propose`, or its content."
    )
    key_file: str | None = Field(None, description="The secret key of pseudonyms; TRASUNTO_KEY when null.")
    vault: str | None = Field(None, description="A file that keeps, encrypted, what each pseudonym stands for.")
    vault_key_file: str | None = Field(None, description="The key of the vault; TRASUNTO_VAULT_KEY when null.")
    epsilon: float | None = Field(None, gt=0, description="Budget of differential privacy; none when null.")
    delta: float = Field(1e-6, ge=0, lt=1, description="Its delta: below 1 / rows.")
    person: str | None = Field(None, description="The column that names the person whom the budget protects.")
    contributions: int = Field(1, ge=1, description="Rows of one person that are learnt from, at most.")
    domain_share: float = Field(
        0.0, ge=0, lt=1, description="Share of the budget that may buy categories and bounds nobody declared."
    )
    rows: int | None = Field(None, ge=1, description="The number of rows to learn from, where it is public.")
    grant: Grant | None = Field(None, description="What this source may give away over all runs; fixed once.")
    ledger: str = Field(LEDGER, description="The file that remembers what was spent.")
    source: str | None = Field(None, description="The name of the data in the ledger; data.source when null.")
    keys: tuple[str, ...] = Field((), description="Columns that an attacker may know of a person.")
    secrets: tuple[str, ...] = Field((), description="Columns that nobody should learn of a person.")
    level: Literal["open", "controlled", "internal"] | None = Field(
        None, description="Who may see the rows: limits on what attacks find become gates; see docs/attacks.md."
    )
    leaving: bool | None = Field(
        None,
        description="Whether real texts may leave this machine with prompts, where the synthesizer allows it too; "
        "refused at the levels open and controlled when null.",
    )
    audit: int = Field(0, ge=0, description="Canaries to plant, to measure a lower bound of epsilon; 0 for none.")


class Repair(Part):
    """How the synthetic rows are made fairer: see docs/fairness.md."""

    mode: str = Field("decisions", description="parity, decisions, odds, reweigh, rebalance, fill or counterfactual.")
    intensity: float = Field(1.0, ge=0, le=1, description="0 leaves the rows as they are, 1 repairs all there is.")
    shares: dict[str, float] | None = Field(None, description="Shares of groups, for rebalance; equal when null.")
    least: int = Field(100, ge=1, description="Rows of each group, for fill.")
    redraw: tuple[str, ...] | None = Field(None, description="Columns a twin of counterfactual draws anew.")


class Fairness(Part):
    """Whom the data and the models must serve equally well."""

    protected: tuple[str, ...] = Field((), description="Columns whose groups are compared, also where they cross.")
    positive: str | None = Field(None, description="The favourable value of the target; of two the rarer when null.")
    repair: Repair | None = Field(None, description="Leave out to measure only.")


class Delivery(Part):
    """Where the synthetic data goes once every gate has passed."""

    to: str = Field(description="A file, a folder, a database or a lake by its address: all of it, or nothing.")
    rows: int | None = Field(
        None, ge=1, description="Draw so many rows for it, in constant memory; the measured rows themselves when null."
    )


class Reporting(Part):
    """How it is told."""

    formats: tuple[Format, ...] = Field(("html", "json", "md"), description="Forms to write into the run's folder.")
    papers: tuple[str, ...] = Field((), description="Papers to write: see `trasunto papers --list`; [all] for all.")


class Recipe(Part):
    """The whole job."""

    title: str = Field("Synthetic data", description="The title of the report.")
    use_case: str = Field("", description="Why this is done and for whom: the first section of the report.")
    language: Literal["en", "es"] = Field("en", description="The language of the report.")
    seed: int = Field(0, ge=0, description="Same seed, same result.")
    executor: str | None = Field(
        None, description="Who does the work: local, processes:4, ray, ray://host:10001; --on comes first."
    )
    data: Data
    split: Split = Split()
    privacy: Privacy | None = Field(None, description="Leave out for data that anybody may see.")
    fairness: Fairness | None = Field(None, description="Leave out where no group needs to be looked at.")
    prepare: dict[str, Any] | None = Field(
        None, description="Make texts ready, with these settings by name ({}: the usual): see docs/text.md."
    )
    synthesizer: Synthesis = Synthesis()
    curate: dict[str, Any] | None = Field(
        None, description="Sift what was written, with these settings by name ({}: the usual): see docs/curation.md."
    )
    metrics: tuple[str, ...] = Field(
        (), description="Metrics to measure: see `trasunto list metrics`. All but the slow when empty; full: all."
    )
    vectors: str | None = Field(
        None,
        description="An encoder (a model's name, or its folder) whose sentence vectors metrics of texts look through; "
        "vectors of words and letters when null.",
    )
    repeats: int = Field(1, ge=1, description="Draw and measure so many times; how far scores spread is told.")
    train: Training | None = Field(None, description="Leave out to make and measure synthetic data only.")
    gates: tuple[str, ...] = Field((), description='Limits that must hold, like "fidelity.c2st <= 0.6".')
    report: Reporting = Reporting()
    deliver: Delivery | None = Field(None, description="Leave out to keep the rows in the folder of the run alone.")

    def to_yaml(self) -> str:
        """The resolved recipe, every key spelt out."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100)

    @staticmethod
    def from_dict(document: Any, *, where: str = "the recipe") -> Recipe:
        """RecipeError with every fault at once, each with the near names."""
        if not isinstance(document, Mapping):
            raise RecipeError(f"Expected a mapping in {where}, found {type(document).__name__}.", STARTER)
        try:
            made = Recipe.model_validate(dict(document))
        except ValidationError as error:
            faults = "; ".join(_fault(dict(each)) for each in error.errors())
            raise RecipeError(masked(f"Cannot use {where}: {faults}"), "Mend these keys and run again.") from error
        without_password(made.data.source, f"data.source of {where}")
        if made.deliver is not None:
            without_password(made.deliver.to, f"deliver.to of {where}")
        return made


NESTED: dict[tuple[str, str], type[Part]] = {
    ("privacy", "consent"): Consent,
    ("privacy", "grant"): Grant,
    ("fairness", "repair"): Repair,
    ("train", "search"): Search,
}
RESERVED = "%@`"
STARTER = "Write one with `trasunto init recipe.yaml --data FILE`."


def load_recipe(path: str | Path, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe in a YAML file, with `section.field=value` overrides on top.

    Precedence: overrides (the command line), then TRASUNTO_SET (the same, separated by ;), then the file.
    """
    source = Path(path)
    try:
        document = yaml.safe_load(source.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FileError(f"There is no recipe {source}.", STARTER) from error
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"The recipe {source} cannot be read: {error}.", STARTER) from error
    except yaml.YAMLError as error:
        raise RecipeError(f"The recipe {source} is not valid YAML: {error}", "Mend the line it names.") from error
    if not isinstance(document, dict):
        raise RecipeError(f"The recipe {source} holds no keys.", STARTER)
    return Recipe.from_dict(override(document, [*_from_environment(), *overrides]), where=str(source))


def override(document: Mapping[str, Any], settings: Sequence[str]) -> dict[str, Any]:
    """A copy of the document with `section.field=value` applied; a value is read as YAML."""
    result = yaml.safe_load(yaml.safe_dump(dict(document)))
    for setting in settings:
        key, separator, text = setting.partition("=")
        if not separator or not key.strip():
            raise RecipeError(f"Cannot read the setting {setting!r}.", "Write it like split.holdout=0.3.")
        *sections, field = key.strip().split(".")
        place = result
        for section in sections:
            inner = place.get(section)
            if inner is not None and not isinstance(inner, dict):
                raise RecipeError(f"The setting {setting!r} goes into {section!r}, which is not a section.", STARTER)
            if inner is None:
                place[section] = {}
            place = place[section]
        try:
            place[field] = yaml.safe_load(text)
        except yaml.YAMLError as error:
            # YAML keeps these first signs for itself; on a command line "%Y-%m-%d" is a text.
            if text.strip()[:1] not in RESERVED:
                raise RecipeError(f"The value of {setting!r} is not valid YAML.", "Put it in quotes.") from error
            place[field] = text
    return dict(result)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a recipe, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Recipe.model_json_schema()}


def slug(title: str) -> str:
    """A title as a folder name: lower case, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "run"


def _from_environment() -> list[str]:
    return [each for each in os.environ.get("TRASUNTO_SET", "").split(";") if each.strip()]


def _fault(error: dict[str, Any]) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"unknown key {key!r} ({near(str(error['loc'][-1]), _keys(error['loc'][:-1]))})"
    if error["type"] == "missing":
        return f"{key!r} is missing"
    return f"{key!r} is {error['input']!r}: {error['msg']}"


def _keys(path: Sequence[Any]) -> list[str]:
    """The keys that are allowed at a place in a recipe."""
    parts: dict[str, type[Part]] = {
        "data": Data,
        "split": Split,
        "privacy": Privacy,
        "fairness": Fairness,
        "synthesizer": Synthesis,
        "train": Training,
        "report": Reporting,
        "deliver": Delivery,
    }
    if tuple(path[:2]) in NESTED:
        return list(NESTED[(str(path[0]), str(path[1]))].model_fields)
    model: type[Part] = parts.get(str(path[0]), Recipe) if path else Recipe
    return list(model.model_fields)
