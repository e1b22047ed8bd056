"""How many different texts a grammar can make, counted before any is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from trasunto.language.grammar import Agree, Alternatives, Choice, Node, Slot, walk
from trasunto.language.grammar_document import Grammar, heights, uses

# By the draws that a derivation has, how many derivations have them: draws are shared by a whole text.
Counts = dict[frozenset[tuple[str, int]], int]
ONE: Counts = {frozenset(): 1}
# With more different sets of draws than this, every derivation counts as if it had all of them: never too few.
MOST_SETS = 2_000


def derivations(grammar: Grammar) -> int | None:
    """How many different derivations there are, which is at least how many different texts; None when a value that
    cannot be counted is among them. Politeness and disturbances are not counted."""
    counting = _Counting(grammar, heights(grammar.rules))
    whole = 0
    for label in grammar.labels:
        found = ONE
        for roots in grammar.roots[label].values():
            found = _times(found, counting.alternatives(roots, 0))
        for turn in grammar.turns.get(label, ()):
            said = counting.alternatives(turn.said, 0)
            found = _times(found, said if turn.share == 1 else _plus([said, ONE]))
        for drawn, times in found.items():
            sizes = [counting.size(*each) for each in drawn]
            for size in sizes:
                if size is None:
                    return None
                times *= size
            whole += times
    return whole


@dataclass
class _Counting:
    grammar: Grammar
    heights: Mapping[str, int]
    known: dict[tuple[str, int], Counts] = field(default_factory=dict)

    def alternatives(self, each: Alternatives, depth: int) -> Counts:
        found = []
        rules = self.grammar.rules
        for option in each.options:
            deep = max((self.heights[name] + 1 for name in uses(option, rules)), default=0)
            if depth and deep > self.grammar.depth - depth:
                continue
            found.append(self._option(option, depth))
        return _plus(found)

    def _option(self, option: tuple[Node, ...], depth: int) -> Counts:
        """An alternative: its draws, its choices, and each of its rules once, however often they are written."""
        made = ONE
        seen: set[tuple[str, int]] = set()
        for node in option:
            made = _times(made, self._node(node, depth, seen))
        return made

    def _node(self, node: Node, depth: int, seen: set[tuple[str, int]]) -> Counts:
        if isinstance(node, Choice):
            return _plus([self._node(each, depth, set(seen)) for each in node.options])
        made = ONE
        for each in walk(node) if not hasattr(node, "parts") else node.parts:
            if isinstance(each, Slot) and each.name in self.grammar.rules:
                key = (each.name, each.which)
                if key not in seen:
                    seen.add(key)
                    made = _times(made, self._rule(each.name, depth + 1))
            elif isinstance(each, Slot):
                made = _times(made, {frozenset([(each.name, each.which), *_hanging(each.number)]): 1})
            elif isinstance(each, Agree):
                drawn = [(each.beside, each.other), *_hanging(each.number)]
                drawn += [(each.word, each.which)] if each.word in self.grammar.words else []
                made = _times(made, {frozenset(drawn): 1})
            elif each is not node:
                made = _times(made, self._node(each, depth, seen))
        return made

    def _rule(self, name: str, depth: int) -> Counts:
        key = (name, depth)
        if key not in self.known:
            self.known[key] = self.alternatives(self.grammar.rules[name], depth)
        return self.known[key]

    def size(self, name: str, which: int) -> int | None:
        """How many different things a draw can be."""
        if name in self.grammar.words:
            words = self.grammar.words[name].words
            different = len({tuple(side[place].text for side in words) for place in range(len(words[0]))})
            return max(different - which + 1, 1)
        plan = self.grammar.values
        assert plan is not None
        return plan.columns[name].rule.capacity


def _hanging(number: str) -> list[tuple[str, int]]:
    return [(number[1:], 1)] if number.startswith("#") else []


def _times(one: Counts, other: Counts) -> Counts:
    made: Counts = {}
    for a, x in one.items():
        for b, y in other.items():
            made[a | b] = made.get(a | b, 0) + x * y
    return _few(made)


def _plus(parts: Iterable[Counts]) -> Counts:
    made: Counts = {}
    for part in parts:
        for drawn, times in part.items():
            made[drawn] = made.get(drawn, 0) + times
    return _few(made)


def _few(counts: Counts) -> Counts:
    if len(counts) <= MOST_SETS:
        return counts
    return {frozenset().union(*counts): sum(counts.values())}
