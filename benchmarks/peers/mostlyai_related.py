"""mostlyai-engine for related tables: a chain of contexts, root first.

A table hangs from one parent, its context: the parent's columns, and those of the parent's own context. A further key
is dealt out at random, as the engine has no model of it. A table in the setting `copied` is kept, and a key to it is a
category. Settings: copied; context, table to the parent that is its context where there are several; those of
TabularARGN (max_training_time in minutes a table).
"""

import numpy as np
import stopwatch
from mostlyai.engine import TabularARGN
from related_tables import read_tables, schema_of, write_tables


def read(job):
    tables = schema_of(job)
    return tables, read_tables(job, tables)


def links_of(tables, name, job):
    """The link to the context (or None), the links to copied tables, and the others."""
    copied, chosen = job.settings.get("copied", []), job.settings.get("context", {})
    links = tables[name].get("foreign_keys", [])
    fixed = [link for link in links if link["table"] in copied]
    free = [link for link in links if link["table"] not in copied]
    context = next((link for link in free if link["table"] == chosen.get(name, link["table"])), None)
    return context, fixed, [link for link in free if link is not context]


def prepared(tables, name, frame, job):
    """The frame without its own key and the keys that are dealt out; keys to copied tables as words."""
    _, fixed, dealt = links_of(tables, name, job)
    gone = [*tables[name].get("primary_key", []), *(link["columns"][0] for link in dealt)]
    words = {link["columns"][0]: frame[link["columns"][0]].astype(str) for link in fixed}
    return frame.assign(**words).drop(columns=gone)


def with_ancestors(tables, name, frames, job):
    """A table with its key, and the columns of its ancestors along the contexts."""
    context, _, _ = links_of(tables, name, job)
    key = tables[name]["primary_key"][0]
    own = prepared(tables, name, frames[name], job).assign(**{key: frames[name][key]})
    if context is None:
        return own
    above = with_ancestors(tables, context["table"], frames, job).add_prefix(f"{context['table']}.")
    column, of = context["columns"][0], f"{context['table']}.{context['references'][0]}"
    return own.merge(above, left_on=column, right_on=of, how="left").drop(columns=[column, of])


def order_of(tables, job):
    done = [name for name in tables if name in job.settings.get("copied", [])]
    while len(done) < len(tables):
        done += [
            name
            for name, table in tables.items()
            if name not in done and all(link["table"] in done for link in table.get("foreign_keys", []))
        ]
    return [name for name in done if name not in job.settings.get("copied", [])]


def fit(given, job):
    tables, frames = given
    plain = {key: value for key, value in job.settings.items() if key not in ("copied", "context")}
    models = {}
    for name in order_of(tables, job):
        context, _, _ = links_of(tables, name, job)
        linked = {}
        rows = prepared(tables, name, frames[name], job)
        if context is not None:
            linked = {
                "tgt_context_key": context["columns"][0],
                "ctx_primary_key": context["references"][0],
                "ctx_data": with_ancestors(tables, context["table"], frames, job),
            }
        # A table of nothing but keys has nothing to learn.
        bare = context is None and not len(rows.columns)
        models[name] = None if bare else TabularARGN(random_state=job.seed, **linked, **plain).fit(rows)
    return given, models


def sample(fitted, job):
    (tables, frames), models = fitted
    rng = np.random.default_rng(job.seed)
    made = {name: frames[name] for name in job.settings.get("copied", [])}
    for name in order_of(tables, job):
        context, fixed, dealt = links_of(tables, name, job)
        if models[name] is None:
            drawn = frames[name][[]].reset_index(drop=True)
        elif context is None:
            drawn = models[name].sample(n_samples=len(frames[name]))
        else:
            drawn = models[name].sample(ctx_data=with_ancestors(tables, context["table"], made, job))
        for link in fixed:
            known = frames[name][link["columns"][0]].to_numpy()
            codes = drawn[link["columns"][0]].astype(str)
            # A value that was protected away stands for no row: one is drawn as often as it was met.
            lost = ~codes.isin(made[link["table"]][link["references"][0]].astype(str))
            codes[lost] = rng.choice(known, int(lost.sum())).astype(str)
            drawn[link["columns"][0]] = codes.astype("int64")
        for link in dealt:
            there = made[link["table"]][link["references"][0]].to_numpy()
            # Each parent once, as long as there are any.
            turns = [rng.permutation(there) for _ in range(-(-len(drawn) // len(there)))]
            drawn[link["columns"][0]] = np.concatenate(turns)[: len(drawn)]
        for key in tables[name].get("primary_key", []):
            drawn[key] = np.arange(1, len(drawn) + 1)
        made[name] = drawn
    return (tables, frames), made


def write(made, job):
    (tables, frames), drawn = made
    write_tables(drawn, frames, tables, job.folder)


if __name__ == "__main__":
    stopwatch.run(fit, sample, "mostlyai-engine", read, write)
