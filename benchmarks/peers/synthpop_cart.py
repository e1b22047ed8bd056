"""synthpop-py: a chain of regression and classification trees. Settings: those of Synthesiser. It takes no dates."""

import stopwatch
from synthpop import Synthesiser


def fit(table, job):
    return Synthesiser(random_seed=job.seed, **job.settings).fit(stopwatch.in_seconds(table, job))


def sample(model, job):
    return stopwatch.from_seconds(model.generate(n=job.rows), job)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "synthpop-py")
