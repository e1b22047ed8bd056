"""`lm-prompt`: a language model that is only asked, never trained, writes texts for each label.

Prompts show real exemplars of the label (what matters most: MoP, ACL Findings 2025, section 5), say what else the text
is written to (attributes, drawn first by `tree`: AttrPrompt, Yu et al. 2023) and who writes. What comes back is sifted
like what a trained model writes. With `exemplars: 0` nobody's text is shown to anybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset
from trasunto.data.schema import Schema
from trasunto.errors import BudgetError, FitError
from trasunto.language.curation.sieve import USUAL, Sieve, fit_sieve
from trasunto.language.engines.address import engine_of
from trasunto.language.engines.asked import Engine, Reply, Request, cost_of
from trasunto.language.engines.chat import tokens_of
from trasunto.language.engines.serving import Serving
from trasunto.language.exemplars import Pool, pool_of
from trasunto.language.layouts import Layout, closed, layout_of
from trasunto.language.leaving import leaving
from trasunto.language.personas import personas_of
from trasunto.language.prompts import Prompting, checked_template
from trasunto.privacy.budget import Budget, Guarantee
from trasunto.privacy.domain import public_schema
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.autoregressive import Autoregressive
from trasunto.synthesizers.checked import at_least
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.lm_prompt_rounds import Asking, Wrote, groups_of, requests_of, written
from trasunto.synthesizers.model import in_parts
from trasunto.synthesizers.sieved import load_sieve, nothing, save_sieve
from trasunto.synthesizers.written_columns import drawn_columns, fitted_columns, other_columns, seed_of
from trasunto.synthesizers.written_models import (
    joined,
    load_pool,
    plain_settings,
    promised,
    save_pool,
    save_writer,
    stored_writer,
)

# Tokens of a text when the real ones say nothing.
TOKENS = 96
# Rows may well be alike, but not be a real one that stands alone.
ROWS = replace(USUAL, duplicates=False, near=None, near_copy=None)
# Prompts that a look asks.
LOOKED_AT = 2
# Where a saved model has its exemplars.
SHOWN = "exemplars.json"


@dataclass(frozen=True)
class LmPrompt:
    """Settings.

    engine: "smollm2-135m" or a Hugging Face folder; "gguf:PATH" for llama.cpp in this process;
    "http://localhost:8000/v1" for any OpenAI-compatible server, whose `model` is named. serving: more of the engine:
    concurrency, limits, prices, tries, cache (docs/prompting.md). kind: of the texts, when their columns do not say it:
    labelled, text, dialogue, question-answer, translation, instruction or rows. about: what they are, in a few words
    ("text messages between friends").

    exemplars: real texts in each prompt; 0 for none. allow_leaving: whether they may go to another machine.
    pool: real texts of each label that the model keeps to choose from. several: texts that one prompt asks for. style:
    "chat" tells an instructed model what to do, "list" has it go on with a list; "auto" is what suits the engine and
    the other settings.
    personas: who writes: "" for nobody, "own" for our list, or a file with one a line. language: of the instructions,
    "en" or "es". template: an instruction of your own, or a file with it. temperature, top_p: of the answers. longest:
    tokens of a text; 0 for what the real ones need. agree: throw away texts that a classifier of the real texts gives
    another label. encoder: the model under that classifier.
    """

    engine: str = "smollm2-135m"
    model: str = ""
    serving: Mapping[str, Any] = field(default_factory=dict)
    kind: str | None = None
    about: str = ""
    exemplars: int = 3
    allow_leaving: bool = False
    pool: int = 200
    several: int = 10
    style: Literal["auto", "chat", "list"] = "auto"
    personas: str = ""
    language: Literal["en", "es"] = "en"
    template: str = ""
    temperature: float = 1.0
    top_p: float = 0.97
    longest: int = 0
    agree: bool = True
    encoder: str = "minilm-l6"

    def __post_init__(self) -> None:
        at_least(self, {"exemplars": 0, "pool": 1, "several": 1, "temperature": 0, "longest": 0})
        if not 0 < self.top_p <= 1:
            raise FitError(f"top_p is {self.top_p}; it lies above 0 and up to 1.", "Try 0.97.")
        for name, allowed in (("style", ("auto", "chat", "list")), ("language", ("en", "es"))):
            if getattr(self, name) not in allowed:
                raise FitError(f"{name} is {getattr(self, name)!r}.", f"It is one of: {', '.join(allowed)}.")
        if self.template:
            checked_template(_template(self.template))
        if self.style == "list" and (self.template or self.personas):
            raise FitError("A list has no instruction, and so no template and no personas.", "Set style to chat.")
        personas_of(self.personas, self.language)
        Serving.of(self.serving)

    def reached(self) -> Engine:
        """The engine. Raises what `engine_of` does."""
        return engine_of(self.engine, Serving.of({**self.serving, **({"model": self.model} if self.model else {})}))

    def fit(
        self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet
    ) -> LmPromptModel:
        """Fit to one table; nothing is trained and nobody is asked yet.

        Raises FitError for a table without what is to be written; EngineError when real texts would leave this machine
        and may not; BudgetError for a budget with exemplars, which no noise can protect.
        """
        if budget is not None and self.exemplars:
            raise BudgetError(
                f"lm-prompt shows {self.exemplars} real texts in each prompt, so it cannot keep a budget.",
                "Set exemplars to 0: then only the other columns are learnt, under the budget.",
            )
        if len(real.tables) != 1:
            raise FitError(f"lm-prompt takes one table, not {len(real.tables)}.", "Fit each table by itself.")
        engine, table = self.reached(), real.only
        sent = f"{self.exemplars} real texts in each prompt" if self.exemplars else ""
        leaves = leaving(engine, sent, self.allow_leaving, "show no exemplars (exemplars: 0)")
        layout = layout_of(table.schema, kind=self.kind)
        rows = layout.held(table.rows)
        if layout.kind == "rows" and self.exemplars:
            # Rows that are shown make no secret of their values, so answers are held to them.
            layout = closed(layout, rows)
        if len(rows) < max(1, self.exemplars):
            raise FitError(
                f"The table has {len(rows)} rows to show, and a prompt shows {self.exemplars}.", "Set exemplars lower."
            )
        attributes = self._attributes(real, layout, rows, seed, budget)
        if budget is not None and attributes is None:
            raise BudgetError("Without exemplars and other columns nothing is learnt.", "Leave the budget out.")
        public = replace(table.schema, primary_key=(), foreign_keys=())
        sieve, shown = nothing(), Pool((), (), ())
        if budget is None:
            texts, labels = layout.written(rows), layout.labels(rows)
            agree = self.agree and layout.label is not None and layout.kind != "rows"
            progress("learn what is private", 0, 1)
            bare, kept = [text.strip() for text in texts], ROWS if layout.kind == "rows" else USUAL
            sieve = fit_sieve(bare, labels, encoder=self.encoder, agree=agree, seed=seed, settings=kept)
            progress("learn what is private", 1, 1)
            if self.exemplars:
                shown = pool_of(layout, rows, most=self.pool, longest=_longest_shown(self.exemplars), seed=seed)
        else:
            public = replace(public_schema(table.schema), primary_key=(), foreign_keys=())
        facts = {"engine": engine.name, "leaves": leaves, **_measured(layout, rows, self.longest, budget)}
        told = self.template or self.personas
        facts["style"] = self.style if self.style != "auto" else "chat" if engine.chats or told else "list"
        guarantee = attributes.guarantee if attributes is not None else None
        count = attributes.fitted_to if budget is not None and attributes is not None else len(rows)
        schema = Schema({real.name: public})
        return LmPromptModel(schema, self, layout, shown, sieve, attributes, facts, count, guarantee)

    def _attributes(
        self, real: Dataset, layout: Layout, rows: pl.DataFrame, seed: int, budget: Budget | None
    ) -> CodedModel | None:
        """What draws every column that is not written."""
        if budget is None:
            return fitted_columns(real, layout.texts, rows, seed=seed)
        others = other_columns(real, layout.texts, rows)
        return None if others is None else Autoregressive().fit(others, seed=seed, budget=budget)


@dataclass(frozen=True)
class Look:
    """What would be asked. requests: of the first round; replies: to the first few; estimate: of the whole."""

    requests: tuple[Request, ...]
    replies: tuple[Reply, ...]
    estimate: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The estimate, and the first prompts beside their answers."""
        shown = [
            {
                "prompt": "\n".join(f"{turn.role}: {turn.content}" for turn in request.turns),
                "answer": reply.text or f"({reply.error})",
            }
            for request, reply in zip(self.requests, self.replies, strict=False)
        ]
        return {**self.estimate, "shown": shown}


