"""The hand that writes a paper: one run, one language, the answers of people; every value with its source."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from trasunto.metrics.score import Score
from trasunto.reports.blocks import Blank, Block, Grid, Heading, Words
from trasunto.reports.papers.answers import Answers
from trasunto.reports.papers.laws import LAWS
from trasunto.reports.papers.recorded import Recorded
from trasunto.reports.papers.words.asked import ASKED, WHO
from trasunto.reports.papers.words.said import WORDS
from trasunto.reports.words import number

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
# (what, value, where it is written)
Row = tuple[str, str, str]


@dataclass(frozen=True)
class Writer:
    """Writes blocks in one language.

    A value that the run does not have is written as "not recorded in this run", never guessed.
    """

    run: Recorded
    at: str
    answers: Answers

    def say(self, key: str, **values: Any) -> str:
        """The words of a key. KeyError for a key without words."""
        text = WORDS[key][0 if self.at == "en" else 1]
        return text.format(**values) if values else text

    def heading(self, key: str, level: int = 2) -> Heading:
        return Heading(self.say(key), key.replace(".", "-"), level)

    def number(self, value: float | None) -> str:
        """A measured number, to three digits behind the mark; small ones keep theirs."""
        if value is not None and 0 < abs(value) < 0.001:
            return self.exact(float(f"{value:.2g}"))
        return number(value, self.at)

    def exact(self, value: float) -> str:
        """A number that was set or recorded, with all its digits and no more: 1.5, 1,000, 1 × 10⁻⁷."""
        if value == int(value) and abs(value) < 1e15:
            return number(int(value), self.at)
        text = f"{value:.6g}"
        if "e" in text:
            digits, _, power = text.partition("e")
            text = f"{digits} × 10{str(int(power)).translate(RAISED)}"
        return text if self.at == "en" else text.replace(".", ",")

    def percent(self, value: float) -> str:
        """A share. What is not quite all is not told as all."""
        if 0.9995 <= value < 1.0:
            return "> " + self.percent(0.999)
        return f"{self.exact(round(100 * value, 1))} %"

    def limit(self, value: float) -> str:
        """A share that nothing exceeds, rounded up."""
        return f"{self.exact(min(100.0, math.ceil(1e4 * value - 1e-9) / 100))} %"

    def name(self, metric: str) -> str:
        """What a metric is called."""
        return self.say(metric) if metric in WORDS else metric

    def row(self, key: str, value: Any, source: str) -> Row:
        """A fact. None and "" are told as not recorded."""
        return self.say(key), self.value(value), source

    def value(self, value: Any) -> str:
        """A recorded value as text."""
        if value is None or value == "" or value == ():
            return self.say("not_recorded")
        if isinstance(value, bool):
            return self.say("yes" if value else "no")
        if isinstance(value, int | float):
            return self.exact(value)
        if isinstance(value, list | tuple):
            return ", ".join(self.value(each) for each in value) or self.say("none")
        if isinstance(value, dict):
            told = {key: self.say("none") if each is None else self.value(each) for key, each in value.items()}
            return "; ".join(f"{key}: {each}" for key, each in told.items()) or self.say("none")
        return str(value)

    def table(self, rows: Iterable[Row]) -> Grid:
        """Facts, each with its source."""
        return Grid((self.say("fact"), self.say("value"), self.say("source")), tuple(rows))

    def blank(self, key: str) -> Blank:
        """A question to a person, with the answer if it is there."""
        who, what, hint = ASKED[key]
        place = 0 if self.at == "en" else 1
        answer = self.answers.of(key, self.at)
        person = WHO[who][place]
        mark = (
            self.say("blank.given", who=person, name=self.answers.name)
            if answer
            else self.say("blank.mark", who=person)
        )
        return Blank(key, what[place], mark, hint[place], answer)

    def blanks(self, *keys: str) -> list[Block]:
        return [self.blank(key) for key in keys]

    def points(self, key: str, count: int) -> tuple[str, ...]:
        """The words of key.1, key.2 …"""
        return tuple(self.say(f"{key}.{place}") for place in range(1, count + 1))

    def laws(self, *keys: str) -> list[Block]:
        """The texts that a paper refers to, with the day they were noted."""
        place = 0 if self.at == "en" else 1
        head = tuple(self.say(each) for each in ("act", "article", "about", "noted"))
        rows = tuple((LAWS[k].act[place], LAWS[k].article, LAWS[k].about[place], LAWS[k].noted) for k in keys)
        return [self.heading("laws"), Words(self.say("laws.told")), Grid(head, rows)]

    def signature(self) -> list[Block]:
        """Lines to sign on."""
        head = tuple(self.say(f"signature.{each}") for each in ("name", "date", "sign"))
        line = ("_" * 24, "_" * 12, "_" * 24)
        return [self.heading("signature"), Grid(head, (line, line))]

    def scores(self, metrics: Sequence[str], how: str, also: Sequence[str] = ()) -> list[Block]:
        """What was measured, each beside guessing and unseen people; what was not is named, with how to measure it.

        also: shown where they were measured, not missed where they were not.
        """
        found = [(metric, self.run.score(metric)) for metric in metrics]
        found += [(metric, score) for metric in also if (score := self.run.score(metric)) is not None]
        head = tuple(self.say(each) for each in ("metric", "value", "interval", "control", "baseline", "source"))
        rows = tuple(self._score(metric, score) for metric, score in found if score is not None)
        missing = [self.name(metric) + f" ({metric})" for metric, score in found if score is None]
        blocks: list[Block] = [Grid(head, rows, right=(1, 2, 3, 4))] if rows else []
        if missing:
            blocks.append(Words(self.say("to_measure", names="; ".join(missing), how=self.say(how)), "warning"))
        return blocks

    def _score(self, metric: str, score: Score) -> tuple[str, ...]:
        return (
            self.name(metric),
            self.number(score.value),
            self.interval(score),
            self.number(score.control),
            self.number(score.baseline),
            f"scores.json: {metric}",
        )

    def interval(self, score: Score) -> str:
        if score.interval is None:
            return "–"
        return f"{self.number(score.interval[0])} – {self.number(score.interval[1])}"
