"""Spellings of labels that mean one label."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

# A misspelling is no shorter than this, and at most this share as frequent as what it misspells.
LEAST_LETTERS, RARE = 5, 0.05


def respelt(labels: Sequence[str], *, misspellings: bool) -> dict[str, str]:
    """For each label the one it is written as: the most frequent of those that differ in case, blanks, accents or
    punctuation alone.

    misspellings: a label is also taken for one that is twenty times as frequent and one letter off (another letter,
    one more or less, two exchanged), unless the letter is its first or a digit or stands in a word of three letters
    or less: "grade ii" is not "grade iii".
    """
    counts = Counter(labels)
    best: dict[str, str] = {}
    together: Counter[str] = Counter()
    for label, count in sorted(counts.items(), key=lambda each: (-each[1], each[0])):
        best.setdefault(folded(label), " ".join(label.split()))
        together[folded(label)] += count
    if misspellings:
        frequent = [key for key, count in together.items() if count * RARE >= 1]
        for key in sorted(together, key=lambda each: (-together[each], each)):
            near = [other for other in frequent if together[key] <= RARE * together[other] and _is_one_off(key, other)]
            if near:
                best[key] = best[max(near, key=lambda each: (together[each], each))]
    return {label: best[folded(label)] for label in counts}


def folded(label: str) -> str:
    """A label without case, accents, punctuation and the kind of blank; one of signs alone as it is."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", label) if not unicodedata.combining(each))
    # A sign between digits tells numbers apart: 1.5 is not 15.
    words = re.sub(r"(?<!\d)[^\w\s]|[^\w\s](?!\d)", " ", bare.replace("_", " ").casefold()).split()
    return " ".join(words) or label


def _is_one_off(one: str, other: str) -> bool:
    """Whether two folded labels are the same but for one letter of a longer word."""
    mine, theirs = one.split(), other.split()
    if len(mine) != len(theirs) or one == other:
        return False
    differing = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
    if len(differing) != 1:
        return False
    a, b = differing[0]
    if min(len(a), len(b)) < LEAST_LETTERS or a[0] != b[0] or any(each.isdigit() for each in a + b):
        return False
    start = next((place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest, other_rest = a[start:], b[start:]
    if len(a) == len(b):
        exchanged = rest[:2] == other_rest[:2][::-1] and rest[2:] == other_rest[2:]
        return rest[1:] == other_rest[1:] or exchanged
    return rest[1:] == other_rest or rest == other_rest[1:]
