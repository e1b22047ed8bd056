"""SDMetrics' own figures of related tables, as published tables give them: 100 is a perfect likeness.

    python sdmetrics_related.py CUT OUT.json NAME=FOLDER [NAME=FOLDER ...]

CUT is what `related.py cut` wrote. Cardinality, column shapes, pairs within a table and one key apart are those of its
quality report; two and three keys apart are its column pair trends on the joined tables, mean over the paths, as
ClavaDDPM and GRDM do. Only tables that are in the folder count. "real" and "holdout" are folders of the cut.
"""

from __future__ import annotations

import itertools
import json
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from related_tables import keys_of, read_tables, schema_of
from sdmetrics.reports.multi_table import QualityReport
from sdmetrics.reports.multi_table._properties import ColumnPairTrends as PairsWithin
from sdmetrics.reports.multi_table._properties import InterTableTrends
from sdmetrics.reports.single_table._properties import ColumnPairTrends
from sdv_hma import described

warnings.simplefilter("ignore")


def main() -> None:
    cut, out, folders = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    found = {}
    for text in folders:
        name, _, folder = text.partition("=")
        wanted = [file.stem for file in sorted(Path(folder).glob("*.csv"))]
        tables = schema_of(SimpleNamespace(train=cut / "train", settings={"tables": wanted}))
        real = read_tables(SimpleNamespace(train=cut / "train"), tables)
        made = read_tables(SimpleNamespace(train=Path(folder)), tables)
        found[name] = figures(real, made, tables)
        print(name, json.dumps(found[name]), flush=True)
    out.write_text(json.dumps(found, indent=1), encoding="utf-8")


def figures(real, made, tables):
    metadata = described(tables).to_dict()
    report = QualityReport()
    report.generate(real, made, metadata, verbose=False)
    scores = {row["Property"]: 100 * row["Score"] for _, row in report.get_properties().iterrows()}
    # The report leaves out pairs that are hardly related in the real rows; published figures take all.
    for label, every in (("Column Pair Trends, all pairs", PairsWithin()), ("1 key apart", InterTableTrends())):
        scores[label] = 100 * every.get_score(real, made, metadata)
    for distance in (2, 3):
        values = [pairs(path, real, made, tables, metadata) for path in paths_of(tables, distance)]
        values = [value for value in values if not np.isnan(value)]
        if values:
            scores[f"{distance} keys apart"] = 100 * float(np.mean(values))
    return scores


def paths_of(tables, distance):
    """Lists of (child, link), from a descendant up."""
    every = [(name, link) for name, table in tables.items() for link in table.get("foreign_keys", [])]
    paths = [[each] for each in every]
    for _ in range(distance - 1):
        paths = [[*path, each] for path in paths for each in every if path[-1][1]["table"] == each[0]]
    return paths


def pairs(path, real, made, tables, metadata):
    """SDMetrics' column pair trends between the two ends of a path."""
    low, high = path[0][0], path[-1][1]["table"]
    joined = [join(path, rows) for rows in (real, made)]
    columns = {}
    ends = []
    for name in (low, high):
        kept = [column for column in metadata["tables"][name]["columns"] if column not in keys_of(tables[name])]
        ends.append([f"{name}.{column}" for column in kept])
        columns |= {f"{name}.{column}": metadata["tables"][name]["columns"][column] for column in kept}
    frames = [frame[list(columns)] for frame in joined]
    trends = ColumnPairTrends()
    details = trends._generate_details(*frames, {"columns": columns}, column_pairs=itertools.product(*ends))
    return float(details["Score"].mean())


def join(path, rows):
    frame = rows[path[0][0]].add_prefix(f"{path[0][0]}.")
    for name, link in path:
        above = rows[link["table"]].add_prefix(f"{link['table']}.")
        frame = frame.merge(
            above, left_on=f"{name}.{link['columns'][0]}", right_on=f"{link['table']}.{link['references'][0]}"
        )
    return frame


if __name__ == "__main__":
    main()
