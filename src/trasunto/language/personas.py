"""Who writes: short descriptions of people that make texts differ, in English and Spanish, or a user's own.

A mixture of personas with weights, beside real exemplars, after MoP ("Mixture of personas", ACL Findings 2025); the
weights are given, not learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trasunto.errors import FileError, FitError

ENGLISH = (
    "a student who is always in a hurry", "a retired teacher who takes time", "a nurse after a night shift",
    "a shop owner who thinks of money", "a parent of two small children", "an engineer who likes to be exact",
    "a teenager among friends", "a manager with little patience", "a farmer who says little", "a tourist far from home",
    "a lawyer who weighs every word", "a taxi driver who likes to talk", "an artist who writes with feeling",
    "somebody who learns the language", "a grandmother who writes to her family", "a scientist who doubts everything",
    "a customer who is disappointed", "a customer who is delighted", "an office worker at the end of the day",
    "a musician who jokes a lot", "a person who is worried", "a polite stranger", "an old friend", "a busy cook",
)  # fmt: skip
SPANISH = (
    "una estudiante que siempre tiene prisa", "un maestro jubilado que se toma su tiempo",
    "una enfermera después del turno de noche", "el dueño de una tienda que piensa en el dinero",
    "una madre de dos niños pequeños", "un ingeniero que quiere ser exacto", "un adolescente entre amigos",
    "una jefa con poca paciencia", "un agricultor de pocas palabras", "una turista lejos de casa",
    "un abogado que mide cada palabra", "un taxista al que le gusta hablar", "una artista que escribe con emoción",
    "alguien que está aprendiendo el idioma", "una abuela que escribe a su familia", "un científico que lo duda todo",
    "un cliente decepcionado", "una clienta encantada", "un oficinista al final del día",
    "una cantante que bromea mucho", "una persona preocupada", "un desconocido muy educado", "una vieja amiga",
    "un cocinero con mucho trabajo",
)  # fmt: skip
OWN = {"en": ENGLISH, "es": SPANISH}


@dataclass(frozen=True)
class Personas:
    """Descriptions and how often each is meant to write (shares that sum to 1)."""

    texts: tuple[str, ...]
    shares: tuple[float, ...]

    def draw(self, count: int, rng: np.random.Generator) -> list[str]:
        """So many, each by its share."""
        return [self.texts[place] for place in rng.choice(len(self.texts), size=count, p=self.shares)]


def personas_of(wanted: str, language: str) -> Personas | None:
    """ "" for none, "own" for the list here, else a file with a persona a line, "2 | a nurse" to be twice as frequent.

    Raises FileError for a file that is not there, FitError for one that holds none or a weight that is no number.
    """
    if not wanted:
        return None
    if wanted == "own":
        return _even(OWN[language])
    try:
        lines = Path(wanted).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            f"The personas {wanted!r} cannot be read: {error}.", 'Give a text file, a persona a line, or "own".'
        ) from error
    texts, weights = [], []
    for line in (each.strip() for each in lines):
        if not line or line.startswith("#"):
            continue
        weight, mark, text = line.partition("|")
        texts.append(text.strip() if mark else line)
        try:
            weights.append(float(weight) if mark else 1.0)
        except ValueError as error:
            raise FitError(
                f"A persona of {wanted} has the weight {weight.strip()!r}.", "Write '2 | a nurse'."
            ) from error
    if not texts or min(weights) < 0 or sum(weights) <= 0:
        raise FitError(f"{wanted} holds no persona with a weight above 0.", "Write one a line.")
    return Personas(tuple(texts), tuple(weight / sum(weights) for weight in weights))


def _even(texts: Sequence[str]) -> Personas:
    return Personas(tuple(texts), (1 / len(texts),) * len(texts))