@dataclass(frozen=True)
class LmPromptModel:
    """What prompts are made of. pool: real texts that may be shown; they lie in the folder of a saved model, which
    only its owner may read. attributes: draws every column that is not written; None when there is none."""

    schema: Schema
    settings: LmPrompt
    layout: Layout
    pool: Pool = field(repr=False)
    sieve: Sieve = field(repr=False)
    attributes: CodedModel | None
    facts: dict[str, Any]
    fitted_to: int
    guarantee: Guarantee | None = None

    @property
    def asking(self) -> Asking:
        """How rows get their texts."""
        chosen = self.settings
        prompting = Prompting(
            self.layout,
            self.facts["style"],
            chosen.language,
            chosen.about,
            _template(chosen.template) if chosen.template else "",
            chosen.temperature,
            chosen.top_p,
            self.facts["longest"],
            self.facts["lines"],
        )
        personas = personas_of(chosen.personas, chosen.language)
        return Asking(prompting, self.pool, personas, chosen.exemplars, chosen.several)

    def sample(
        self,
        rows: int,
        *,
        seed: int,
        given: Any = None,
        where: str | None = None,
        temperature: float = 1.0,
        first: int = 0,
    ) -> Dataset:
        """Draw rows. given: a table with a row for each, holding some of the columns that are not written. where: a
        condition on those columns. temperature: of those columns; that of the writing is a setting.

        Raises SampleError for a negative count or too few usable texts, EngineError when the engine fails. Ctrl-C loses
        nothing that was answered: the same call goes on from there.
        """
        drawn = drawn_columns(self.attributes, rows, (seed, first), given, where, temperature)
        own = seed_of(seed, first)
        return self._written(rows, drawn, own, quiet)[0]

    def sample_with_curation(
        self, rows: int, *, seed: int, given: Any = None, progress: Progress = quiet
    ) -> tuple[Dataset, Wrote]:
        """The rows, what was thrown away on the way to them, and what it took."""
        return self._written(rows, drawn_columns(self.attributes, rows, (seed, 0), given), seed, progress)

    def look(self, rows: int, *, seed: int, asked: int = LOOKED_AT, progress: Progress = quiet) -> Look:
        """What would be asked for so many rows, the answers to the first prompts, and what all of it would take."""
        asking, engine = self.asking, self.settings.reached()
        jobs = asking.jobs(groups_of(asking.prompting, drawn_columns(self.attributes, rows, (seed, 0)), rows), 0, seed)
        requests = requests_of(asking, jobs)
        tokens_in = sum(tokens_of(each.characters) for each in requests)
        tokens_out = sum(job.count for job, _ in jobs) * self.facts["tokens_a_text"]
        estimate = {
            "prompts": len(requests),
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "cost": round(cost_of(tokens_in, tokens_out, engine.prices), 4),
            "leaves": self.facts["leaves"],
        }
        replies = engine.complete(requests[:asked], seed=seed, progress=progress) if asked else []
        return Look(tuple(requests), tuple(replies), estimate)

    def batches(self, rows: int, *, seed: int, size: int) -> Iterator[Dataset]:
        yield from in_parts(self, rows, seed, size)

    def save(self, folder: str | Path) -> None:
        """Write model.json, the filters (plain arrays), what draws the other columns, and the exemplars."""

        def own(place: Path) -> dict[str, Any]:
            if self.pool.exemplars:
                save_pool(self.pool, place / SHOWN)
            return {"layout": self.layout.to_dict(), "sieve": save_sieve(self.sieve, place)}

        save_writer(self, self.settings, "lm-prompt", folder, own)

    @staticmethod
    def load(folder: Path) -> LmPromptModel:
        with stored_writer(folder) as found:
            shown = folder / SHOWN
            return LmPromptModel(
                found.schema, LmPrompt(**found.settings), Layout.from_dict(found.document["layout"]),
                load_pool(shown) if shown.exists() else Pool((), (), ()),
                load_sieve(found.document["sieve"], folder), found.attributes, found.facts, found.fitted_to,
                found.guarantee,
            )  # fmt: skip

    def describe(self) -> dict[str, Any]:
        return {
            "method": "A language model is asked for texts like real ones, by label and other columns drawn first.",
            "source": "Yu et al. 2023 (AttrPrompt); MoP, ACL Findings 2025",
            "settings": plain_settings(self.settings),
            "kind": self.layout.kind,
            "labels": list(self.sieve.labels),
            "fitted_to": self.fitted_to,
            "exemplars_kept": len(self.pool.exemplars),
            **self.facts,
            **promised(self.guarantee),
        }

    def _written(self, rows: int, drawn: pl.DataFrame | None, seed: int, progress: Progress) -> tuple[Dataset, Wrote]:
        asking, engine = self.asking, self.settings.reached()
        groups = groups_of(asking.prompting, drawn, rows)
        texts, wrote = written(asking, engine, self.sieve, groups, rows, seed=seed, progress=progress)
        return joined(self.schema, drawn, self.layout.frame(texts)), wrote


