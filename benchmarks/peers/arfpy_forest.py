"""arfpy: adversarial random forests. Settings: those of arf (num_trees: 30 by default).

It fails on missing numbers and takes no dates. So a number that may be missing is given as two columns, filled with the
median and beside it whether it was missing, and a date as seconds.
"""

import stopwatch
from arfpy import arf

GAP = "\x1fgap"


def fit(table, job):
    table = stopwatch.in_seconds(table, job).astype(dict.fromkeys(job.columns(*stopwatch.WORDS), "category"))
    for name in job.columns("integer", "number", *stopwatch.DATES):
        gaps = table[name].isna()
        if gaps.any():
            table[name + GAP] = gaps.map({True: "yes", False: "no"}).astype("category")
        table[name] = table[name].astype(float).fillna(table[name].median())
    model = arf.arf(x=table, **job.settings)
    model.forde()
    return model


def sample(model, job):
    made = model.forge(n=job.rows)
    for name in job.columns("integer", "number", *stopwatch.DATES):
        if name + GAP in made:
            made[name] = made[name].astype(float).mask(made[name + GAP] == "yes")
    return stopwatch.from_seconds(made, job)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "arfpy")
