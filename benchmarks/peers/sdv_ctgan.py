"""SDV's CTGAN. Settings: those of CTGANSynthesizer (epochs: 300 by default)."""

import stopwatch
from sdv.single_table import CTGANSynthesizer
from sdv_metadata import described


def fit(table, job):
    model = CTGANSynthesizer(described(table, job), **job.settings)
    model.fit({"table": table})
    return model


def sample(model, job):
    return model.sample(num_rows=job.rows)["table"]


if __name__ == "__main__":
    stopwatch.run(fit, sample, "sdv")
