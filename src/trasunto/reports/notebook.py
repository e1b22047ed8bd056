"""A report as a notebook that has been executed: its tables and charts are in it, and its cells run again."""

from __future__ import annotations

import json
from typing import Any

from trasunto import registry
from trasunto.errors import StoreError
from trasunto.reports.blocks import Block, Heading, Picture
from trasunto.reports.markdown import block_text
from trasunto.reports.report import Report
from trasunto.reports.sections import story

SECONDS = 180
DRAW = "from IPython.display import SVG\nfrom trasunto.reports.pictures import svg\n\n"


def render(report: Report) -> str:
    """The notebook's JSON. Executing it needs the extra `report`; StoreError when the kernel fails."""
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, DeadKernelError
        from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
    except ImportError as error:
        raise registry.missing(error, "a notebook") from error
    load = "import json\nfrom trasunto.reports.report import Report\n\nreport = Report.from_dict(json.loads(r'''\n"
    document = json.dumps(report.to_dict(), ensure_ascii=True)
    if "'''" in document:
        document = document.replace("'''", "\\u0027\\u0027\\u0027")
    cells: list[Any] = [
        new_markdown_cell(f"# {report.title}"),
        new_code_cell(f"{load}{document}\n'''))\nreport", metadata={"jupyter": {"source_hidden": True}}),
    ]
    pending: list[Block] = []
    figures = {figure.name: place for place, figure in enumerate(report.figures)}

    def told() -> None:
        if pending:
            cells.append(new_markdown_cell("\n\n".join(block_text(block) for block in pending)))
            pending.clear()

    for block in story(report):
        if isinstance(block, Heading) and block.level == 2:
            told()
        if isinstance(block, Picture):
            told()
            place = figures[block.figure.name]
            cells.append(new_code_cell(f"{DRAW}SVG(svg(report.figures[{place}]))"))
        else:
            pending.append(block)
    told()
    notebook = new_notebook(cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    try:
        NotebookClient(
            notebook, timeout=SECONDS, kernel_name="python3", extra_arguments=["--IPKernelApp.log_level=ERROR"]
        ).execute()
    except (CellExecutionError, DeadKernelError, RuntimeError) as error:
        raise StoreError(f"The notebook could not be executed: {error}.", "Write .html instead.") from error
    text: str = nbformat.writes(notebook)
    return text
