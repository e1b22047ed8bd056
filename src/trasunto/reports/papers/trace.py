"""The lineage of a run as a graph: what was made from what, by which step, when."""

from __future__ import annotations

from dataclasses import dataclass

from trasunto.reports.papers.recorded import Recorded

# What each step reads; "a/" stands for every file in that folder.
READS: dict[str, tuple[str, ...]] = {
    "protect": ("source", "recipe.yaml"),
    "split": ("source", "recipe.yaml"),
    "fit": ("train", "validation", "recipe.yaml"),
    "sample": ("model/", "recipe.yaml"),
    "repair": ("model/", "recipe.yaml"),
    "measure": ("train", "holdout", "synthetic/", "recipe.yaml"),
    "audit": ("train", "recipe.yaml"),
    "train": ("synthetic/", "train", "holdout", "recipe.yaml"),
}
PARTS = ("train", "validation", "holdout")


@dataclass(frozen=True)
class Entity:
    """A thing that a step reads or writes. kind: "source", "part", "recipe" or "file"."""

    name: str
    kind: str
    digest: str
    rows: int | None = None


@dataclass(frozen=True)
class Step:
    """An activity: began and ended as ISO time in UTC, "" where the run did not record it."""

    name: str
    began: str
    ended: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


@dataclass(frozen=True)
class Trace:
    """The whole lineage."""

    run: str
    entities: tuple[Entity, ...]
    steps: tuple[Step, ...]

    def entity(self, name: str) -> Entity:
        return next(each for each in self.entities if each.name == name)


def trace(run: Recorded) -> Trace:
    """The lineage of a run, in the order of its steps."""
    parts = (run.manifest.get("split") or {}).get("parts") or {}
    data = run.facts.get("data") or {}
    entities = [
        Entity("source", "source", str(data.get("digest") or ""), data.get("rows")),
        Entity("recipe.yaml", "recipe", run.recipe_digest),
        *(Entity(n, "part", parts[n]["digest"], parts[n]["rows"]) for n in PARTS if n in parts),
        *(Entity(n, "file", digest) for n, digest in sorted((run.manifest.get("artifacts") or {}).items())),
    ]
    names = [each.name for each in entities]
    steps = [_step(run, name, names) for name in run.manifest.get("steps") or {}]
    ended = {step.name: step.ended for step in steps}
    order = list(READS)
    steps.sort(key=lambda s: (ended[s.name], order.index(s.name) if s.name in order else len(order)))
    return Trace(str(run.manifest["id"]), tuple(entities), tuple(steps))


def _step(run: Recorded, name: str, names: list[str]) -> Step:
    began = [e["time"] for e in run.log if e.get("event") == "begun" and e.get("step") == name]
    ended = [e["time"] for e in run.log if e.get("event") == "finished" and e.get("step") == name]
    wanted = READS.get(name, ("recipe.yaml",))
    reads = [each for each in names if any(each == w or (w.endswith("/") and each.startswith(w)) for w in wanted)]
    writes = [each for each in run.outputs.get(name, ()) if each in names]
    if name == "split":
        writes += [each for each in PARTS if each in names]
    return Step(name, began[-1] if began else "", ended[-1] if ended else "", tuple(reads), tuple(writes))
