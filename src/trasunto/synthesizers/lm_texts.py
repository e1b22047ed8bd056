"""Texts that a fine-tuned model writes for rows, in rounds: more than are missing, read, sifted, filled in.

Ctrl-C ends the writing after the batch under way: rows that have their texts are kept (`Curation.interrupted`), a
second one raises. Inside a `watched` block with a folder what was written is kept there, and the same call goes on from
it; where the block says `stops`, the first Ctrl-C raises, too.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.errors import FitError, SampleError
from trasunto.language.curation.sieve import Sieve
from trasunto.language.curation.sifting import Curation, Sifting
from trasunto.language.curation.thrown import throw
from trasunto.language.generate import BATCH, Sampling, Writer
from trasunto.language.layouts import Layout, layout_of
from trasunto.language.pieces import Pieces
from trasunto.networks.course import present_watch, watched_folder
from trasunto.networks.loop import pressed_keys
from trasunto.progress import Progress

ROUNDS = 6
# Groups of like rows, up to which a few texts more are written for each.
FEW = 64
# Texts that are kept together for a call that goes on.
PIECE = 2 * BATCH
FILE = "written.jsonl"
# Chance of a label that the classifier gives to a text in place of the one it was written for.
SURE = 0.5
# Rounds after which a writer that does not keep to its labels is taken as it is.
PATIENCE = 2


def columns_of(real: Dataset) -> tuple[str, str | None]:
    """The one text column and the label column, for a method that writes nothing else. FitError otherwise."""
    if len(real.tables) != 1:
        raise FitError(f"One table is wanted, not {len(real.tables)}.", "Fit each table by itself.")
    layout = layout_of(real.only.schema, conditions=())
    if layout.kind not in ("text", "labelled") or len(layout.texts) != 1:
        raise FitError(
            f"One column of free text is wanted; what is written here is {', '.join(layout.texts)} ({layout.kind}).",
            "Name it with data.text in a recipe, or set its kind to text in the schema; drop the others.",
        )
    return layout.texts[0], layout.label


def labels_of(rows: pl.DataFrame, label: str | None) -> list[str]:
    """The label of each row as text; "" without a label column, and for a missing one."""
    return [""] * len(rows) if label is None else rows[label].cast(pl.String).fill_null("").to_list()


@dataclass
class Group:
    """Rows whose texts are written to the same: their places that wait for a text. begun: what a text begins with."""

    prompt: str
    label: str
    begun: str = ""
    waiting: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Writing:
    """How texts are written. samplings: a part of the texts each. facts: what tells this model from others. pieces: of
    texts longer than its window; None when there are none."""

    layout: Layout
    sieve: Sieve
    samplings: tuple[Sampling, ...]
    facts: Any
    pieces: Pieces | None = None

    def groups(self, rows: pl.DataFrame | None, count: int, begun: Sequence[str]) -> list[Group]:
        """Rows that are written to the same, in a fixed order. rows: the conditions; None when there are none."""
        rows = rows if rows is not None and self.layout.conditions else pl.DataFrame({"": [None] * count})
        found: dict[tuple[str, str], Group] = {}
        known = zip(self.layout.prompts(rows), self.layout.labels(rows), begun or [""] * count, strict=True)
        for place, (prompt, label, start) in enumerate(known):
            found.setdefault((prompt, start), Group(prompt, label, start)).waiting.append(place)
        return [found[key] for key in sorted(found)]

    def write(
        self, open_writer: Callable[[], Writer], groups: list[Group], count: int, *, seed: int, progress: Progress
    ) -> tuple[list[dict[str, str] | None], Curation]:
        """A text, by column, for each row; None for those that Ctrl-C left without. SampleError when the filters leave
        too few after six rounds.

        Texts that only the classifier doubts are used last. Where it doubts most of them they are given to the labels
        that it finds in them, and after two rounds to those that they were written for: more would be no better.
        """
        desk = _Desk(self, [None] * count)
        with pressed_keys() as pressed:
            try:
                with open_writer() as writer:
                    for number in range(ROUNDS):
                        if pressed or not desk.round(writer, groups, (seed, number), pressed, progress):
                            break
            except KeyboardInterrupt:
                # It did not come through the handler: not the main thread, or raised by what was called.
                if pressed:
                    raise
                pressed.append(0)
        if pressed and (present_watch()[0].stops or not desk.filled):
            raise KeyboardInterrupt
        if not pressed:
            desk.despite(groups)
        short = {} if pressed else _short(groups)
        if short:
            raise SampleError(
                f"After {desk.written} texts the filters leave too few for {short} (label: missing); "
                f"thrown away: {desk.rejected()} (empty: they did not end).",
                "Ask for fewer rows, fit with more texts or epochs, or with a higher `longest` where texts do not end.",
            )
        progress("write texts", desk.filled, count)
        return desk.found, Curation(
            desk.written, desk.filled, desk.rejected(), desk.unsure, bool(pressed), desk.relabelled
        )


@dataclass
class _Desk:
    """The texts of a call. doubted: the group, the columns and the text of what only the classifier threw away.
    relabelled, unsure: how many of those filled rows of another label, and of their own."""

    writing: Writing
    found: list[dict[str, str] | None]
    doubted: list[tuple[Group, dict[str, str], str]] = field(default_factory=list)
    malformed: int = 0
    filled: int = 0
    relabelled: int = 0
    unsure: int = 0

    def __post_init__(self) -> None:
        self.sifting = Sifting(self.writing.sieve)
        folder = watched_folder()
        self.kept = _Kept(folder / FILE if folder is not None else None)

    @property
    def written(self) -> int:
        return self.sifting.written + self.malformed

    def rejected(self) -> dict[str, int]:
        counts = {**self.sifting.rejected, "malformed": self.malformed}
        return {reason: count for reason, count in sorted(counts.items()) if count}

    def round(
        self, writer: Writer, groups: list[Group], seeds: tuple[int, int], pressed: list[int], progress: Progress
    ) -> bool:
        """Write for every row that waits; whether there was one."""
        if self._unruly:
            self._relabel(groups)
            if seeds[1] >= PATIENCE:
                self.despite(groups)
        open_groups = [group for group in groups if group.waiting]
        few = len(open_groups) <= FEW
        asked = [group for group in open_groups for _ in range(_more(len(group.waiting), seeds[1], few))]
        samplings = self.writing.samplings
        for number, sampling in enumerate(samplings):
            part = asked[number :: len(samplings)]
            for first in range(0, len(part), PIECE):
                if pressed:
                    return True
                piece = part[first : first + PIECE]
                chosen = _seed(*seeds, number, first // PIECE)
                texts = self._texts(writer, piece, sampling, chosen, pressed, progress)
                self._file(piece, texts, whole=not pressed)
        return bool(asked)

    @property
    def _unruly(self) -> bool:
        """Whether the writer does not keep to its labels: the classifier doubts most of what it wrote."""
        return 2 * self.sifting.rejected["disagrees"] > self.sifting.written

    def despite(self, groups: list[Group]) -> None:
        """Fill rows that still wait with texts that only the classifier doubts."""
        left = []
        for each in self.doubted:
            if each[0].waiting:
                self._fill(each[0], each[1])
                self.unsure += 1
            else:
                left.append(each)
        self.doubted = left

    def _fill(self, group: Group, columns: dict[str, str]) -> None:
        """Give a text to a row of the group that waits."""
        self.found[group.waiting.pop()] = columns
        self.filled += 1

    def _relabel(self, groups: list[Group]) -> None:
        """Give what is doubted to rows of the label that the classifier is sure of, if texts are written to no more."""
        layout = self.writing.layout
        if layout.conditions != (layout.label,):
            return
        waiting = {group.label: group for group in groups}
        called, sure = self.writing.sieve.agreement().called([text for _, _, text in self.doubted])
        left = []
        for each, label, chance in zip(self.doubted, called, sure, strict=True):
            if chance > SURE and label in waiting and waiting[label].waiting:
                self._fill(waiting[label], each[1])
                self.relabelled += 1
            else:
                left.append(each)
        self.doubted = left

    def _texts(
        self, writer: Writer, piece: list[Group], sampling: Sampling, seed: int, pressed: list[int], progress: Progress
    ) -> list[str]:
        """What is written after each prompt, from the last time where it is kept."""
        prompts = [f"{group.prompt}{group.begun}" for group in piece]
        key = _key(prompts, sampling, seed, self.writing.facts)
        if key in self.kept.texts:
            return self.kept.texts[key]
        wanted, filled = len(self.found), self.filled

        def told(what: str, done: int, total: int) -> None:
            # Some of what is written will be thrown away, or is spare.
            progress(what, min(filled + done, wanted - 1), wanted)

        pieces = self.writing.pieces
        write = writer.write if pieces is None else functools.partial(pieces.write, writer)
        texts = write(prompts, sampling, seed=seed, progress=told, stop=lambda: bool(pressed))
        if not pressed:
            self.kept.add(key, texts)
        return texts

    def _file(self, piece: list[Group], texts: list[str], whole: bool) -> None:
        """Read texts into columns, sift them, and give them to rows that wait. whole: whether none was left out."""
        layout = self.writing.layout
        bare, groups, read = [], [], []
        for group, text in zip(piece, texts, strict=True):
            # A text that is empty did not end: that is another reason. After a stop it was never written.
            columns = layout.read(f"{group.begun} {text}") if text else {}
            if columns is None:
                self.malformed += 1
            elif text or whole:
                read.append(columns)
                bare.append(text)
                groups.append(group)
        start = self.sifting.written
        for place in self.sifting.sift(bare, [group.label for group in groups]):
            if groups[place].waiting:
                self._fill(groups[place], read[place])
        for each in self.sifting.fallen:
            if each.reason == "disagrees":
                group = groups[each.index - start]
                self.doubted.append((group, read[each.index - start], each.text))
        throw(self.sifting)


class _Kept:
    """Texts in a file, a piece a line, for a call that goes on. path: None keeps nothing."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.texts: dict[str, list[str]] = {}
        if path is not None and path.is_file():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    self.texts |= dict([json.loads(line)])
                except ValueError:
                    # The line that was being written when the machine went down.
                    continue

    def add(self, key: str, texts: list[str]) -> None:
        self.texts[key] = texts
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch(mode=0o600)
            with self.path.open("a", encoding="utf-8") as file:
                # On a line of its own, whatever the last one ended with.
                file.write("\n" + json.dumps([key, texts]))


def _key(prompts: Sequence[str], sampling: Sampling, seed: int, facts: Any) -> str:
    told = json.dumps([list(prompts), repr(sampling), seed, facts], sort_keys=True)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()


def _seed(*parts: int) -> int:
    return int(np.random.SeedSequence(parts).generate_state(1)[0] % 2**31)


def _more(missing: int, number: int, few: bool) -> int:
    """How many texts to write for so many missing: half as many again and more in later rounds; where there are many
    groups just as many at first."""
    if few:
        return int(np.ceil(missing * (1.5 + 0.5 * number))) + 2
    return int(np.ceil(missing * (1 + 0.5 * number))) + 2 * (number > 1)


def _short(groups: list[Group]) -> dict[str, int]:
    short: dict[str, int] = {}
    for group in groups:
        if group.waiting:
            short[group.label] = short.get(group.label, 0) + len(group.waiting)
    return short
