"""SDV's HMA for related tables (five at most, no deeper than two). Settings: tables, the names of those taken."""

import stopwatch
from related_tables import keys_of, read_tables, schema_of, write_tables
from sdv.metadata import Metadata
from sdv.multi_table import HMASynthesizer

SDTYPES = {"integer": "numerical", "number": "numerical", "datetime": "datetime", "id": "id"}


def described(tables):
    known = {"tables": {}, "relationships": []}
    for name, table in tables.items():
        columns = {}
        for column in table["columns"]:
            label = column["name"]
            sdtype = "id" if label in keys_of(table) else SDTYPES.get(column["kind"], "categorical")
            columns[label] = {"sdtype": sdtype, **({"datetime_format": "%Y-%m-%d"} if sdtype == "datetime" else {})}
        known["tables"][name] = {"columns": columns}
        if table.get("primary_key"):
            known["tables"][name]["primary_key"] = table["primary_key"][0]
        for link in table.get("foreign_keys", []):
            known["relationships"].append(
                {
                    "parent_table_name": link["table"],
                    "child_table_name": name,
                    "parent_primary_key": link["references"][0],
                    "child_foreign_key": link["columns"][0],
                }
            )
    return Metadata.load_from_dict(known)


def read(job):
    tables = schema_of(job)
    return tables, read_tables(job, tables)


def fit(given, job):
    tables, frames = given
    model = HMASynthesizer(described(tables), **job.settings)
    model.fit(frames)
    return given, model


def sample(fitted, job):
    given, model = fitted
    return given, model.sample_scale(1.0)


def write(made, job):
    (tables, frames), drawn = made
    write_tables(drawn, frames, tables, job.folder)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "sdv", read, write)
