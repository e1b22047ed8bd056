"""What writes the texts of a table best: by their language, their number, the time, and what is installed.

English is what the small language model that ships has read; of Spanish it knows nothing. A classifier trained on texts
of n-grams of 1,176 hotel reviews in Spanish reached 0.94 of the macro F1 of its real twin (benchmarks/README.md).
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trasunto.data.dataset import Table
from trasunto.data.schema import TableSchema
from trasunto.errors import FitError, TrasuntoError
from trasunto.language.layouts import PAIRS, Layout, layout_of
from trasunto.language.offline import find
from trasunto.synthesizers.lm_finetune import LmFinetune

# Frequent in English (a quarter of all words and more), rare elsewhere; texts with a lower share are not English.
ENGLISH = frozenset(
    ["the", "and", "to", "of", "is", "it", "you", "that", "was", "for", "on", "are", "with", "as", "be", "at", "this",
     "have", "from", "or", "by", "not", "but", "what", "all", "were", "your", "we", "when", "can", "there", "how",
     "will", "do", "has", "had", "they", "my", "i"]
)  # fmt: skip
SHARE = 0.08
# Fewer words than this tell no language.
LEAST_WORDS = 100
# Texts of which the language is told, and seconds below which a language model learns too little.
READ, LEAST_SECONDS = 500, 60.0
LIBRARIES = ("torch", "transformers", "peft")
_WORD = re.compile(r"[^\W\d_]+(?:'[a-z]+)?")


@dataclass(frozen=True)
class TextChoice:
    """chosen: the name of a method; because: sentences; against: what speaks against the other."""

    chosen: str
    because: tuple[str, ...]
    against: Mapping[str, str]


def writes(schema: TableSchema) -> bool:
    """Whether a table is text to write: a pair, a dialogue, texts with a label, or nothing but texts."""
    layout = _layout(schema)
    if layout is None or layout.kind == "rows":
        return False
    return layout.kind != "text" or len(layout.texts) == len(schema.columns)


def text_choice(
    schema: TableSchema, table: Table | None = None, *, max_seconds: float | None = None, private: bool = False
) -> TextChoice:
    """The method for a table of texts. table: None where rows may not be looked at, under a budget (private)."""
    layout = _layout(schema)
    assert layout is not None
    name = " and ".join(layout.texts)
    holds = f"{name!r} holds free text ({layout.kind})"
    lacking = _lacking()
    if lacking:
        return _markov(f"{holds}, and {lacking}: markov needs nothing but counts.", lacking)
    if max_seconds is not None and max_seconds < LEAST_SECONDS:
        why = f"a language model needs {LEAST_SECONDS:.0f} s or more and {max_seconds:g} s are allowed"
        return _markov(f"{holds}; {why}.", why)
    tied = layout.kind in PAIRS or layout.kind == "dialogue"
    if private and not tied:
        why = "under a budget its adapter learns little from some thousand texts, noisy counts of words more"
        return _markov(f"{holds}; {why}.", why)
    share = english_share(table.rows[layout.texts[0]].drop_nulls().head(READ).to_list()) if table is not None else 1.0
    english = f"{share:.1%} of its words are such as mark English"
    if tied:
        return _language_model(f"{holds}: n-grams do not tie an answer to what was asked.")
    if share >= SHARE:
        return _language_model(f"{holds}; {english}, which the model that is adapted has read.")
    why = f"the model that would be adapted has read English, and {english}"
    return _markov(f"{holds}; {why}.", why)


def english_share(texts: Sequence[str]) -> float:
    """The share of words that are frequent in English and rare in other languages; 1 for too few words to tell."""
    words = [word for text in texts for word in _WORD.findall(text.lower())]
    return sum(word in ENGLISH for word in words) / len(words) if len(words) >= LEAST_WORDS else 1.0


def _markov(why: str, against: str) -> TextChoice:
    return TextChoice("markov", (why,), {"lm-finetune": f"{against[:1].upper()}{against[1:]}."})


def _language_model(why: str) -> TextChoice:
    against = "Its words follow each other by counts of a few words before: lm-finetune writes sentences."
    return TextChoice("lm-finetune", (f"{why} lm-finetune writes it.",), {"markov": against})


def _lacking() -> str:
    """What lm-finetune lacks to run here; "" for nothing."""
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        return f"the library {missing[0]!r} is not installed"
    base = LmFinetune().base
    try:
        find(base)
    except TrasuntoError:
        return f"the language model {base!r} is not there"
    return ""


def _layout(schema: TableSchema) -> Layout | None:
    try:
        return layout_of(schema, conditions=())
    except FitError:
        return None
