"""A report as PDF, set by Typst: contents, page numbers, charts as vectors."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from trasunto import registry
from trasunto.reports.blocks import Blank, Block, Card, Cards, Code, Grid, Heading, Links, Picture, Points, Words
from trasunto.reports.pictures import svg
from trasunto.reports.report import Report
from trasunto.reports.sections import story
from trasunto.reports.words import say

_TONES = {"good": "#00785a", "fair": "#a86500", "poor": "#b8420f"}
_STYLE = """
#set document(title: {title}, date: none)
#set page(paper: "a4", margin: (x: 2cm, y: 2.2cm), numbering: "1 / 1", header: context {{
  if counter(page).get().first() > 1 [#text(8pt, fill: rgb("#5b6b7b"))[#{title}]] }})
#set text(lang: "{language}", size: 10pt, font: ("Libertinus Serif", "DejaVu Sans Mono"))
#set par(justify: false, leading: 0.62em)
#set heading(numbering: none)
#show heading.where(level: 1): it => block(above: 1.6em, below: 0.8em, text(15pt, weight: "bold", it.body))
#show heading.where(level: 2): it => block(above: 1.2em, below: 0.6em, text(12pt, weight: "bold", it.body))
#set table(stroke: (x, y) => (bottom: 0.4pt + rgb("#c9d2da")), inset: (x: 4pt, y: 3.5pt))
#show raw: set text(7.5pt)
"""


def render(report: Report) -> bytes:
    """The PDF's bytes. MissingLibraryError without the extra `report`."""
    return document(report.title, story(report), report.language, report.facts.get("run", {}).get("finished", ""))


def document(title: str, blocks: Sequence[Block], at: str, made: str = "") -> bytes:
    """A PDF of these blocks in the language `at`. made: when, as text. Equal blocks give equal bytes."""
    try:
        import typst
    except ImportError as error:
        raise registry.missing(error, "a PDF report") from error
    with tempfile.TemporaryDirectory(prefix="trasunto-") as folder:
        place = Path(folder)
        parts = [
            _STYLE.format(title=_string(title), language=at),
            f'#text(24pt, weight: "bold")[#{_string(title)}]\n\n',
            f'#text(fill: rgb("#5b6b7b"))[#{_string(say("made_by", at))} #{_string(made)}]\n\n',
            f"#outline(depth: 1, title: {_string(say('contents', at))})\n#v(1em)\n",
        ]
        parts += [_block(block, place, number) for number, block in enumerate(blocks)]
        (place / "report.typ").write_text("\n".join(parts), encoding="utf-8")
        compiled: bytes = typst.compile(str(place / "report.typ"))
        return compiled


def _block(block: Block, place: Path, number: int) -> str:
    if isinstance(block, Heading):
        return f"#heading(level: {block.level - 1}, {_string(block.text)})"
    if isinstance(block, Words):
        text = f"#{_string(block.text)}"
        return (
            f'#block(fill: rgb("#f5f7f9"), inset: 8pt, stroke: (left: 2pt + rgb("#a86500")))[{text}]'
            if block.tone
            else f"{text}\n"
        )
    if isinstance(block, Points):
        return "\n".join(f"- #{_string(item)}" for item in block.items) + "\n"
    if isinstance(block, Code):
        return f"#raw({_string(block.text)}, block: true)"
    if isinstance(block, Cards):
        return _cards(block)
    if isinstance(block, Grid):
        return _grid(block)
    if isinstance(block, Blank):
        return _blank(block)
    if isinstance(block, Links):
        return "\n".join(f"- #link({_string(to)})[#{_string(name)}] #{_string(what)}" for name, to, what in block.items)
    return _picture(block, place, number)


def _blank(blank: Blank) -> str:
    below = f"{blank.mark} {blank.key}" if blank.answer else blank.key
    small = f'#text(7.5pt, fill: rgb("#5b6b7b"))[#{_string(below)}]'
    if blank.answer:
        said = f"*#{_string(blank.what)}* \\ #{_string(blank.answer)} \\ {small}"
        return f'#block(width: 100%, inset: 8pt, stroke: (left: 2pt + rgb("#00785a")))[{said}]'
    asked = f"*#{_string(f'[{blank.mark} — {blank.what}]')}* #{_string(blank.hint)} {small}"
    box = 'fill: rgb("#fff8e8"), stroke: (paint: rgb("#a86500"), thickness: 0.8pt, dash: "dashed")'
    return f"#block(width: 100%, inset: 8pt, breakable: false, {box})[{asked}]"


def _cards(cards: Cards) -> str:
    cells = [_card(card) for card in cards.cards]
    return f"#grid(columns: ({'1fr, ' * min(len(cells), 3)}), gutter: 8pt, {', '.join(cells)})\n"


def _card(card: Card) -> str:
    box = f'width: 100%, fill: rgb("#f5f7f9"), inset: 8pt, stroke: (top: 3pt + rgb("{_TONES[card.tone]}"))'
    return (
        f'block({box})[#text(9pt, weight: "bold")[#{_string(card.title)}] \\ '
        f'#text(18pt, weight: "bold")[#{_string(card.value)}] \\ '
        f'#text(8pt, fill: rgb("#5b6b7b"))[#{_string(card.detail)}]]'
    )


def _grid(grid: Grid) -> str:
    wide = [max([len(grid.head[c]), *(len(row[c]) for row in grid.rows)], default=1) for c in range(len(grid.head))]
    # A column of long text takes what is left; short ones take what they need.
    columns = ", ".join("1fr" if width > 22 else "auto" for width in wide)
    sides = ", ".join("right" if c in grid.right else "left" for c in range(len(grid.head)))
    head = ", ".join(f"[*#{_string(cell)}*]" for cell in grid.head)
    body = ", ".join(f"[#{_string(_breakable(cell))}]" for row in grid.rows for cell in row)
    size = "8pt" if sum(wide) > 90 else "9pt"
    return f"#text({size})[#table(columns: ({columns},), align: ({sides},), table.header({head}), {body})]\n"


def _picture(block: Picture, place: Path, number: int) -> str:
    name = f"figure{number}.svg"
    drawn = svg(block.figure)
    (place / name).write_text(drawn, encoding="utf-8")
    title, caption = _string(block.figure.title), _string(block.figure.caption)
    tall = drawn.partition('height="')[2].partition('"')[0]
    wide = drawn.partition('width="')[2].partition('"')[0]
    # A chart that is taller than a page is scaled to one.
    room = (
        "height: 23cm"
        if float(tall or 1) / float(wide or 1) > 1.35
        else f"width: {min(100.0, float(wide or 1) / 6.2):.0f}%"
    )
    return (
        f'#block(breakable: false)[#text(10pt, weight: "bold")[#{title}] \\ '
        f'#text(8.5pt, fill: rgb("#5b6b7b"))[#{caption}]\n#image("{name}", {room})]\n'
    )


def _breakable(text: str) -> str:
    """Room for a line break inside long words such as hashes and column names."""
    if max((len(word) for word in text.split()), default=0) <= 24:
        return text
    return " ".join("\u200b".join(re.findall(r"[^_.]{1,12}[_.]?|[_.]", word)) for word in text.split())


def _string(text: str) -> str:
    """A Typst string literal: nothing in it is mark-up."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return '"' + "".join(each for each in escaped if each >= " ") + '"'
