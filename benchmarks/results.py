"""What a benchmark has measured, a file a run, so that two benchmarks may fill one folder side by side."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from trasunto.errors import RecipeError
from trasunto.writing import write_text

RUN, EPOCH = "result.json", "epoch.json"


class Results:
    """OUT/runs/DATA/SEED/METHOD/result.json of every run, OUT/epochs/DATA/METHOD/epoch.json of every time of an epoch,
    and OUT/header.json, which says what they were measured under."""

    def __init__(self, out: Path, conditions: dict[str, Any], data: dict[str, dict[str, Any]]) -> None:
        """conditions: what must be the same for figures to stand side by side. data: facts of each data set, by name.

        Raises RecipeError when the folder was measured under other conditions or on other data.
        """
        self.out = out
        path = out / "header.json"
        known: dict[str, Any] = {"conditions": conditions, "data": {}}
        if path.exists():
            known = json.loads(path.read_text(encoding="utf-8"))
            if known["conditions"] != conditions or any(
                known["data"].get(name, each) != each for name, each in data.items()
            ):
                raise RecipeError(
                    f"{out} was measured on other rows of these data, or with other threads or telling of the target.",
                    "Give another --out.",
                )
        self.data: dict[str, dict[str, Any]] = {**known["data"], **data}
        write_text(path, json.dumps({**known, "data": self.data}, indent=1))

    def folder(self, data: str, seed: int, method: str) -> Path:
        """Of one run."""
        return self.out / "runs" / data / str(seed) / method.replace("/", "_")

    def forget(self, methods: list[str], data: list[str]) -> None:
        """Throw away every run of these methods, by their labels or by their names, on these data sets."""
        for kind, name in (("runs", RUN), ("epochs", EPOCH)):
            for path in list((self.out / kind).glob(f"**/{name}")):
                found = json.loads(path.read_text(encoding="utf-8"))
                label = found["method"]
                if found["data"] in data and (label in methods or label.partition(":")[0] in methods):
                    shutil.rmtree(path.parent)

    def add(self, found: dict[str, Any]) -> None:
        """Write a run down."""
        write_text(self.folder(found["data"], found["seed"], found["method"]) / RUN, json.dumps(found, indent=1))

    def holds(self, data: str, seed: int, method: str) -> bool:
        """Whether a run is done. One that failed is not."""
        path = self.folder(data, seed, method) / RUN
        return path.exists() and "failed" not in json.loads(path.read_text(encoding="utf-8"))

    def of(self, data: str) -> list[dict[str, Any]]:
        """The runs on a data set, by seed."""
        found = [json.loads(path.read_text(encoding="utf-8")) for path in (self.out / "runs" / data).glob(f"*/*/{RUN}")]
        return sorted(found, key=lambda run: (run["seed"], run["method"]))

    def epoch_folder(self, data: str, method: str) -> Path:
        """Of the time of an epoch."""
        return self.out / "epochs" / data / method.replace("/", "_")

    def add_epoch(self, found: dict[str, Any]) -> None:
        write_text(self.epoch_folder(found["data"], found["method"]) / EPOCH, json.dumps(found, indent=1))

    def epochs(self) -> list[dict[str, Any]]:
        """Every time of an epoch."""
        paths = sorted((self.out / "epochs").glob(f"*/*/{EPOCH}"))
        return [json.loads(path.read_text(encoding="utf-8")) for path in paths]
