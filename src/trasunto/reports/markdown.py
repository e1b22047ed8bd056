"""A report as Markdown: words and tables. Charts are named, not drawn; the HTML and the PDF have them."""

from __future__ import annotations

from trasunto.reports.blocks import Blank, Block, Cards, Code, Grid, Heading, Links, Points, Words
from trasunto.reports.report import Report
from trasunto.reports.sections import story

_SPECIAL = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|#$"})


def render(report: Report) -> str:
    parts = [f"# {_plain(report.title)}", *(block_text(block) for block in story(report))]
    return "\n\n".join(part for part in parts if part) + "\n"


def block_text(block: Block) -> str:
    """One block as Markdown."""
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_plain(block.text)}"
    if isinstance(block, Words):
        return f"> {_plain(block.text)}" if block.tone else _plain(block.text)
    if isinstance(block, Points):
        return "\n".join(f"- {_plain(item)}" for item in block.items)
    if isinstance(block, Code):
        fence = "````" if "```" in block.text else "```"
        return f"{fence}yaml\n{block.text.rstrip()}\n{fence}"
    if isinstance(block, Cards):
        return "\n".join(f"- **{_plain(c.title)}: {_plain(c.value)}** {_plain(c.detail)}" for c in block.cards)
    if isinstance(block, Grid):
        return _grid(block)
    if isinstance(block, Blank):
        return _blank(block)
    if isinstance(block, Links):
        return "\n".join(f"- [{_plain(name)}](<{to}>) {_plain(what)}".rstrip() for name, to, what in block.items)
    return f"*{_plain(block.figure.title)}: {_plain(block.figure.caption)}*"


def _blank(blank: Blank) -> str:
    if blank.answer:
        return f"> **{_plain(blank.what)}**\\\n> {_plain(blank.answer)}\\\n> *{_plain(blank.mark)}* `{blank.key}`"
    asked = _plain(f"[{blank.mark} — {blank.what}]")
    return f"> **{asked}** {_plain(blank.hint)} `{blank.key}`"


def _grid(grid: Grid) -> str:
    sides = ["---:" if place in grid.right else "---" for place in range(len(grid.head))]
    rows = (grid.head, tuple(sides), *grid.rows)
    return "\n".join(
        "| " + " | ".join(cell if number == 1 else _plain(cell) for cell in row) + " |"
        for number, row in enumerate(rows)
    )


def _plain(text: str) -> str:
    """Text in which nothing is mark-up, on one line."""
    return " ".join(text.split()).translate(_SPECIAL)
