"""dpmm's AIM and MST. Settings: method ("aim" or "mst"), epsilon, delta, sizes (column to codes, for rows of codes) or
domain (column to {"lower", "upper"} or {"categories"}, for rows of values: a tenth of epsilon pays for its bins)."""

import stopwatch
from dpmm.pipelines import aim, mst

PIPELINES = {"aim": aim.AIMPipeline, "mst": mst.MSTPipeline}
BINS = 0.1


def fit(table, job):
    told = job.settings
    make = PIPELINES[told["method"]]
    if "sizes" in told:
        model = make(epsilon=told["epsilon"], delta=told["delta"], disable_processing=True, n_jobs=1)
        model.fit(table.astype(int), domain=told["sizes"], random_state=job.seed)
    else:
        parts = {"epsilon": told["epsilon"] * (1 - BINS), "proc_epsilon": told["epsilon"] * BINS}
        model = make(**parts, delta=told["delta"], n_jobs=1)
        # It takes missing words for a column of their own only when they are missing, not spelt.
        words = job.columns(*stopwatch.WORDS)
        table[words] = table[words].astype(object)
        model.fit(table, domain=told["domain"], random_state=job.seed)
    return model


def sample(model, job):
    return model.generate(n_records=job.rows, random_state=job.seed + 1)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "dpmm")
