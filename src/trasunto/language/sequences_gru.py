"""Can a recurrent network tell synthetic sequences from real ones? It reads the events one by one, trees see totals.

The discriminative score of Yoon, Jarrett and van der Schaar 2019, "Time-series generative adversarial networks",
section 4, as a chance of ranking instead of an accuracy. It trains three networks, and is measured when asked for by
name.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.interval import auc, auc_interval
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.sequences_events import Events, Sequences, sequences_of
from trasunto.networks.loop import Loop, Watch, train

# Events of a sequence that are read, entities a side, and values of a category with a place of their own.
MOST_EVENTS, MOST_ENTITIES, MOST_VALUES = 50, 4_000, 20
LEAST = 20
WIDTH = 16
STEPS, BATCH = 300, 64


def gru(comparison: Comparison) -> tuple[Score, ...]:
    """sequences.gru: chance that a recurrent network (GRU), trained on four fifths of the entities, scores a synthetic
    sequence of the other fifth above an unseen real one; 0.5 is a coin flip. It reads the first 50 events with their
    gaps. () without a sequence. Raises MetricError with fewer than 20 entities a side."""
    given = sequences_of(comparison)
    if given is None:
        return ()
    unseen = "holdout" in given.parts
    whom = "holdout" if unseen else "real"
    rng = np.random.default_rng(comparison.seed)
    longest = min(MOST_EVENTS, max(int(events.lengths.max()) for events in given.parts.values()))
    read = {part: _read(given, events, longest, rng) for part, events in given.parts.items()}
    number = min(len(read[whom]), len(read["synthetic"]))
    if number < LEAST:
        raise MetricError(f"sequences.gru needs {LEAST} entities a side and has {number}.", "Give more entities.")
    value, interval = _told_apart(read["synthetic"], read[whom], comparison.seed)
    baseline, _ = _told_apart(read["independent"], read[whom], comparison.seed)
    control = _told_apart(read["real"], read[whom], comparison.seed)[0] if unseen else None
    reading = (
        "Chance that a recurrent network scores a synthetic sequence above an unseen real one; 0.5 means it cannot "
        "tell. The control puts training entities in the place of the synthetic ones, the baseline events dealt out "
        "at random."
        if unseen
        else "Chance that a recurrent network scores a synthetic sequence above a training one; 0.5 means it cannot "
        "tell. Without a holdout this rewards copying."
    )
    return (Score("sequences.gru", value, 0.5, interval, baseline, control, reading=reading),)


def _read(given: Sequences, events: Events, most: int, rng: np.random.Generator) -> np.ndarray:
    """(entities, most, features) float32: places of values, numbers over the spread of the real ones, gaps; the last
    feature says whether there is an event."""
    real = given.parts["real"]
    chosen = np.sort(rng.permutation(len(events.starts))[:MOST_ENTITIES])
    place = np.flatnonzero(np.isin(events.owner, chosen) & (events.place < most))
    columns: list[np.ndarray] = []
    for number, levels in enumerate(given.levels):
        values, truth = events.values[place, number], real.values[:, number]
        if levels:
            columns += [values == each for each in range(min(int(levels), MOST_VALUES))]
        else:
            columns += _scaled(values, truth)
    columns += _scaled(np.log1p(np.maximum(events.gap[place], 0)), np.log1p(np.maximum(real.gap, 0)))
    columns.append(np.ones(len(place)))
    made = np.zeros((len(chosen), most, len(columns)), dtype=np.float32)
    made[np.searchsorted(chosen, events.owner[place]), events.place[place]] = np.column_stack(columns)
    return made


def _scaled(values: np.ndarray, truth: np.ndarray) -> list[np.ndarray]:
    """Values over the spread of the real ones, 0 for a missing one, and whether it is there."""
    spread = float(np.nanstd(truth)) if np.isfinite(truth).any() else 1.0
    middle = float(np.nanmean(truth)) if np.isfinite(truth).any() else 0.0
    there = np.isfinite(values)
    return [np.where(there, np.clip((values - middle) / (spread or 1.0), -10, 10), 0.0), there.astype(float)]


def _told_apart(made: np.ndarray, real: np.ndarray, seed: int) -> tuple[float, tuple[float, float]]:
    """The area under the curve on entities that the network has not seen, and its interval."""
    import torch

    rng, number = np.random.default_rng([seed, 7]), min(len(made), len(real))
    sides = [each[rng.permutation(len(each))[:number]] for each in (made, real)]
    cut = int(0.8 * number)
    seen = torch.from_numpy(np.concatenate([side[:cut] for side in sides]))
    truth = torch.cat([torch.ones(cut), torch.zeros(cut)])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = torch.nn.ModuleDict(
            {"gru": torch.nn.GRU(seen.shape[2], WIDTH, batch_first=True), "line": torch.nn.Linear(WIDTH, 1)}
        )

    def loss_of(batch: np.ndarray) -> tuple[Any, float]:
        places = torch.from_numpy(batch)
        logits = _logits(network, seen[places])
        lost = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth[places], reduction="sum")
        return lost, float(len(batch))

    epochs = max(1, round(STEPS * BATCH / len(seen)))
    settings = Loop(epochs=epochs, batch=BATCH, learning_rate=5e-3, threads=1)
    # A folder that is watched around keeps what a run trains, not what measures it.
    train(network, loss_of, len(seen), settings, seed=seed, watch=Watch())
    with torch.no_grad():
        scored = [_logits(network, torch.from_numpy(side[cut:])).numpy() for side in sides]
    return auc(scored[0], scored[1]), auc_interval(scored[0], scored[1])


def _logits(network: Any, events: Any) -> Any:
    """(b,) of sequences: what the network knows after the last event of each."""
    import torch

    states, _ = network["gru"](events)
    last = events[:, :, -1].sum(dim=1).long() - 1
    return network["line"](states[torch.arange(len(events)), last])[:, 0]
