"""Texts of a grammar, drawn by whole columns: an alternative is chosen for thousands of texts at once, and each
alternative is written for all texts that have it.

Every choice has a stream of chance of its own, named by where it stands in the derivation: so the two sides of a
translation are realisations of one derivation, and a text is the same whatever is drawn beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.schema import Column
from trasunto.data.written import write
from trasunto.language.grammar import Agree, Alternatives, Choice, Literal, Node, Sequence, Slot
from trasunto.language.grammar_document import Grammar, TurnRule, heights, uses
from trasunto.language.grammar_words import agreed, forms_beside
from trasunto.language.rephrase import POLITE, disturbed
from trasunto.rules.draws import stream
from trasunto.rules.rule import Block
from trasunto.rules.values import Drawn, pa, pc, take, to_polars, words

# Texts that are drawn together.
SIZE = 8_192
MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "es": ("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre",
           "noviembre", "diciembre"),
}  # fmt: skip
# Sounds like a vowel, or like none, whatever the letter.
_AN = r"\b([Aa])\(n\) ((?:hour|honest|honou?r|heir)|[aeioAEIO]|u(?:[^ns]|n[^i]|s[^ae])|U[^NSK])"
# Columns that a person types: these are disturbed, and polite.
TYPED = ("text", "prompt", "user")


@dataclass
class _Drawing:
    """One block of texts. given: places of words that are told, by slot."""

    grammar: Grammar
    seed: int
    number: int
    given: Mapping[str, np.ndarray]
    heights: Mapping[str, int]
    slots: dict[tuple[str, int], np.ndarray] = field(default_factory=dict)
    spelt: dict[tuple[str, int], Any] = field(default_factory=dict)
    chances: dict[str, np.ndarray] = field(default_factory=dict)
    block: Block = field(init=False)

    def __post_init__(self) -> None:
        at = np.arange(self.number * SIZE, (self.number + 1) * SIZE, dtype=np.uint64)
        self.block = Block(self.seed, self.number, SIZE, at=at)

    def rng(self, name: str) -> np.random.Generator:
        return stream(self.seed, self.number, name)

    def even(self, name: str) -> np.ndarray:
        """(SIZE,) a number from 0 to 1 for each text; the same wherever the same name is asked for."""
        if name not in self.chances:
            self.chances[name] = self.rng(name).random(SIZE)
        return self.chances[name]

    def picked(self, weights: tuple[float, ...], rows: np.ndarray, name: str) -> np.ndarray:
        """(rows,) options by weight."""
        steps = np.cumsum(weights)
        found = np.searchsorted(steps / steps[-1], self.even(name)[rows], side="right")
        return np.minimum(found, len(weights) - 1)

    def write(self, node: Node, side: int, rows: np.ndarray, path: str, depth: int) -> Any:
        """A text (the same for all), or an Arrow array of one for each of these rows."""
        if isinstance(node, Literal):
            return node.text
        if isinstance(node, Sequence):
            return _beside([self.write(part, side, rows, path, depth) for part in node.parts])
        if isinstance(node, Choice):
            chosen = self.picked(node.weights, rows, f"{path}#{node.key}")
            return self._options(node.options, chosen, side, rows, [path] * len(node.options), depth)
        if isinstance(node, Agree):
            return self._agreeing(node, side, rows)
        if node.name in self.grammar.rules:
            made = self.alternatives(
                self.grammar.rules[node.name], side, rows, f"{path}/{node.name}:{node.which}", depth + 1
            )
        elif node.name in self.grammar.words:
            made = self._word(node, side, rows)
        else:
            made = take(self._value(node, side), rows)
        return _capital(made) if node.capital else made

    def alternatives(self, each: Alternatives, side: int, rows: np.ndarray, path: str, depth: int) -> Any:
        """Alternatives of a rule or a text; where rules have gone deep only those that end soon."""
        weights = each.weights
        if depth:
            left = self.grammar.depth - depth
            rules = self.grammar.rules
            deep = [max((self.heights[n] + 1 for n in uses(o, rules)), default=0) for o in each.options]
            weights = tuple(w if high <= left else 0.0 for w, high in zip(weights, deep, strict=True))
        chosen = self.picked(weights, rows, path)
        nodes = tuple(option[side] for option in each.options)
        return self._options(nodes, chosen, side, rows, [f"{path}/{n}" for n in range(len(nodes))], depth)

    def _options(
        self, nodes: tuple[Node, ...], chosen: np.ndarray, side: int, rows: np.ndarray, paths: list[str], depth: int
    ) -> Any:
        if all(isinstance(node, Literal) for node in nodes):
            return take(words(node.text for node in nodes), chosen)  # type: ignore[union-attr]
        parts, order = [], []
        for number, (node, path) in enumerate(zip(nodes, paths, strict=True)):
            inside = np.flatnonzero(chosen == number)
            if len(inside):
                made = self.write(node, side, rows[inside], path, depth)
                parts.append(_column(made, len(inside)))
                order.append(inside)
        if not parts:
            return words([])
        back = np.empty(len(rows), dtype=np.int64)
        back[np.concatenate(order)] = np.arange(len(rows))
        return take(pa.concat_arrays(parts), back)

    def places(self, name: str, which: int) -> np.ndarray:
        """(SIZE,) the word of a list that each text has; another draw of it is another word where there is one."""
        key = (name, which)
        if key not in self.slots:
            weights = self.grammar.words[name].weights
            found = self.picked(weights, np.arange(SIZE), f"{name}:{which}")
            if which == 1 and name in self.given:
                found = np.where(self.given[name] >= 0, self.given[name], found)
            if 1 < which <= len(weights):
                # Those drawn before are out: weights of each text by itself.
                left = np.tile(np.array(weights), (SIZE, 1))
                for other in range(1, which):
                    left[np.arange(SIZE), self.places(name, other)] = 0.0
                steps = np.cumsum(left, axis=1)
                aim = self.even(f"{name}:{which}") * steps[:, -1]
                found = np.argmax(steps > aim[:, None], axis=1)
            self.slots[key] = found
        return self.slots[key]

    def many(self, number: str, rows: np.ndarray) -> np.ndarray | bool:
        """Whether a word stands in the plural, for each row or for all."""
        if not number.startswith("#"):
            return number == "plural"
        counted = self._drawn(number[1:]).numbers()[rows]
        return np.array([str(value) not in ("1", "1.0") for value in counted])

    def _word(self, slot: Slot, side: int, rows: np.ndarray) -> Any:
        listed = self.grammar.words[slot.name].words[side]
        table = words([*(word.text for word in listed), *(word.many for word in listed)])
        places = self.places(slot.name, slot.which)[rows]
        return take(table, places + len(listed) * self.many(slot.number, rows))

    def _agreeing(self, agree: Agree, side: int, rows: np.ndarray) -> Any:
        language = self.grammar.languages[side]
        nouns = self.grammar.words[agree.beside].words[side]
        beside = self.places(agree.beside, agree.other)[rows]
        many = self.many(agree.number, rows)
        if agree.word in self.grammar.words:
            forms = [agreed(each.text, language) for each in self.grammar.words[agree.word].words[side]]
            form = np.array([noun.form for noun in nouns])[beside] | many
            table = words(each for four in forms for each in four)
            return take(table, self.places(agree.word, agree.which)[rows] * 4 + form)
        single, places = forms_beside(agree.word, nouns, language)
        plural = agreed(agree.word, language)
        spelt = [*single, plural[1], plural[3]]
        own = np.array(places)[beside]
        of_many = len(single) + np.array([noun.feminine for noun in nouns], dtype=np.int64)[beside]
        return take(words(spelt), np.where(many, of_many, own))

    def _drawn(self, name: str) -> Drawn:
        plan = self.grammar.values
        assert plan is not None
        if name not in self.block.columns:
            plan.draw(self.block, names=(name,))
        return plan.draw(self.block, names=(name,))[name]

    def _value(self, slot: Slot, side: int) -> Any:
        key = (slot.name, side)
        if key not in self.spelt:
            plan = self.grammar.values
            assert plan is not None
            column = plan.columns[slot.name].known
            series = to_polars(self._drawn(slot.name), column)
            self.spelt[key] = words(spelt(series, column, self.grammar.languages[side]).to_list())
        return self.spelt[key]

    def turns(self, turns: tuple[TurnRule, ...], rows: np.ndarray, path: str) -> Any:
        """Dialogues as JSON messages (data/dialogues.py)."""
        made = []
        for number, turn in enumerate(turns):
            own = f"{path}/{number}"
            said = _column(self.alternatives(turn.said, 0, rows, own, 0), len(rows))
            said = self.finished(said, turn.role, 0, own)
            for mark, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
                said = pc.replace_substring(said, mark, written)
            said = pc.binary_join_element_wise(f', {{"role": "{turn.role}", "content": "', said, '"}', "")
            if turn.share < 1:
                there = self.even(f"{own}?")[rows] < turn.share
                said = pc.if_else(pa.array(there), said, "")
            made.append(said)
        joined = pc.utf8_slice_codeunits(pc.binary_join_element_wise(*made, ""), 2)
        return pc.binary_join_element_wise("[", joined, "]", "")

    def finished(self, texts: Any, what: str, side: int, path: str) -> Any:
        """Articles and white space put right; what a person types is made polite and disturbed."""
        language = self.grammar.languages[side]
        settings = self.grammar.rephrase
        if language == "en":
            texts = pc.replace_substring_regex(texts, _AN, r"\1n \2")
            texts = pc.replace_substring_regex(texts, r"\b([Aa])\(n\)", r"\1")
        else:
            texts = pc.replace_substring_regex(texts, r"\b([Aa]) el ", r"\1l ")
            texts = pc.replace_substring_regex(texts, r"\b([Dd])e el ", r"\1el ")
        texts = pc.replace_substring_regex(pc.replace_substring_regex(texts, r"[ \t]{2,}", " "), r"[ \t]+\n", "\n")
        texts = pc.utf8_trim_whitespace(texts)
        if what not in TYPED or not (settings.polite or settings.noisy):
            return texts
        made = texts.to_pylist()
        if settings.polite:
            made = _polite(made, settings.polite, language, self.rng(f"{path} polite"))
        if settings.noisy:
            made = disturbed(made, settings, language, self.rng(f"{path} noise"))
        return words(made)


def draw_block(
    grammar: Grammar, seed: int, number: int, labels: np.ndarray | None, given: Mapping[str, np.ndarray]
) -> pl.DataFrame:
    """Block `number` of texts, SIZE of them: the label (with more than one), columns of text, what is shown.

    labels: (SIZE,) places of told labels, -1 where free. given: by shown word list, (SIZE,) places of told words.
    """
    drawing = _Drawing(grammar, seed, number, given, heights(grammar.rules))
    names = tuple(grammar.labels)
    chosen = drawing.picked(tuple(grammar.labels.values()), np.arange(SIZE), "label")
    if labels is not None:
        chosen = np.where(labels >= 0, labels, chosen)
    columns: dict[str, Any] = {}
    for what, key, side in grammar.outputs:
        parts, order = [], []
        for number_of, label in enumerate(names):
            rows = np.flatnonzero(chosen == number_of)
            if not len(rows):
                continue
            path = f"{label}\0{key}"
            if grammar.kind == "dialogue":
                made = drawing.turns(grammar.turns[label], rows, path)
            elif key in grammar.roots[label]:
                made = _column(drawing.alternatives(grammar.roots[label][key], side, rows, path, 0), len(rows))
                made = drawing.finished(made, what, side, path)
            else:
                made = words([""] * len(rows))
            parts.append(made)
            order.append(rows)
        back = np.empty(SIZE, dtype=np.int64)
        back[np.concatenate(order)] = np.arange(SIZE)
        columns[grammar.columns[what]] = take(pa.concat_arrays(parts), back)
    frame = pl.DataFrame({name: pl.from_arrow(each) for name, each in columns.items()})
    if names != ("",):
        frame = frame.with_columns(pl.Series(grammar.columns["label"], list(names))[chosen.tolist()])
    for name in grammar.show:
        frame = frame.with_columns(_shown(drawing, name))
    return frame


def _shown(drawing: _Drawing, name: str) -> pl.Series:
    if name in drawing.grammar.words:
        listed = [word.text for word in drawing.grammar.words[name].words[0]]
        return pl.Series(name, listed)[drawing.places(name, 1).tolist()]
    plan = drawing.grammar.values
    assert plan is not None
    return to_polars(drawing._drawn(name), plan.columns[name].known).alias(name)


def spelt(series: pl.Series, column: Column, language: str) -> pl.Series:
    """Values as a text says them: "3 de mayo de 2025", "12,50"; "" for a missing one."""
    if series.dtype == pl.Datetime:
        day, year = series.dt.day().cast(pl.String), series.dt.year().cast(pl.String)
        month = (series.dt.month() - 1).replace_strict(dict(enumerate(MONTHS[language])), return_dtype=pl.String)
        between = " de " if language == "es" else " "
        text = day + between + month + between + year
        if not column.format.date_only:
            text = text + (" a las " if language == "es" else " at ") + series.dt.strftime("%H:%M")
        return text.fill_null("")
    if series.dtype == pl.Boolean:
        yes, no = ("sí", "no") if language == "es" else ("yes", "no")
        return series.replace_strict({True: yes, False: no}, return_dtype=pl.String).fill_null("")
    text = write(series, column)
    if series.dtype == pl.Float64 and language == "es":
        text = text.str.replace(".", ",", literal=True)
    return text.fill_null("")


def _beside(pieces: list[Any]) -> Any:
    if all(isinstance(piece, str) for piece in pieces):
        return "".join(pieces)
    return pc.binary_join_element_wise(*(pa.scalar(p) if isinstance(p, str) else p for p in pieces), "")


def _column(made: Any, rows: int) -> Any:
    return pa.repeat(pa.scalar(made), rows) if isinstance(made, str) else made


def _capital(made: Any) -> Any:
    if isinstance(made, str):
        return made[:1].upper() + made[1:]
    first = pc.utf8_upper(pc.utf8_slice_codeunits(made, 0, 1))
    return pc.binary_join_element_wise(first, pc.utf8_slice_codeunits(made, 1), "")


def _polite(texts: list[str], share: float, language: str, rng: np.random.Generator) -> list[str]:
    before, after = POLITE[language]
    asked = rng.random(len(texts))
    which = rng.integers(0, 1 << 30, len(texts))
    made = list(texts)
    for place in np.flatnonzero(asked < share).tolist():
        text, at = texts[place], int(which[place])
        if asked[place] < share / 2:
            begins = text[:1].upper() == text[:1] and text[1:2].islower() and text.split(" ")[0] != "I"
            text = text[:1].lower() + text[1:] if begins else text
            made[place] = before[at % len(before)] + text
        else:
            made[place] = text + after[at % len(after)]
    return made
