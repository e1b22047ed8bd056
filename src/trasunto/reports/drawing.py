"""How every chart is drawn: its colours, and how it becomes a figure of a report."""

from __future__ import annotations

from typing import Any

from trasunto.reports.report import Figure
from trasunto.reports.words import say

# Okabe and Ito's palette: told apart by people with any colour vision.
REAL, MADE, UNSEEN, WARM = "#0072B2", "#E69F00", "#999999", "#D55E00"
# How charts write numbers in Spanish.
SPANISH = {"number": {"decimal": ",", "thousands": ".", "grouping": [3], "currency": ["", " €"]}}
SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"


def figure(name: str, section: str, key: str, language: str, spec: dict[str, Any]) -> Figure:
    """A chart with its title and caption in the language."""
    if language == "es":
        spec = {**spec, "config": {**spec.get("config", {}), "locale": SPANISH}}
    return Figure(name, section, say(key, language), say(f"{key}_caption", language), {"$schema": SCHEMA, **spec})
