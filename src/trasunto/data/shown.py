"""Tables and schemas as a notebook shows them: the first rows as they are written, and what each column is."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from trasunto.data.dataset import Table
from trasunto.data.edges import to_text
from trasunto.data.schema import TableSchema

ROWS = 10


def table_html(table: Table, name: str) -> str:
    """The first rows under names and kinds, headed by how many there are."""
    columns = table.schema.columns
    title = f"{name}: {len(table):,} rows × {len(columns)} columns"
    first = to_text(Table(table.schema, table.rows.head(ROWS)))
    more = [["…"] * len(columns)] if len(table) > ROWS else []
    rows = [[column.kind for column in columns], *map(list, first.rows()), *more]
    return grid_html(title, [column.name for column in columns], rows)


def schema_html(schema: TableSchema, name: str) -> str:
    """A line a column."""
    key = "" if not schema.primary_key else f"; a row is told by {' + '.join(schema.primary_key)}"
    rows = [
        [column.name, column.kind, column.role or "", "may be missing" if column.nullable else "", column.reason]
        for column in schema.columns
    ]
    return grid_html(f"{name}: {len(rows)} columns{key}", ["column", "kind", "role", "gaps", "why"], rows)


def grid_html(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts under a title, nothing of which is taken for HTML."""
    names = "".join(f"<th>{escape(name)}</th>" for name in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<p><b>{escape(title)}</b></p><table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table>"
