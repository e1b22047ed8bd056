"""Prompts for texts like real ones, and what comes back as columns again.

Two styles. "chat": an instructed model is told what to write, shown exemplars, and answers with JSON of a schema,
several texts at once (attributes after AttrPrompt, Yu et al. 2023; exemplars and personas after MoP, 2025). "list": a
model that hardly follows instructions goes on with a list of exemplars, one text an answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import Formatter
from typing import Any

from trasunto.data.dialogues import Turn, messages, turns_of
from trasunto.errors import DataError, FitError
from trasunto.language.engines.asked import Reply, Request
from trasunto.language.engines.schemas import fault, list_of, object_of, read_json
from trasunto.language.layouts import Layout
from trasunto.language.prompts_words import KINDS, TEMPLATES, WORDS

# A schema lists at most so many values of a column.
CHOICES = 50
FIELDS = frozenset({"count", "kind", "about", "label", "attributes", "persona", "examples", "form"})
_SAID = {
    "type": "object", "required": ["role", "content"], "additionalProperties": False,
    "properties": {"role": {"type": "string", "minLength": 1}, "content": {"type": "string", "minLength": 1}},
}  # fmt: skip


@dataclass(frozen=True)
class Prompting:
    """How prompts are written.

    style: "chat" or "list". language: of the instructions, "en" or "es". about: what the texts are, in a few words.
    template: an instruction of the user's own with fields in braces, those of `FIELDS`, filled with bare values ("" for
    what there is none of); {form}, how to answer, must be among them.
    temperature, top_p, longest: of the answers; longest is of one text, in tokens. lines: whether texts are of one
    line each.
    """

    layout: Layout
    style: str = "chat"
    language: str = "en"
    about: str = ""
    template: str = ""
    temperature: float = 1.0
    top_p: float = 0.97
    longest: int = 96
    lines: bool = True

    def request(self, job: Job) -> Request:
        """The request of a job."""
        return self._chat(job) if self.style == "chat" else self._list(job)

    def read(self, reply: Reply, job: Job) -> list[dict[str, str] | None]:
        """What a reply holds, by column: as many as were asked for, None for what is not there or not of the form."""
        found: list[dict[str, str] | None] = []
        if self.style == "list":
            found = [self.layout.read(f"{reply.text}") if reply.text and reply.finished else None]
            if found[0] and self.lines:
                found = [{name: _line(text) for name, text in found[0].items()}]
        elif self._bare(job):
            found = [self.layout.read(reply.text) if reply.text and reply.finished else None]
        elif reply.text:
            value = json.loads(reply.text)
            found = [self._columns(each) for each in (value["items"] if job.count > 1 else [value])]
        return (found + [None] * job.count)[: job.count]

    def shape(self, count: int) -> dict[str, Any]:
        """The JSON Schema of an answer with so many texts."""
        choices: dict[str, Sequence[str]] = {}
        if self.layout.kind == "rows":
            known = {name: self.layout.columns[name].categories for name in self.layout.texts}
            choices = {name: values for name, values in known.items() if values and len(values) <= CHOICES}
        one = object_of(self.layout.texts, choices)
        if self.layout.kind == "dialogue":
            turns = {"type": "array", "items": _SAID, "minItems": 2}
            one = {**one, "properties": {self.layout.texts[0]: turns}}
        return list_of(one, count) if count > 1 else one

    def _bare(self, job: Job) -> bool:
        """Whether an answer is the text itself."""
        return job.count == 1 and len(self.layout.texts) == 1 and self.layout.kind in ("text", "labelled")

    def _chat(self, job: Job) -> Request:
        words, bare = WORDS[self.language], self._bare(job)
        shape = self._shape(job)
        form = (
            words["plain"] if bare else words["one" if job.count == 1 else "many"].format(shape=shape, count=job.count)
        )
        shown = "\n".join(f"- {each}" for each in map(self._shown, job.exemplars))
        told = {
            "about": self.about,
            "label": job.label,
            "attributes": job.told,
            "persona": job.persona,
            "examples": shown,
        }
        if not self.template:
            told = {name: words[name].format(value=value) if value else "" for name, value in told.items()}
        filled = {"count": str(job.count), "kind": KINDS[self.language][self.layout.kind], "form": form, **told}
        said = (self.template or TEMPLATES[self.language]).format(**filled)
        longest = self.longest * job.count + (0 if bare else 24 * job.count + 16)
        schema = None if bare else self.shape(job.count)
        return Request((Turn("user", said.strip()),), schema, self.temperature, self.top_p, longest)

    def _list(self, job: Job) -> Request:
        """A list that goes on: lines after dashes, or blocks between blank lines."""
        words = WORDS[self.language]
        head = words["list"].format(
            kind=self.about or KINDS[self.language][self.layout.kind],
            label=words["listed"].format(value=job.label) if job.label else "",
            attributes=words["fits"].format(value=job.told) if job.told else "",
        )
        if self.lines:
            begun = "".join(f"- {_line(each.written)}\n" for each in job.exemplars) + "-"
        else:
            begun = "".join(f"{job.prompt}{_dense(each.written)}\n\n" for each in job.exemplars) + job.prompt
        turns = (Turn("user", head), Turn("assistant", begun))
        stop = ("\n",) if self.lines else ("\n\n",)
        return Request(turns, None, self.temperature, self.top_p, self.longest, stop)

    def _shown(self, exemplar: Exemplar) -> str:
        """An exemplar in the form of an answer: the text, or its JSON."""
        if len(self.layout.texts) == 1 and self.layout.kind in ("text", "labelled"):
            return exemplar.written.strip()
        held: dict[str, Any] = dict(exemplar.columns)
        if self.layout.kind == "dialogue":
            turns = turns_of(exemplar.columns[self.layout.texts[0]])
            held = {self.layout.texts[0]: [{"role": turn.role, "content": turn.content} for turn in turns]}
        return json.dumps(held, ensure_ascii=False)

    def _shape(self, job: Job) -> str:
        inner: Any = "..."
        if self.layout.kind == "dialogue":
            inner = [{"role": "user", "content": "..."}, {"role": "assistant", "content": "..."}]
        return json.dumps(dict.fromkeys(self.layout.texts, inner), ensure_ascii=False)

    def _columns(self, value: Any) -> dict[str, str] | None:
        """A row of an answer, held to what the layout reads."""
        if fault(value, self.shape(1)):
            return None
        if self.layout.kind == "dialogue":
            name = self.layout.texts[0]
            try:
                return {name: messages(Turn(each["role"], each["content"].strip()) for each in value[name])}
            except DataError:
                return None
        found = {name: text.strip() for name, text in value.items()}
        if self.layout.kind == "rows":
            # Values of columns are read as they are where rows are written by a model.
            return self.layout.read("; ".join(f"{name} is {text}" for name, text in found.items()))
        return found


@dataclass(frozen=True)
class Exemplar:
    """A real row that is shown. written: its text as the layout writes it; columns: its texts by column."""

    written: str
    columns: Mapping[str, str]


@dataclass(frozen=True)
class Job:
    """What one prompt asks for.

    count: texts; label: what they are labelled with; told: other attributes in words; prompt: as the layout begins a
    text of this row.
    """

    count: int
    label: str = ""
    told: str = ""
    prompt: str = ""
    exemplars: tuple[Exemplar, ...] = field(default=(), repr=False)
    persona: str = ""


def checked_template(template: str) -> str:
    """The template as it is. FitError for a field that is none, braces that do not close, or no {form}."""
    try:
        named = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise FitError(f"The template cannot be read: {error}.", "Write a brace that is no field twice: {{.") from error
    strange = sorted(named - FIELDS)
    if strange or "form" not in named:
        what = f"names {{{strange[0]}}}" if strange else "lacks {form}, which says how to answer"
        raise FitError(f"The template {what}.", f"Fields are: {', '.join(sorted(FIELDS))}.")
    return template


def json_of(reply: Reply) -> Any:
    """The JSON of a reply that was held to a schema; None when there is none."""
    try:
        return read_json(reply.text) if reply.text else None
    except ValueError:
        return None


def _line(text: str) -> str:
    """On one line, without a number, dash or quotes around it."""
    line = re.sub(r"^(?:[-*•]|\d{1,2}[.)])\s+", "", " ".join(text.split()))
    return line[1:-1].strip() if len(line) > 2 and line[0] == line[-1] == '"' else line


def _dense(text: str) -> str:
    """Without blank lines, which end a block."""
    return re.sub(r"\n\s*\n+", "\n", text.rstrip())
