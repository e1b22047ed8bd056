"""SDV's Gaussian copula. Settings: those of GaussianCopulaSynthesizer."""

import stopwatch
from sdv.single_table import GaussianCopulaSynthesizer
from sdv_metadata import described


def fit(table, job):
    model = GaussianCopulaSynthesizer(described(table, job), **job.settings)
    model.fit({"table": table})
    return model


def sample(model, job):
    return model.sample(num_rows=job.rows)["table"]


if __name__ == "__main__":
    stopwatch.run(fit, sample, "sdv")
