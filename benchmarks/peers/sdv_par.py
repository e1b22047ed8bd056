"""SDV's PAR for sequences. Settings: table, the one with a sequence, and those of PARSynthesizer."""

import stopwatch
from related_tables import read_tables, schema_of, write_tables
from sdv.metadata import Metadata
from sdv.sequential import PARSynthesizer
from sdv_hma import SDTYPES


def read(job):
    name = job.settings.pop("table")
    job.settings["tables"] = [name]
    table = schema_of(job)[name]
    # The customers are no table here: their key is an ordinary column again.
    entity = table["sequence"][0]
    if entity not in [column["name"] for column in table["columns"]]:
        table["columns"].insert(0, {"name": entity, "kind": "id"})
    return name, table, read_tables(job, {name: table})


def fit(given, job):
    name, table, frames = given
    entity, order = table["sequence"]
    columns = {}
    for column in table["columns"]:
        sdtype = "id" if column["name"] == entity else SDTYPES.get(column["kind"], "categorical")
        dated = {"datetime_format": "%Y-%m-%d"} if sdtype == "datetime" else {}
        columns[column["name"]] = {"sdtype": sdtype, **dated}
    known = {"tables": {name: {"columns": columns, "sequence_key": entity, "sequence_index": order}}}
    model = PARSynthesizer(Metadata.load_from_dict(known), **job.settings)
    model.fit(frames)
    return given, model


def sample(fitted, job):
    (name, table, frames), model = fitted
    entities = frames[name][table["sequence"][0]].nunique()
    return fitted[0], model.sample_sequences(num_sequences=entities)


def write(made, job):
    (name, table, frames), drawn = made
    entity = table["sequence"][0]
    drawn[name][entity] = drawn[name][entity].astype("category").cat.codes + 1
    write_tables(drawn, frames, {name: table}, job.folder)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "sdv", read, write)
