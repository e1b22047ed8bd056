"""Slurs and profanity: a short list of our own for English and Spanish, and the user's."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trasunto.errors import FileError
from trasunto.language.curation.looks import Finding
from trasunto.language.curation.toxic_words import WORDS
from trasunto.language.curation.words import words_of

# Letters that digits and signs are written for.
_DISGUISED = str.maketrans("013457@$!", "oieastasi")


@dataclass(frozen=True)
class Toxicity:
    """words: in plain letters; phrases: those of more than one word."""

    words: frozenset[str]
    phrases: tuple[str, ...] = ()

    def look(self, texts: Sequence[str], labels: Sequence[str]) -> list[Finding]:
        return [self._finding(text) for text in texts]

    def _finding(self, text: str) -> Finding:
        bare = [plain(word) for word in words_of(text)]
        # Numbers keep their digits: only what has a letter is read as a disguised word.
        told = [word if word.isdigit() else word.translate(_DISGUISED) for word in bare]
        marked = [plain(word.strip(".,;:!?\"'()").lower().translate(_DISGUISED)) for word in text.split()]
        known = next((word for word in (*bare, *told, *marked) if word in self.words), None)
        if known is None and self.phrases:
            whole = f" {' '.join(bare)} "
            known = next((phrase for phrase in self.phrases if f" {phrase} " in whole), None)
        return None if known is None else ("toxic", f"“{known}”")


def fit_toxicity(languages: Sequence[str], file: str | None) -> Toxicity:
    """The lists of these languages and the words of a file, one a line ("#": a remark). FileError if it is missing."""
    listed = [word for language in languages for word in WORDS[language].split("\n")]
    if file is not None:
        try:
            lines = Path(file).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise FileError(
                f"The list of words {file} cannot be read: {error}.", "Give a text file, a word a line."
            ) from error
        listed += [line for line in lines if not line.startswith("#")]
    spelt = {" ".join(plain(word) for word in words_of(each)) for each in listed if each.strip()}
    return Toxicity(
        frozenset(each for each in spelt if " " not in each), tuple(sorted(each for each in spelt if " " in each))
    )


def plain(word: str) -> str:
    """Lower case without accents."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", word.lower()) if not unicodedata.combining(sign))
