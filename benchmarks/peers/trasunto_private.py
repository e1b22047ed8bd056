"""A private method of Trasunto. Settings: "name" of the method, its settings as "settings", "schema" (a file),
"budget" (fields of a Budget)."""

import stopwatch

import trasunto as tr
from trasunto.data.schema import Schema
from trasunto.privacy.budget import Budget


def read(job):
    return tr.read(job.train, schema=Schema.load(job.settings["schema"]))


def fit(real, job):
    told = job.settings
    budget = Budget(**told["budget"])
    return tr.fit(real, told["name"], seed=job.seed, settings=told["settings"], budget=budget)


def sample(model, job):
    return model.sample(job.rows, seed=job.seed + 1)


def write(made, job):
    made.write(job.folder / "synthetic.csv")


if __name__ == "__main__":
    stopwatch.run(fit, sample, "trasunto", read, write)
