"""Every example of the page on rules is one that works."""

import re
from pathlib import Path

import pytest
import yaml

from trasunto.synthesizers.rules import Rules

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
# Columns that examples speak of and other examples define.
AROUND = {
    "plan": {"choices": ["free", "plus", "pro"]},
    "age": {"person": "age"},
    "city": {"person": "city"},
    "joined": {"date": ["2020-01-01", "2024-01-01"]},
    "Fare (€)": {"number": [1, 9]},
}


@pytest.mark.parametrize("text", EXAMPLES, ids=[re.findall(r"^ *(\w+):", text, re.MULTILINE)[1] for text in EXAMPLES])
def test_the_example_works(text):
    document = yaml.safe_load(text)
    document = document if "columns" in document else {"columns": document}
    columns = AROUND | document["columns"]
    made = Rules.of(document | {"columns": columns}).sample(50, seed=0).rows
    assert set(document["columns"]) <= set(made.columns)


def test_there_are_examples():
    assert len(EXAMPLES) >= 8
