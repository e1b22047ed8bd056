"""In which language a text is (py3langid: Lui and Baldwin 2012, "langid.py"), where it is long enough to tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from trasunto import registry
from trasunto.errors import RecipeError, near
from trasunto.language.curation.looks import Finding

# Letters below which no language can be told, the chance of all expected ones below which it is another, and that which
# the other must have.
LEAST_LETTERS = 25
UNLIKELY = 0.02
LIKELY = 0.5
# What is no language: numbers, signs, abbreviations.
NONE = "zxx"
# Training texts are read together, so many letters at a time; a language of this share of them is expected.
PIECE = 400
SHARE = 0.05
MOST_PIECES = 300


@dataclass(frozen=True)
class Languages:
    """expected: codes ("en"); unlikely: chance of these below which a text is thrown away."""

    expected: tuple[str, ...]
    identifier: Any = field(repr=False)
    unlikely: float = UNLIKELY

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        return [self._finding(text) for text in texts]

    def _finding(self, text: str) -> Finding:
        if sum(sign.isalpha() for sign in text) < LEAST_LETTERS:
            return None
        ranked = self.identifier.rank(text)
        chance = sum(float(value) for code, value in ranked if code in self.expected)
        if chance >= self.unlikely or ranked[0][0] == NONE or ranked[0][1] < LIKELY:
            return None
        return "language", f"{ranked[0][0]}, not {' or '.join(self.expected)} ({chance:.0%})"


def fit_languages(train: Sequence[str], expected: Sequence[str]) -> Languages | None:
    """The languages that are expected; when none is named, those of the training texts; None without either.

    RecipeError for a code that there is none of, MissingLibraryError without py3langid.
    """
    if not expected and not train:
        return None
    identifier = _identifier()
    known = {str(code) for code in identifier.labels}
    for code in expected:
        if code not in known:
            raise RecipeError(f"No language {code!r}.", near(code, known))
    if expected:
        return Languages(tuple(expected), identifier)
    counts: Counter[str] = Counter()
    step = max(1, len(train) // (MOST_PIECES * 8))
    piece = ""
    for text in train[::step]:
        piece += f"{text}\n"
        if len(piece) >= PIECE:
            counts[str(identifier.classify(piece)[0])] += 1
            piece = ""
    if not counts and piece:
        counts[str(identifier.classify(piece)[0])] += 1
    total = sum(counts.values())
    return Languages(tuple(sorted(code for code, n in counts.items() if n >= SHARE * total)), identifier)


def _identifier() -> Any:
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise registry.missing(error, "The check of the language") from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
