"""What a notebook shows of datasets, tables and schemas."""

import polars as pl

import trasunto as tr


def test_first_rows_are_shown_as_they_are_written_and_how_many_there_are():
    data = tr.read(
        pl.DataFrame({"day": ["31/01/2020"] * 30, "at": ["09:30"] * 30, "<b>": ["<script>"] * 29 + [None]}),
        name="visits",
    )
    shown = data._repr_html_()
    assert "visits: 30 rows × 3 columns" in shown and "…" in shown
    assert "<td>31/01/2020</td>" in shown and "<td>09:30</td>" in shown and "1970" not in shown
    assert "&lt;script&gt;" in shown and "<script>" not in shown and "<b>" not in shown.replace("<p><b>", "")
    assert shown.count("<tr>") == 1 + 1 + 10 + 1
    assert "<td>datetime</td>" in data.only._repr_html_()


def test_a_schema_is_shown_with_the_reasons():
    data = tr.read(pl.DataFrame({"id": range(30), "kind": ["a", None, "b"] * 10}), name="things")
    shown = data.schema._repr_html_()
    assert "things: 2 columns; a row is told by id" in shown
    assert "<td>may be missing</td><td>2 different values among 20.</td>" in shown
