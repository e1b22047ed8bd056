"""The README of an exported model: what it is, what it learnt from, what it is worth, what it is not."""

from __future__ import annotations

import json
from typing import Any

from trasunto.language.classify import Classifier
from trasunto.language.decoder.decoder import Decoder
from trasunto.language.offline import models
from trasunto.language.tasks.responder import Responder

PIPELINES = {"classification": "text-classification", "translation": "translation"}


def card(model: Classifier | Responder, form: str, use: str) -> str:
    """Markdown with the header that Hugging Face reads, in facts that the model itself carries."""
    facts = model.facts
    task = "classification" if isinstance(model, Classifier) else model.task
    base = str(facts.get("base") or "")
    licence = next((each.licence for each in models() if each.name == base), "")
    header: dict[str, Any] = {
        "license": licence.lower() or "other",
        "pipeline_tag": PIPELINES.get(task, "text-generation"),
        "tags": ["trasunto", task, form],
        **({"base_model": base} if base else {}),
    }
    head = "\n".join(f"{key}: {json.dumps(value)}" for key, value in header.items())
    lines = [
        f"---\n{head}\n---\n",
        f"# A language model for {task}\n",
        "Trained with Trasunto.\n",
        "## How to use it\n",
    ]
    lines.append(f"    {use}\n")
    if isinstance(model, Classifier):
        lines.append(f"Labels, in the order of the logits: {', '.join(model.labels)}.\n")
    lines.append("## What it is\n")
    rows = {
        "architecture": facts.get("architecture"),
        "base": base or "none: trained from scratch",
        "licence of the base": licence or "unknown: see the base" if base else None,
        "parameters": facts.get("parameters"),
        "trained parameters": facts.get("trained_parameters"),
        "training examples": facts.get("examples", facts.get("texts")),
        "seconds of training": facts.get("seconds"),
        "seed": facts.get("seed"),
    }
    lines += [f"- {name}: {_told(value)}" for name, value in rows.items() if value not in (None, "")]
    lines.append("\n## Privacy\n")
    lines.append(_privacy(model) + "\n")
    lines.append("## What it is worth\n")
    lines.append(_worth(facts))
    lines.append("## Limits\n")
    lines.append(
        "It knows what its training examples and its base hold, and errs beyond them. It was not made to decide on "
        "people, and what it writes may be wrong or harmful: look at it before it is used."
    )
    return "\n".join(lines) + "\n"


def _privacy(model: Classifier | Responder) -> str:
    promised = model.guarantee
    if promised is not None:
        spent = promised.spent
        return (
            f"Trained with differential privacy: epsilon {spent.epsilon:.4g}, delta {spent.delta:g}, for one "
            f"{promised.unit}."
        )
    held = "A model that has learnt texts may repeat them. " if isinstance(getattr(model, "way", None), Decoder) else ""
    return f"{held}It promises no differential privacy: whoever has it may learn of its training examples."


def _worth(facts: dict[str, Any]) -> str:
    """What `judge` found, where the model was judged."""
    difference = facts.get("difference")
    if not difference:
        return "It has not been scored: `trasunto score LM REAL` does so.\n"
    low, high = difference["interval"]
    name, ratio = facts.get("score", "macro F1"), facts.get("ratio") or 0.0
    return (
        f"On unseen real rows its {name} differs from that of the same model trained on as many real examples by "
        f"{difference['value']:.3g} (95 % interval {low:.3g} to {high:.3g}); the ratio is {ratio:.3g}.\n"
    )


def _told(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
