"""Questions with their answers, out of documents: asked of each part by an engine, or made by rules without a model.

An answer is held to its part: most of its telling words, and every number in it, must stand there. What is said twice
is left out. The rules turn definitions, headings and gaps of sentences into questions; they read worse than those of a
good model, but nothing in them is made up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.dialogues import Turn
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FitError
from trasunto.language.chunks import Chunk, chunks_of, language_of
from trasunto.language.curation.sieve import Sieve
from trasunto.language.curation.sifting import Sifting
from trasunto.language.engines.address import engine_of
from trasunto.language.engines.asked import Engine, Reply, Request, Usage
from trasunto.language.engines.schemas import list_of, object_of
from trasunto.language.engines.serving import Serving
from trasunto.language.leaving import leaving
from trasunto.language.prompts import json_of
from trasunto.language.questions_rules import by_rules
from trasunto.language.questions_words import ANSWER, ASK, COMMON, FORM, SHOWN
from trasunto.progress import Progress, quiet

PAIR = object_of(("question", "answer"))
_WORD = re.compile(r"[^\W\d_]{2,}|\d[\d.,]*")


@dataclass(frozen=True)
class Questions:
    """Settings.

    engine: who asks ("" for rules alone; see docs/prompting.md), with its `model` and `serving`. several: questions of
    a part. size, overlap: characters of a part, and of what it shares with the one before. grounded: share of the
    telling words of an answer that must stand in its part. language: of the questions, "auto" for that of the part.
    rules: whether rules ask beside the engine. allow_leaving: whether the documents may go to another machine.
    temperature, longest: of the answers, tokens of a pair.
    """

    engine: str = ""
    model: str = ""
    serving: Mapping[str, Any] = field(default_factory=dict)
    several: int = 3
    size: int = 1_200
    overlap: int = 200
    grounded: float = 0.7
    language: Literal["auto", "en", "es"] = "auto"
    rules: bool = False
    allow_leaving: bool = False
    temperature: float = 0.7
    longest: int = 160

    def __post_init__(self) -> None:
        if self.several < 1 or self.longest < 1 or self.size < 100:
            raise FitError(
                f"several is {self.several}, longest {self.longest}, size {self.size}; they are at least 1, 1 and 100."
            )
        if not 0 <= self.overlap < self.size:
            raise FitError(f"overlap is {self.overlap}; it lies from 0 to below size, {self.size}.")
        if not 0 <= self.grounded <= 1:
            raise FitError(f"grounded is {self.grounded}; it is a share, from 0 to 1.")
        if self.language not in ("auto", "en", "es"):
            raise FitError(f"language is {self.language!r}.", "It is one of: auto, en, es.")
        Serving.of(self.serving)


@dataclass(frozen=True)
class Pair:
    """A question and its answer. how: "model" or the rule."""

    question: str
    answer: str
    chunk: Chunk
    how: str


@dataclass(frozen=True)
class Told:
    """What became of the parts. rejected: pairs by reason; by: kept pairs by how they were made."""

    chunks: int
    kept: int
    rejected: dict[str, int]
    by: dict[str, int]
    usage: Usage
    engine: str
    leaves: str

    def to_dict(self) -> dict[str, Any]:
        names = ("chunks", "kept", "rejected", "by", "engine", "leaves")
        return {**{name: getattr(self, name) for name in names}, "usage": self.usage.to_dict()}


def questions(
    documents: Dataset, settings: Questions, *, seed: int = 0, progress: Progress = quiet
) -> tuple[Dataset, Told]:
    """A table of question (role prompt), answer (role response), document, part and how each pair was made.

    documents: a table with a column `text`, and `document` and `part` where there are. Raises DataError,
    EmptyDataError; EngineError when the documents would leave this machine and may not, or when the engine fails.
    """
    chunks = chunks_of(documents, size=settings.size, overlap=settings.overlap)
    engine, leaves = None, ""
    if settings.engine:
        more = {"model": settings.model} if settings.model else {}
        engine = engine_of(settings.engine, Serving.of({**settings.serving, **more}))
        leaves = leaving(engine, "all text of the documents", settings.allow_leaving, "make them by rules (no engine)")
    pairs: list[Pair] = []
    usage, rejected = Usage(), Counter[str]()
    if engine is not None:
        pairs, usage = _asked(engine, chunks, settings, seed, rejected, progress)
    if engine is None or settings.rules:
        rng = np.random.default_rng(seed)
        for chunk in chunks:
            made = by_rules(chunk.text, _language(settings, chunk), settings.several, rng)
            pairs += [Pair(question, answer, chunk, how) for how, question, answer in made]
    kept = _kept(pairs, settings, rejected)
    told = Told(
        len(chunks),
        len(kept),
        dict(sorted(rejected.items())),
        dict(sorted(Counter(pair.how for pair in kept).items())),
        usage,
        engine.name if engine is not None else "",
        leaves,
    )
    return _table(kept, documents.name), told


def groundedness(answer: str, chunk: str) -> float:
    """Share of the telling words and numbers of an answer that stand in a text; 0 when a number does not.

    Words that say nothing by themselves do not count; two words are the same when their first five letters are.
    """
    there = _WORD.findall(chunk.lower())
    numbers = {each.rstrip(".,") for each in there if each[0].isdigit()}
    stems = {each[:5] for each in there if not each[0].isdigit()}
    said = [each.rstrip(".,") for each in _WORD.findall(answer.lower())]
    telling = [each for each in said if each[0].isdigit() or not any(each in common for common in COMMON.values())]
    if not telling or any(each[0].isdigit() and each not in numbers for each in telling):
        return 0.0
    return sum(each[0].isdigit() or each[:5] in stems for each in telling) / len(telling)


def _asked(
    engine: Engine, chunks: Sequence[Chunk], settings: Questions, seed: int, rejected: Counter[str], progress: Progress
) -> tuple[list[Pair], Usage]:
    """What the engine asks of each part."""
    times = 1 if engine.chats else settings.several
    asked = [chunk for chunk in chunks for _ in range(times)]
    requests = [_request(engine, chunk, settings) for chunk in asked]
    replies = engine.complete(requests, seed=seed, progress=progress)
    pairs: list[Pair] = []
    for chunk, reply in zip(asked, replies, strict=True):
        found = _read(engine, reply, _language(settings, chunk))
        rejected["failed"] += bool(reply.error)
        rejected["malformed"] += not found and not reply.error
        pairs += [Pair(question, answer, chunk, "model") for question, answer in found]
    return pairs, Usage.of(replies, engine.prices)


def _request(engine: Engine, chunk: Chunk, settings: Questions) -> Request:
    language = _language(settings, chunk)
    if engine.chats:
        count = settings.several
        said = ASK[language].format(text=chunk.text, count=count, form=FORM[language].format(count=count))
        longest = settings.longest * count
        return Request((Turn("user", said),), list_of(PAIR, count), settings.temperature, 0.97, longest)
    head, begun = SHOWN[language]
    text = " ".join(chunk.text.split())
    turns = (Turn("user", head), Turn("assistant", begun.format(text=text)))
    return Request(turns, None, settings.temperature, 0.97, settings.longest, ("\n\n",))


def _read(engine: Engine, reply: Reply, language: str) -> list[tuple[str, str]]:
    """The pairs of a reply."""
    if not reply.text:
        return []
    if engine.chats:
        value = json_of(reply)
        return [(each["question"].strip(), each["answer"].strip()) for each in value["items"]] if value else []
    question, mark, answer = reply.text.partition(f"\n{ANSWER[language]}:")
    answer = answer.strip().partition("\n")[0]
    return [(question.strip(), answer.strip())] if mark and question.strip() and answer.strip() else []


def _kept(pairs: Sequence[Pair], settings: Questions, rejected: Counter[str]) -> list[Pair]:
    """Pairs whose answer stands in its part, each once."""
    grounded: list[Pair] = []
    for pair in pairs:
        if "?" not in pair.question:
            rejected["no question"] += 1
        elif groundedness(pair.answer, pair.chunk.text) < settings.grounded:
            rejected["not grounded"] += 1
        elif _plain(pair.answer) in _plain(pair.question):
            rejected["answered by its question"] += 1
        else:
            grounded.append(pair)
    nothing = np.empty(0, dtype=np.uint64)
    sifting = Sifting(Sieve("", nothing, nothing, nothing))
    kept = sifting.sift([pair.question for pair in grounded], [""] * len(grounded))
    rejected.update(sifting.rejected)
    for reason in [reason for reason, times in rejected.items() if not times]:
        del rejected[reason]
    return [grounded[place] for place in kept]


def _table(pairs: Sequence[Pair], name: str) -> Dataset:
    columns = (
        Column("question", "text", False, "prompt"),
        Column("answer", "text", False, "response"),
        Column("document", "category", False),
        Column("part", "integer"),
        Column("how", "category", False),
    )
    rows = pl.DataFrame(
        {
            "question": [pair.question for pair in pairs],
            "answer": [pair.answer for pair in pairs],
            "document": [pair.chunk.document for pair in pairs],
            "part": [pair.chunk.part for pair in pairs],
            "how": [pair.how for pair in pairs],
        },
        schema={"question": pl.String, "answer": pl.String, "document": pl.String, "part": pl.Int64, "how": pl.String},
    )
    return Dataset.of(Table(TableSchema(columns), rows), name)


def _language(settings: Questions, chunk: Chunk) -> str:
    return language_of(chunk.text) if settings.language == "auto" else settings.language


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
