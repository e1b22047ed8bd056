"""What the values of a column are by themselves: forms with check digits, names of people, countries, illnesses."""

from __future__ import annotations

import importlib
import re
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from trasunto.data.schema import Column
from trasunto.data.written import write
from trasunto.privacy.identifiers_words import Category
from trasunto.privacy.names import people_share, plain
from trasunto.privacy.recognize import BY_KIND, CHECKED, RECOGNIZERS, Recognizer

# Values looked at in a column: enough to tell nine in ten from two in three.
SAMPLE = 1_000
# Share of the values that must be of a kind; more where one in two numbers passes by chance.
MOST, NEARLY_ALL = 0.6, 0.85
LOOSE = (
    "phone",
    "nhs",
    "pesel",
    "card",
    "plate",
    "passport",
    "health_card",
    "ssn",
    "rut",
    "cpf",
    "cuit",
    "nss",
    "nir",
    "ccc",
)
_PLAIN_ENOUGH = ("email", "iban", "dni", "nie", "url", "ip", "mac", "curp", "codice_fiscale", "cadastral")
_SEXES = {"m", "f", "h", "v", "male", "female", "hombre", "mujer", "varon", "masculino", "femenino", "man", "woman",
          "men", "women", "boy", "girl", "other", "otro", "x", "nonbinary", "no binario", "unknown", "u"}  # fmt: skip
_MARITAL = {"single", "married", "divorced", "widowed", "separated", "soltero", "soltera", "casado", "casada", "viudo",
            "viuda", "divorciado", "divorciada", "separado", "separada",
            "never-married", "married-civ-spouse"}  # fmt: skip
_FAITHS = {"catholic", "christian", "muslim", "jewish", "hindu", "buddhist", "protestant", "atheist", "agnostic",
           "islam",          "catolico", "catolica", "cristiano", "musulman", "judio", "budista", "protestante", "ateo",
           "agnostico"}  # fmt: skip
_ILLS = re.compile(
    r"\b(?:diabet|cancer|carcinom|asthma|asma|hipertens|hypertens|hiv|vih|depress|depresi|epilep|hepatitis|covid|tumou?r"
    r"|pneumon|neumon|infarct|infart|stroke|ictus|dementia|demencia|alzheimer|arthrit|artrit|anxiety|ansiedad|schizo"
    r"|esquizo|leuk|leuc|migra|obes|fractur|bronch|bronq|influenza|gripe|anemi|insufici|sepsis|melanom|lupus|parkinson)"
)
_CODE = re.compile(r"[A-TV-Z]\d{2}(?:\.?\d{1,4})?[A-Z]?")
_REASONS = {
    "email": "e-mail addresses",
    "ip": "IP addresses",
    "url": "web addresses",
    "phone": "telephone numbers that exist",
}


@dataclass(frozen=True)
class Evidence:
    """What values are, in what share of them, how sure we are, and why."""

    kind: str
    share: float
    confidence: float
    reason: str


def written(values: pl.Series, column: Column) -> pl.Series:
    """Values as text; null stays null. Dates and real numbers, which name nobody by their form, are none."""
    if column.kind in ("datetime", "number", "boolean"):
        return pl.Series(values.name, [], dtype=pl.String)
    if values.dtype == pl.String:
        return values
    return pl.select(pl.when(values.is_not_null()).then(write(values, column))).to_series()