def _measured(layout: Layout, rows: pl.DataFrame, longest: int, budget: Budget | None) -> dict[str, Any]:
    """Tokens of a text, at most and on the mean, and whether each is one line. Of real texts, unless under a budget."""
    single = len(layout.texts) == 1 and layout.kind in ("text", "labelled")
    if budget is not None:
        return {"longest": longest or TOKENS, "tokens_a_text": (longest or TOKENS) // 2, "lines": single}
    texts = [text.strip() for text in layout.written(rows)]
    sizes = np.array([len(text) for text in texts])
    # Three characters a token: also of texts that are no English.
    needed = int(np.clip(np.quantile(sizes, 0.95) / 3 * 1.2 + 8, 24, 1024))
    lines = single and np.mean(["\n" in text for text in texts]) < 0.2
    return {
        "longest": longest or needed,
        "tokens_a_text": tokens_of(int(sizes.mean())) + 8 * len(layout.texts),
        "lines": bool(lines),
    }


def _longest_shown(exemplars: int) -> int:
    """Characters of an exemplar: all of them together should leave room in a context of 2,048 tokens."""
    return max(200, 4_500 // exemplars)


def _template(text: str) -> str:
    """The text itself, or what a file of that name holds."""
    if "{" in text:
        return text
    try:
        return Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FitError(
            f"The template {text!r} cannot be read: {error}.", "Give a file, or the template itself."
        ) from error
