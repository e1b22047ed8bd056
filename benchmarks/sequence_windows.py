"""Windows of 24 steps, as papers on time series measure themselves: can a GRU tell drawn windows from real ones?

    python benchmarks/sequence_windows.py stocks sines --seeds 3 --out windows.json

Stocks: daily open, high, low, close, adjusted close and volume of GOOG, scaled to 0..1, every window of 24 days, as in
TimeGAN (Yoon, Jarrett and van der Schaar 2019); the prices are those of `bokeh_sampledata` (2004-2013, 2,148 days; the
paper's file has 3,685). Sines: 5 sines of random frequency and phase, 10,000 windows in the paper, 3,000 here. The
discriminative score is |accuracy - 0.5| of a GRU of as many units as half the columns, 2,000 steps of 128 + 128
windows, on a fifth it has not seen; the floor puts one half of the real windows against the other. "copied" is the
share of drawn values that stand in the real data to the last digit: days stand in 24 windows each, so that their values
count as frequent ones.
"""

from __future__ import annotations

import argparse
import json
import time

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.pipeline.verbs import make
from trasunto.writing import write_text

STEPS = 24


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("sets", nargs="+", choices=["stocks", "sines"])
    parser.add_argument("--synthesizer", default="sequences")
    parser.add_argument("--settings", default="{}", help="JSON")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--units", type=int, help="of the GRU; half the columns when left out")
    parser.add_argument("--out")
    asked = parser.parse_args()
    found = []
    for name in asked.sets:
        windows = stocks() if name == "stocks" else sines()
        for seed in range(asked.seeds):
            found.append({"set": name, "seed": seed, **measured(windows, asked, seed)})
            print(json.dumps(found[-1]), flush=True)
            if asked.out:
                write_text(asked.out, json.dumps(found, indent=1))


def measured(windows: np.ndarray, asked: argparse.Namespace, seed: int) -> dict[str, float]:
    begun = time.process_time()
    model = make(asked.synthesizer, json.loads(asked.settings)).fit(as_events(windows), seed=seed)
    fitted = time.process_time()
    made = as_windows(model.sample(len(windows), seed=seed + 1), windows.shape[2])
    drawn = time.process_time()
    same = [np.isin(made[..., at], windows[..., at]).mean() for at in range(windows.shape[2])]
    mixed = np.random.default_rng(seed).permutation(len(windows))
    return {
        "discriminative": told_apart(windows, made, seed, asked.units),
        "floor": told_apart(windows[mixed[::2]], windows[mixed[1::2]], seed, asked.units),
        "copied": round(float(np.mean(same)), 4),
        "fit_cpu_s": round(fitted - begun, 1),
        "draw_cpu_s": round(drawn - fitted, 1),
    }


def stocks() -> np.ndarray:
    """(windows, 24, 6) scaled to 0..1, mixed."""
    from bokeh_sampledata.stocks import GOOG

    names = ("open", "high", "low", "close", "adj_close", "volume")
    days = np.stack([np.asarray(GOOG[name], dtype=float) for name in names], axis=1)
    days = (days - days.min(axis=0)) / (np.ptp(days, axis=0) + 1e-7)
    windows = np.stack([days[at : at + STEPS] for at in range(len(days) - STEPS)])
    return windows[np.random.default_rng(0).permutation(len(windows))]


def sines(count: int = 3000, columns: int = 5) -> np.ndarray:
    """(count, 24, columns) in 0..1, each with a frequency and a phase from 0 to 0.1."""
    rng = np.random.default_rng(0)
    frequency, phase = rng.uniform(0, 0.1, (2, count, 1, columns))
    return (np.sin(frequency * np.arange(STEPS)[:, None] + phase) + 1) / 2


def as_events(windows: np.ndarray) -> Dataset:
    count, steps, columns = windows.shape
    named = {f"x{at}": windows[..., at].ravel() for at in range(columns)}
    place = {"window": np.repeat(np.arange(count), steps), "step": np.tile(np.arange(steps), count)}
    kinds = (Column("window", "id", False), Column("step", "integer", False))
    schema = TableSchema((*kinds, *(Column(name, "number", False) for name in named)), sequence=("window", "step"))
    return Dataset.of(Table(schema, pl.DataFrame({**place, **named})), "windows")


def as_windows(made: Dataset, columns: int) -> np.ndarray:
    return made.rows.select([f"x{at}" for at in range(columns)]).to_numpy().reshape(-1, STEPS, columns)


def told_apart(real: np.ndarray, made: np.ndarray, seed: int, units: int | None = None) -> float:
    """|accuracy - 0.5| of a GRU on windows it has not seen (TimeGAN, appendix)."""
    import torch

    torch.manual_seed(seed)
    rng, columns = np.random.default_rng(seed), real.shape[2]
    sides = [torch.tensor(each[rng.permutation(len(each))], dtype=torch.float32) for each in (real, made)]
    train = [side[: int(0.8 * len(side))] for side in sides]
    test = [side[int(0.8 * len(side)) :] for side in sides]
    gru = torch.nn.GRU(columns, units or columns // 2, batch_first=True)
    line = torch.nn.Linear(units or columns // 2, 1)
    best = torch.optim.Adam([*gru.parameters(), *line.parameters()])
    truth = torch.cat([torch.ones(128), torch.zeros(128)])
    for _ in range(2000):
        batch = torch.cat([side[rng.integers(0, len(side), 128)] for side in train])
        loss = torch.nn.functional.binary_cross_entropy_with_logits(line(gru(batch)[1][-1])[:, 0], truth)
        best.zero_grad()
        loss.backward()
        best.step()
    with torch.no_grad():
        right = [(line(gru(side)[1][-1])[:, 0] > 0).float() for side in test]
    accuracy = float(torch.cat([right[0], 1 - right[1]]).mean())
    return round(abs(accuracy - 0.5), 4)


if __name__ == "__main__":
    main()
