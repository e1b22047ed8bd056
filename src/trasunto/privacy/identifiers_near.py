"""Known names in texts as people misspell them: a letter more, fewer, other or two swapped.

Only names of two words or more are sought so, and their first letters must be right: one word alone is too often
another word. A word may be off by one edit from five letters on, by two from nine, and a whole name by two from
fourteen (Damerau 1964: an edit is a letter put in, left out, changed, or two neighbours swapped). Words that can be
meant are found by what is left of both when letters are left out (Garbe 2012, "SymSpell"), so that the time goes by the
different words of the texts, not their number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import combinations, product

import polars as pl

# Letters from which on a word may be off by one edit, by two; letters of a whole name, and of one off by two.
ONE, TWO, WHOLE, BOTH = 5, 9, 8, 14
# Words of names that are words of any text.
PARTICLES = frozenset(("del", "las", "los", "dos", "das", "van", "von", "der", "den", "ter", "bin", "san"))
# Words of a name, at most; ways to read a misspelt word that are tried.
LONGEST, MOST = 4, 4
_WORD = re.compile(r"[^ ]+")


def near(plain: pl.Series, spelt: Mapping[str, str]) -> dict[int, list[tuple[int, int, str]]]:
    """Row → (start, end, kind) of misspelt names in folded texts. spelt: folded name → kind."""
    names = {form: kind for form, kind in spelt.items() if _whole(form)}
    words = {word for form in names for word in form.split()}
    meant = _meant(plain, words)
    if not meant:
        return {}
    any_ = plain.str.contains_any(pl.Series(sorted(meant)).implode()).fill_null(False)
    found: dict[int, list[tuple[int, int, str]]] = {}
    for row, text in zip(any_.arg_true().to_list(), plain.filter(any_).to_list(), strict=True):
        if places := list(_in_text(text, names, words, meant)):
            found[row] = places
    return found


def edits(one: str, other: str, most: int) -> int:
    """How many edits lie between two words, `most` + 1 when there are more (optimal string alignment)."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        now = [i]
        for j, theirs in enumerate(other, 1):
            cost = min(last[j] + 1, now[-1] + 1, last[j - 1] + (letter != theirs))
            if before and j > 1 and letter == other[j - 2] and one[i - 2] == theirs:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        if min(now) > most:
            return most + 1
        before, last = last, now
    return last[-1]


def allowed(word: str) -> int:
    """Edits by which a word may be off."""
    return 0 if len(word) < ONE else 1 if len(word) < TWO else 2


def _whole(form: str) -> bool:
    """Whether a form is a name of several words, none an initial, two of which are no particle ("de", "del")."""
    words = form.split()
    said = [word for word in words if len(word) > 2 and word not in PARTICLES]
    return (
        len(said) > 1
        and min(map(len, words)) > 1
        and len(words) <= LONGEST
        and len(form) > WHOLE
        and "".join(words).isalpha()
    )


def _meant(plain: pl.Series, words: set[str]) -> dict[str, tuple[tuple[str, int], ...]]:
    """Misspelt word of the texts → (word, edits) of names that can be meant by it."""
    left: dict[str, list[str]] = {}
    for word in sorted(words):
        for part in _parts(word, allowed(word)) if allowed(word) else ():
            left.setdefault(part, []).append(word)
    if not left:
        return {}
    first = {word[0] for word in words}
    shortest = min(len(word) for word in words if allowed(word)) - 1
    longest = max(map(len, words)) + 2
    tokens = plain.drop_nulls().str.split(" ").explode().drop_nulls().unique()
    lengths = tokens.str.len_chars()
    tokens = tokens.filter((lengths >= shortest) & (lengths <= longest) & tokens.str.slice(0, 1).is_in(sorted(first)))
    found: dict[str, tuple[tuple[str, int], ...]] = {}
    for token in tokens.sort().to_list():
        if token in words or not token.isalpha():
            continue
        # A word of a name allows its own number of edits; from the token as many letters may have to go.
        alike = {word for part in _parts(token, 1 if len(token) < TWO - 2 else 2) for word in left.get(part, ())}
        off = [(word, edits(token, word, allowed(word))) for word in sorted(alike) if word[0] == token[0]]
        if fit := sorted((each for each in off if each[1] <= allowed(each[0])), key=lambda each: each[1]):
            found[token] = tuple(fit[:MOST])
    return found


def _parts(word: str, most: int) -> set[str]:
    """What is left of a word when up to so many letters are left out."""
    places = range(len(word))
    return {
        "".join(word[at] for at in places if at not in gone)
        for size in range(most + 1)
        for gone in combinations(places, size)
    }


def _in_text(
    text: str, names: Mapping[str, str], words: set[str], meant: Mapping[str, tuple[tuple[str, int], ...]]
) -> list[tuple[int, int, str]]:
    tokens = [(match[0], match.start(), match.end()) for match in _WORD.finditer(text)]
    reads = [((token, 0),) if token in words else meant.get(token, ()) for token, _, _ in tokens]
    found = []
    for place in range(len(tokens)):
        for size in range(LONGEST, 1, -1):
            window = reads[place : place + size]
            if len(window) < size or not all(window) or all(read[0][1] == 0 for read in window):
                continue
            forms = [(" ".join(w for w, _ in read), sum(off for _, off in read)) for read in product(*window)]
            kind = next((names[form] for form, off in forms if form in names and off <= 1 + (len(form) > BOTH)), None)
            if kind is not None:
                found.append((tokens[place][1], tokens[place + size - 1][2], kind))
                break
    return found