def sampled(texts: pl.Series) -> list[str]:
    """Up to a thousand different values, evenly spread over the order they are met in."""
    few = texts if len(texts) <= 50 * SAMPLE else texts.gather_every(len(texts) // (50 * SAMPLE))
    distinct = few.drop_nulls().unique(maintain_order=True)
    every = max(1, -(-len(distinct) // SAMPLE))
    return [str(value) for value in distinct.gather_every(every).to_list()]


def told_by_values(column: Column, texts: list[str], named: Set[str]) -> tuple[Category, Evidence] | None:
    """(category, evidence) by the values alone. named: kinds that the column's name says, for which less is asked."""
    if not texts:
        return None
    best: Evidence | None = None
    sample = pl.Series(texts)
    for recognizer in RECOGNIZERS:
        if recognizer.kind in ("date", "date_of_birth", "record_number", "postcode"):
            continue
        share = _share(recognizer, texts, sample)
        wanted = MOST if recognizer.kind in named or recognizer.kind not in LOOSE else NEARLY_ALL
        # One value or two may be so by chance, unless their form is hardly that of anything else.
        enough = len(texts) > 2 or recognizer.kind in named or recognizer.kind in _PLAIN_ENOUGH
        if share >= wanted and enough and _counts(recognizer, column, named):
            what = _REASONS.get(recognizer.kind, f"pass the check of a {recognizer.kind.replace('_', ' ')}")
            verb = "are " if recognizer.kind in _REASONS else ""
            sure = 0.98 if recognizer.kind in CHECKED or recognizer.kind in _REASONS else 0.8
            found = Evidence(recognizer.kind, share, sure, f"{share:.0%} of the different values {verb}{what}.")
            if best is None or (found.kind in named, found.share) > (best.kind in named, best.share):
                best = found
    if best is not None:
        return "direct", best
    person = _people(column, texts, named)
    if person:
        return "direct", person
    return None if column.kind == "text" else _shared(texts)


def _share(recognizer: Recognizer, texts: list[str], sample: pl.Series) -> float:
    both = f"{recognizer.pattern}|{recognizer.weak}" if recognizer.weak else recognizer.pattern
    fits = sample.str.contains(rf"^\s*(?:{both})\s*$")
    if float(fits.mean() or 0.0) < MOST:  # type: ignore[arg-type]
        return 0.0
    return sum(recognizer.accepts(text) for text in texts) / len(texts)


def _counts(recognizer: Recognizer, column: Column, named: Set[str]) -> bool:
    """Whether a form is evidence enough without a word of the name: plain digits fit many forms."""
    if recognizer.kind in named or (recognizer.kind in CHECKED and recognizer.kind not in ("ssn", "rut", "pesel")):
        return True
    if recognizer.kind == "plate":
        return column.kind != "integer"
    plain_digits = column.kind in ("integer", "id") and recognizer.kind in ("phone", "ssn", "rut")
    return not plain_digits and recognizer.kind not in ("passport", "pesel")


def _people(column: Column, texts: list[str], named: Set[str]) -> Evidence | None:
    if column.kind in ("integer", "text") or named & {"place", "country", "language", "url", "education", "occupation"}:
        return None
    share, part = people_share(texts)
    least = 0.3 if "person" in named else 0.6 if part == "name" else 0.75
    if share < least or len(texts) < 3:
        return None
    what = {"name": "names of people", "first_name": "given names", "last_name": "family names"}[part]
    return Evidence("person", share, 0.9 if share > 0.8 else 0.75, f"{share:.0%} of the different values are {what}.")


def _shared(texts: list[str]) -> tuple[Category, Evidence] | None:
    """Quasi-identifiers and sensitive matter by lists of words."""
    bare = [plain(text).strip() for text in texts]
    tables: tuple[tuple[Category, str, Set[str]], ...] = (
        ("quasi", "sex", _SEXES),
        ("quasi", "marital_status", _MARITAL),
        ("sensitive", "religion", _FAITHS),
        ("quasi", "country", countries()),
    )
    for category, kind, known in tables:
        share = sum(text in known for text in bare) / len(bare)
        # A letter or two may mean anything.
        if share >= 0.7 and len(bare) > 1 and (kind != "sex" or max(map(len, bare)) > 2):
            return category, Evidence(kind, share, 0.75, f"{share:.0%} of the different values are of this kind.")
    share = sum(_ILLS.search(text) is not None for text in bare) / len(bare)
    if share >= 0.3:
        return "sensitive", Evidence("health", share, 0.8, f"{share:.0%} of the different values name an illness.")
    share = sum(_CODE.fullmatch(text.strip()) is not None for text in texts) / len(texts)
    if share >= 0.8 and len(texts) >= 5:
        return "sensitive", Evidence(
            "health", share, 0.6, f"{share:.0%} of the different values look like ICD-10 codes."
        )
    share = sum(BY_KIND["postcode"].accepts(text) and not text.strip().isdigit() for text in texts) / len(texts)
    if share >= 0.8:
        return "quasi", Evidence("postcode", share, 0.8, f"{share:.0%} of the different values are postcodes.")
    return None


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Names of countries in English and Spanish, in plain letters."""
    found: set[str] = set()
    for code in ("en_US", "es"):
        provider = importlib.import_module(f"faker.providers.address.{code}").Provider
        found |= {plain(str(name)) for name in getattr(provider, "countries", ())}
    return frozenset(found | {"usa", "uk", "united states", "england", "scotland", "russia", "south korea"})
