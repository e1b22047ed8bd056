"""A method of Trasunto, by name. Settings: "method", and those of the method; "target" names the column to predict."""

import importlib
import inspect

import stopwatch

import trasunto as tr
from trasunto import registry


def read(job):
    """The training rows. What the method would load as it goes is loaded here, as it is with the others."""
    real = tr.read(job.train)
    for library in ("sklearn.tree", "sklearn.ensemble", "scipy.stats"):
        importlib.import_module(library)
    source = inspect.getsource(inspect.getmodule(registry.load("synthesizers", job.settings["method"])))
    if "torch" in source or "trasunto.networks" in source:
        importlib.import_module("torch")
    return real.with_role(job.settings["target"], "target") if "target" in job.settings else real


def fit(real, job):
    settings = {key: value for key, value in job.settings.items() if key not in ("method", "target")}
    return tr.fit(real, job.settings["method"], seed=job.seed, settings=settings)


def sample(model, job):
    return model.sample(job.rows, seed=job.seed + 1)


def write(made, job):
    made.write(job.folder / "synthetic.csv")


if __name__ == "__main__":
    stopwatch.run(fit, sample, "trasunto", read, write)
