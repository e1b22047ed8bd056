"""A commented recipe for somebody's own data: what was found is filled in, what can be chosen is explained."""

from __future__ import annotations

from typing import Any

from trasunto.connectors.credentials import without_password
from trasunto.data.dataset import Dataset
from trasunto.pipeline.recipe import Data, Fairness, Privacy, Recipe, Reporting, Split, Synthesis, Training

# Sections that a recipe may leave out; those that a starter shows, and does not ask for.
OPTIONAL = ("privacy", "fairness", "train")
# What a column to predict is often called, and most values of one that holds whole numbers.
TARGETS = ("target", "label", "class", "outcome", "diagnosis", "y", "etiqueta", "clase", "diagnostico", "diagnóstico")
GRADES = 20
CHOICES = (
    ("privacy", Privacy, "What protects the people in the data, and what attackers may know"),
    ("fairness", Fairness, "Whom the data and the models must serve equally well"),
)


def starter(source: str, real: Dataset) -> str:
    """YAML text of a recipe for `source`, with every key, its comment and a sensible value for these columns."""
    columns = real.only.schema.columns
    texts = [column.name for column in columns if column.kind == "text"]
    text, guess = texts[0] if texts else None, _guess(real)
    values: dict[str, Any] = {"data.source": without_password(source, "--data")}
    if text:
        values |= {"data.text": text, "data.label": guess, "synthesizer.name": "lm-finetune"}
    else:
        values["data.target"] = guess
    lines = [
        "# A recipe of Trasunto: the whole job as data. Run it with `trasunto run FILE`.",
        f"# Columns: {', '.join(f'{column.name} ({column.kind})' for column in columns)}",
        "",
    ]
    lines += _part(Recipe, "", values)
    sections = (("data", Data), ("split", Split), ("synthesizer", Synthesis), ("report", Reporting))
    for name, section in sections:
        lines += [f"{name}:", *_part(section, f"{name}.", values), ""]
    for name, part, why in CHOICES:
        body = [f"{name}:", *_part(part, f"{name}.", values)]
        lines += [f"# {why}: take the signs at the start of the lines away.", *(f"# {line}" for line in body), ""]
    if guess:
        lines += ["# The language model that is judged on real rows; delete this section to make data only.", "train:"]
        lines += _part(Training, "train.", values)
    return "\n".join(lines).rstrip() + "\n"


def _guess(real: Dataset) -> str | None:
    """The column that is most likely to be predicted: by its role, by its name, the last one, the last of classes."""
    columns, rows = real.only.schema.columns, real.rows
    grades = [c.name for c in columns if c.kind == "integer" and 2 <= rows[c.name].n_unique() <= GRADES]
    classes = [c.name for c in columns if c.kind in ("category", "boolean") and rows[c.name].n_unique() >= 2]
    said = [c.name for c in columns if c.role in ("target", "label")]
    named = [c.name for c in columns if c.name.lower() in TARGETS and c.name in (*classes, *grades)]
    last = [columns[-1].name] if columns[-1].name in (*classes, *grades) else []
    return next(iter([*said, *named, *last, *classes[::-1]]), None)


def _part(model: Any, prefix: str, values: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    indent = "  " if prefix else ""
    plain = model.model_construct()
    for name, field in model.model_fields.items():
        if field.description is None or name in OPTIONAL:
            continue
        default = getattr(plain, name, None)
        value = values.get(f"{prefix}{name}", default)
        lines += [f"{indent}# {field.description}", f"{indent}{name}: {_scalar(value)}"]
    return [*lines, ""] if not prefix else lines


def _scalar(value: Any) -> str:
    import yaml

    plain = list(value) if isinstance(value, tuple) else value
    return (
        yaml.safe_dump(plain, default_flow_style=True, allow_unicode=True, width=1000).removesuffix("\n...\n").strip()
    )
