"""A report as one HTML file: no request leaves it, charts answer to the pointer, light and dark, fit for print."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape
from importlib.resources import files

from trasunto import registry
from trasunto.reports.blocks import Blank, Block, Card, Cards, Code, Grid, Heading, Links, Picture, Points, Words
from trasunto.reports.report import Report
from trasunto.reports.sections import story
from trasunto.reports.words import say

# Columns above which a table is set in smaller letters, so that it fits the page.
WIDE = 8
# Letters above which a word in a cell may be broken.
LONG = 24


def render(report: Report) -> str:
    """The whole page."""
    return page(report.title, story(report), report.language, report.facts.get("run", {}).get("finished", ""))


def page(title: str, blocks: Sequence[Block], at: str, made: str = "") -> str:
    """A page of these blocks in the language `at`. made: when, as text."""
    contents = "".join(
        f'<li><a href="#{block.anchor}">{escape(block.text)}</a></li>'
        for block in blocks
        if isinstance(block, Heading) and block.level == 2
    )
    drawn = any(isinstance(block, Picture) for block in blocks)
    script = f"<script>{_bundle()}</script><script>{_asset('report.js')}</script>" if drawn else ""
    dark = {"en": "Light / dark", "es": "Claro / oscuro"}[at]
    theme = f'<button id="theme" type="button">{dark}</button>' if drawn else ""
    return (
        f'<!doctype html>\n<html lang="{at}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_asset('report.css')}</style>\n</head>\n<body>\n"
        f'<div class="page"><nav><strong>{say("contents", at)}</strong><ol>{contents}</ol>{theme}</nav>\n'
        f'<main><h1>{escape(title)}</h1><p class="by">{say("made_by", at)} {escape(made)}</p>\n'
        f"{''.join(_block(block) for block in blocks)}</main></div>\n{script}\n</body>\n</html>\n"
    )


def render_inline(report: Report) -> str:
    """The summary and the score tables, for a notebook cell."""
    wanted = [block for block in story(report) if isinstance(block, Cards | Grid)][:4]
    style = (
        "<style>.trasunto .cards{display:flex;gap:12px;flex-wrap:wrap}.trasunto .card{border:1px solid #8884;"
        "border-radius:8px;padding:8px 12px;max-width:220px}.trasunto .card b{display:block;font-size:22px}"
        ".trasunto .right{text-align:right}</style>"
    )
    body = "".join(_block(block) for block in wanted)
    return f'{style}<div class="trasunto"><h3>{escape(report.title)}</h3>{body}</div>'


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f'<h{block.level} id="{block.anchor}">{escape(block.text)}</h{block.level}>\n'
    if isinstance(block, Words):
        tone = f' class="{block.tone}"' if block.tone else ""
        return f"<p{tone}>{escape(block.text)}</p>\n"
    if isinstance(block, Points):
        return "<ul>" + "".join(f"<li>{escape(item)}</li>" for item in block.items) + "</ul>\n"
    if isinstance(block, Code):
        return f"<pre>{escape(block.text)}</pre>\n"
    if isinstance(block, Cards):
        return f'<div class="cards">{"".join(_card(card) for card in block.cards)}</div>\n'
    if isinstance(block, Grid):
        return _grid(block)
    if isinstance(block, Blank):
        return _blank(block)
    if isinstance(block, Links):
        items = (f'<li><a href="{escape(to)}">{escape(name)}</a> {escape(what)}</li>' for name, to, what in block.items)
        return f"<ul>{''.join(items)}</ul>\n"
    return _figure(block)


def _blank(blank: Blank) -> str:
    key = f"<code>{escape(blank.key)}</code>"
    if blank.answer:
        said = f"<b>{escape(blank.what)}</b> <span>{escape(blank.answer)}</span>"
        return f'<p class="blank given">{said} <small>{escape(blank.mark)} {key}</small></p>\n'
    asked = f"<b>[{escape(blank.mark)} — {escape(blank.what)}]</b> <span>{escape(blank.hint)}</span>"
    return f'<p class="blank">{asked} <small>{key}</small></p>\n'


def _card(card: Card) -> str:
    return (
        f'<div class="card {card.tone}"><em>{escape(card.title)}</em><b>{escape(card.value)}</b>'
        f"<span>{escape(card.detail)}</span></div>"
    )


def _grid(grid: Grid) -> str:
    def cells(row: tuple[str, ...], tag: str) -> str:
        parts = []
        for place, cell in enumerate(row):
            side = ' class="right"' if place in grid.right else ""
            parts.append(f"<{tag}{side}>{_breakable(cell)}</{tag}>")
        return "<tr>" + "".join(parts) + "</tr>"

    body = "".join(cells(row, "td") for row in grid.rows)
    frame = "scroll tight" if len(grid.head) > WIDE else "scroll"
    table = f'<div class="{frame}"><table><thead>{cells(grid.head, "th")}</thead><tbody>{body}</tbody></table></div>\n'
    if grid.long and len(grid.rows) > 6:
        return f"<details><summary>{escape(', '.join(grid.head[:3]))} … ({len(grid.rows)})</summary>{table}</details>\n"
    return table


def _breakable(text: str) -> str:
    """Escaped text with room for a line break inside words too long for a cell, such as hashes and paths."""
    return " ".join(
        "<wbr>".join(escape(part) for part in re.findall(r"[^./_]{1,16}[./_]?|[./_]", word))
        if len(word) > LONG
        else escape(word)
        for word in text.split(" ")
    )


def _figure(block: Picture) -> str:
    figure = block.figure
    # Inside a script element only the end tag could break out.
    spec = json.dumps(figure.spec, ensure_ascii=False).replace("</", "<\\/").replace("<!--", "<\\!--")
    name = f"figure-{escape(figure.name)}"
    return (
        f'<figure data-figure="{name}"><figcaption><b>{escape(figure.title)}</b>{escape(figure.caption)}</figcaption>'
        f'<div class="chart"></div><script type="application/json" id="{name}">{spec}</script></figure>\n'
    )


@lru_cache(maxsize=1)
def _bundle() -> str:
    """Vega, Vega-Lite and vega-embed as one script."""
    try:
        import vl_convert
    except ImportError as error:
        raise registry.missing(error, "an HTML report with charts") from error
    bundle: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return bundle.replace("</script", "<\\/script")


def _asset(name: str) -> str:
    return files("trasunto.reports").joinpath("assets", name).read_text(encoding="utf-8")
