"""The hand that writes a paper: one run, one language, the answers of people; every value with its source."""

from __future__ import annotations

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
from trasunto.reports.words import number, percent

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

    def number(self, value: float | None, digits: int = 3) -> str:
        """A number as it is written in the language. Small ones keep their digits: a delta is not 0."""
        if value is not None and value != 0 and abs(value) < 0.001:
            text = f"{value:.3g}"
            return text if self.at == "en" else text.replace(".", ",")
        return number(value, self.at, digits)

    def percent(self, value: float) -> str:
        return percent(value, self.at)

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
            return self.number(value)
        if isinstance(value, list | tuple):
            return ", ".join(self.value(each) for each in value) or self.say("none")
        if isinstance(value, dict):
            return "; ".join(f"{key}: {self.value(each)}" for key, each in value.items()) or self.say("none")
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

    def scores(self, metrics: Sequence[str], how: str) -> list[Block]:
        """What was measured, each beside guessing and unseen people; what was not is named, with how to measure it."""
        found = [(metric, self.run.score(metric)) for metric in metrics]
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
