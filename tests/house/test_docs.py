"""The reference says what the code does, and the README names every command that it shows."""

import re
import subprocess
import sys
from pathlib import Path

from trasunto.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]


def test_the_reference_is_up_to_date():
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_commands_in_the_readme_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {name for name in re.findall(r"trasunto (\w+)[ `]", text) if name.islower()} - {"as"} <= set(COMMANDS)


def test_links_of_the_pages_lead_somewhere():
    for page in [ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
