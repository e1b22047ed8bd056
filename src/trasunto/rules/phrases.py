"""Phrases of several words, one of some formats by weight ("{{street_prefix}} {{last_name}}")."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

from trasunto.rules.text import MARKS, Formats

_TOKEN = re.compile(r"(\{\{\s*\w+\s*\}\})")
# Two lists of words become one of all their pairs up to this many.
_PAIRED = 1 << 11
Words = dict[str, float]


def phrases(formats: dict[str, float], words_of: Callable[[str], Words | None]) -> Formats | None:
    """Formats of text with {{tokens}}, by weight. words_of: the words of a token, None when there are none.

    A format with an unknown token is left out; None when no format remains.
    """
    read = [(weight, _slots(text, words_of)) for text, weight in formats.items()]
    kept = _merged([(weight, slots) for weight, slots in read if slots])
    return Formats.of([(weight, _paired(slots)) for weight, slots in kept]) if kept else None


def _slots(text: str, words_of: Callable[[str], Words | None]) -> list[Words] | None:
    """The words of each token, with the letters around it; None when a token has no words."""
    slots: list[Words] = []
    before = ""
    for piece in _TOKEN.split(text.strip()):
        if _TOKEN.fullmatch(piece):
            found = words_of(piece.strip("{} "))
            if not found:
                return None
            slots.append({before + word: weight for word, weight in found.items()})
            before = ""
        elif slots:
            slots[-1] = _followed(slots[-1], piece)
        else:
            before = piece
    return slots or [_followed({"": 1.0}, before)]


def _followed(slot: Words, piece: str) -> Words:
    """Each word of a slot with each spelling of a piece that may hold marks for digits."""
    endings = ["".join(each) for each in product(*(MARKS[m] if m in "#%" else (m,) for m in piece))]
    made: Words = {}
    for word, weight in slot.items():
        for ending in endings:
            made[word + ending] = made.get(word + ending, 0.0) + weight / len(endings)
    return made


def _merged(formats: list[tuple[float, list[Words]]]) -> list[tuple[float, list[Words]]]:
    """Formats that differ in one slot alone become one, the words of that slot taken together by weight."""
    kept: list[tuple[float, list[Words]]] = []
    for weight, slots in formats:
        for place, (beside, other) in enumerate(kept):
            if len(other) != len(slots):
                continue
            differ = [i for i, (a, b) in enumerate(zip(other, slots, strict=True)) if a != b]
            if len(differ) <= 1:
                both = list(other)
                for i in differ:
                    both[i] = _together(other[i], beside, slots[i], weight)
                kept[place] = (beside + weight, both)
                break
        else:
            kept.append((weight, slots))
    return kept


def _together(one: Words, weight: float, other: Words, other_weight: float) -> Words:
    made: Words = {}
    for words, share in ((one, weight), (other, other_weight)):
        whole = sum(words.values())
        for word, own in words.items():
            made[word] = made.get(word, 0.0) + share * own / whole
    return made


def _paired(slots: list[Words]) -> list[Words]:
    """Neighbours with few words as one slot of all pairs, so that fewer pieces are joined."""
    made: list[Words] = []
    for slot in slots:
        if made and len(made[-1]) * len(slot) <= _PAIRED:
            pairs: Words = {}
            for (a, x), (b, y) in product(made[-1].items(), slot.items()):
                pairs[a + b] = pairs.get(a + b, 0.0) + x * y
            made[-1] = pairs
        else:
            made.append(slot)
    return made
