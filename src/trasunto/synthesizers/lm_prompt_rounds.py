"""Texts for rows, asked for in rounds: more than are missing are asked for, sifted, and filled in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from trasunto.errors import SampleError
from trasunto.language.curation.sieve import Sieve
from trasunto.language.curation.sifting import Curation, Sifting
from trasunto.language.curation.thrown import throw
from trasunto.language.engines.asked import Engine, Reply, Request, Usage
from trasunto.language.exemplars import Pool, told_of
from trasunto.language.personas import Personas
from trasunto.language.prompts import Job, Prompting
from trasunto.progress import Progress

ROUNDS = 6
# A model that is told what to do seldom misses; one that goes on with a list does often.
SPARE = {"chat": 1.1, "list": 1.5}


@dataclass(frozen=True)
class Wrote:
    """What was asked, and how many texts fell for each reason (they themselves: language/curation/thrown.py)."""

    curation: Curation
    usage: Usage

    def to_dict(self) -> dict[str, Any]:
        return {**self.curation.to_dict(), "usage": self.usage.to_dict()}


@dataclass(frozen=True)
class Asking:
    """How rows get their texts. exemplars: shown in a prompt; several: texts that a prompt asks for."""

    prompting: Prompting
    pool: Pool
    personas: Personas | None
    exemplars: int
    several: int

    def jobs(self, groups: dict[str, Group], number: int, seed: int) -> list[tuple[Job, Group]]:
        """What is asked in a round, the same in any process. A job of a list stands once for each text."""
        made: list[tuple[Job, Group]] = []
        style = self.prompting.style
        for key, group in sorted(groups.items()):
            missing = len(group.waiting)
            if not missing:
                continue
            wanted = int(np.ceil(missing * (SPARE[style] + 0.5 * number)))
            told = int.from_bytes(hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()[:4], "big")
            rng = np.random.default_rng([seed, number, told])
            while wanted > 0:
                count = min(self.several, wanted)
                wanted -= count
                job = self._job(group, count if style == "chat" else 1, rng)
                made += [(job, group)] * (1 if style == "chat" else count)
        return made

    def _job(self, group: Group, count: int, rng: np.random.Generator) -> Job:
        shown = self.pool.draw(self.exemplars, group.label, group.wanted, rng) if self.exemplars else ()
        persona = self.personas.draw(1, rng)[0] if self.personas is not None else ""
        return Job(count, group.label, group.told, group.prompt, shown, persona)


@dataclass
class Group:
    """Rows that ask for the same: their places that wait for a text."""

    label: str
    told: str
    prompt: str
    wanted: dict[str, str]
    waiting: list[int]


def groups_of(prompting: Prompting, rows: pl.DataFrame | None, count: int) -> dict[str, Group]:
    """Rows grouped by what their text is written to. rows: the columns that are drawn first; None without any."""
    layout = prompting.layout
    if rows is None or not layout.conditions:
        prompt = layout.prompts(pl.DataFrame({"": [None]}))[0]
        return {"": Group("", "", prompt, {}, list(range(count)))} if count else {}
    groups: dict[str, Group] = {}
    known = zip(layout.prompts(rows), layout.labels(rows), told_of(layout, rows), strict=True)
    for place, (prompt, label, wanted) in enumerate(known):
        # The very values, not their rounded words, choose exemplars; rows that read alike are one group.
        group = groups.setdefault(prompt, Group(label, _told(prompt, label), prompt, wanted, []))
        group.waiting.append(place)
    return groups


def requests_of(asking: Asking, jobs: Sequence[tuple[Job, Group]]) -> list[Request]:
    """The requests of jobs, in order."""
    return [asking.prompting.request(job) for job, _ in jobs]


def written(
    asking: Asking,
    engine: Engine,
    sieve: Sieve,
    groups: dict[str, Group],
    count: int,
    *,
    seed: int,
    progress: Progress,
) -> tuple[list[dict[str, str]], Wrote]:
    """A text, by column, for each of `count` rows. SampleError when too few can be used after six rounds."""
    found: list[dict[str, str] | None] = [None] * count
    sifting, usage = Sifting(sieve), Usage()
    doubted: dict[str, list[dict[str, str]]] = {}
    problems: list[str] = []
    for number in range(ROUNDS):
        jobs = asking.jobs(groups, number, seed)
        if not jobs:
            break
        replies = engine.complete(requests_of(asking, jobs), seed=seed + number, progress=progress)
        usage += Usage.of(replies, engine.prices)
        problems += [reply.error for reply in replies if reply.error]
        read = list(_read(asking, jobs, replies, sifting))
        texts, labels = _plain(asking, [each for each, _ in read]), [group.label for _, group in read]
        for place in sifting.sift(texts, labels):
            columns, group = read[place]
            if group.waiting:
                found[group.waiting.pop()] = columns
        again = dict(zip(texts, [each for each, _ in read], strict=True))
        short = {group.label for group in groups.values() if group.waiting}
        for fallen in sifting.fallen:
            if fallen.reason == "disagrees" and fallen.label in short:
                doubted.setdefault(fallen.label, []).append(again[fallen.text])
        throw(sifting)
    despite = 0
    for group in groups.values():
        while group.waiting and doubted.get(group.label):
            found[group.waiting.pop()] = doubted[group.label].pop()
            despite += 1
    _require(groups, sifting, problems)
    counts = {reason: times for reason, times in sorted(sifting.rejected.items()) if times}
    wrote = Wrote(Curation(sifting.written, count, counts, despite), usage)
    return [each for each in found if each is not None], wrote


def _read(
    asking: Asking, jobs: Sequence[tuple[Job, Group]], replies: Sequence[Reply], sifting: Sifting
) -> Iterator[tuple[dict[str, str], Group]]:
    """The texts in replies; what cannot be used is counted."""
    for (job, group), reply in zip(jobs, replies, strict=True):
        if reply.error:
            sifting.written += job.count
            sifting.rejected["failed"] += job.count
            continue
        for columns in asking.prompting.read(reply, job):
            if columns is None:
                sifting.written += 1
                sifting.rejected["malformed"] += 1
            else:
                yield columns, group


def _plain(asking: Asking, read: Sequence[dict[str, str]]) -> list[str]:
    layout = asking.prompting.layout
    return [text.strip() for text in layout.written(layout.frame(read))] if read else []


def _require(groups: dict[str, Group], sifting: Sifting, problems: Sequence[str]) -> None:
    short: dict[str, int] = {}
    for group in groups.values():
        if group.waiting:
            short[group.label] = short.get(group.label, 0) + len(group.waiting)
    if short:
        last = f" The last failure: {problems[-1]}." if problems else ""
        raise SampleError(
            f"After {sifting.written} texts too few can be used for {short} (label: missing); thrown away: "
            f"{dict(sifting.rejected)}.{last}",
            "Ask for fewer rows, show more exemplars, or take a better engine; answers that came are kept.",
        )


def _told(prompt: str, label: str) -> str:
    """What a prompt says in brackets after the label."""
    rest = prompt.rpartition("\n")[0] or prompt
    rest = rest.removeprefix(label)
    return rest[rest.find("(") + 1 : rest.rfind(")")] if "(" in rest else ""
