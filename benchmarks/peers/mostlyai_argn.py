"""mostlyai-engine's TabularARGN. Settings: those of the class (max_training_time, in minutes; max_epochs; model)."""

import stopwatch
from mostlyai.engine import TabularARGN


def fit(table, job):
    return TabularARGN(random_state=job.seed, **job.settings).fit(table)


def sample(model, job):
    return model.sample(n_samples=job.rows)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "mostlyai-engine")
