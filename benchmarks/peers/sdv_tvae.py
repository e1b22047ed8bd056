"""SDV's TVAE. Settings: those of TVAESynthesizer (epochs: 300 by default)."""

import stopwatch
from sdv.single_table import TVAESynthesizer
from sdv_metadata import described


def fit(table, job):
    model = TVAESynthesizer(described(table, job), **job.settings)
    model.fit({"table": table})
    return model


def sample(model, job):
    return model.sample(num_rows=job.rows)["table"]


if __name__ == "__main__":
    stopwatch.run(fit, sample, "sdv")
