"""Names of people in texts and columns: a gazetteer (Faker's lists of some fifty countries) and the words around them.

No model of a language is needed. A name is told by a known given name followed by a capitalised word, by a title
("Dr.", "Doña"), by what announces it ("my name is", "me llamo"), or by a known name that is no common word.
"""

from __future__ import annotations

import importlib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import polars as pl

from trasunto import registry
from trasunto.privacy.names_words import COMMON, CUES, FIRM, NEVER, NO_NAMES, PARTICLES, TITLES
from trasunto.privacy.recognize import Span

LOCALES = (
    "en_US", "en_GB", "en_IE", "en_IN", "en_NG", "en_KE", "en_PK", "en_NZ", "es_ES", "es_MX", "es_AR", "es_CO", "es_CL",
    "es_CA", "fr_FR", "fr_CA", "fr_DZ", "de_DE", "de_AT", "de_CH", "it_IT", "pt_PT", "pt_BR", "nl_NL", "pl_PL", "cs_CZ",
    "sk_SK", "sl_SI", "hr_HR", "hu_HU", "ro_RO", "sv_SE", "no_NO", "da_DK", "fi_FI", "is_IS", "et_EE", "lv_LV", "lt_LT",
    "tr_TR", "az_AZ", "id_ID", "vi_VN", "yo_NG", "ha_NG", "ig_NG", "tw_GH", "zu_ZA", "ga_IE", "uz_UZ", "ja_JP", "zh_CN",
)  # fmt: skip
_UPPER, _LETTER = r"[A-ZÀ-ÖØ-ÞĀĆČĎĐĘĚĞĢĪĶŁŃŇŌŐŘŚŞŠŤŪŮŹŻŽ]", r"[\w'’]"
_WORD = rf"{_UPPER}(?:{_LETTER}+(?:-{_UPPER}{_LETTER}+)*|\.|\b)"
_JOIN = rf"(?:\ (?:(?:{'|'.join(PARTICLES)})\ ){{0,2}}|,\ )"
_NAME = re.compile(rf"(?<![\w@./-]){_WORD}(?:{_JOIN}{_WORD}){{0,6}}")
_ONE = rf"{_UPPER}{_LETTER}*"
_BEFORE = re.compile(
    rf"(?:(?P<title>\b(?:{TITLES}))\.?\s+|(?P<firm>\b(?i:{FIRM}))[\s,:]+|(?P<cue>\b(?i:{CUES}))[\s,:]+)$"
)
_LOWER = re.compile(rf"\b(?i:{FIRM})[\s,:]+([a-zà-ÿ'’-]+(?: [a-zà-ÿ'’-]+){{0,3}})")
_OPENING = re.compile(r"(?:^|[.!?¡¿:;\n\"“«(•*-]\s*)$")


@dataclass(frozen=True)
class Gazetteer:
    """Names in plain letters (see `plain`).

    given: name → "f", "m" or "u". family: family names. common: words like any other.
    """

    given: Mapping[str, str]
    family: frozenset[str]
    common: frozenset[str]


@lru_cache(maxsize=1)
def gazetteer() -> Gazetteer:
    """The names of all locales together. MissingLibraryError without Faker."""
    counts: dict[str, list[int]] = {}
    family: set[str] = set()
    for code in LOCALES:
        person = _provider("person", code)
        for place, attribute in enumerate(("first_names_female", "first_names_male")):
            for word in set(_parts(person, attribute)):
                counts.setdefault(word, [0, 0])[place] += 1
        for attribute in ("first_names", "first_romanized_names"):
            for word in _parts(person, attribute):
                counts.setdefault(word, [0, 0])
        for attribute in ("last_romanized_names", "last_names_female", "last_names_male", "last_names"):
            family.update(_parts(person, attribute))
    # What three times as many countries give to one gender as to the other is of that one.
    given = {name: "f" if f > 2 * m else "m" if m > 2 * f else "u" for name, (f, m) in counts.items()}
    # The Spanish list is one of frequent words, names of people among them.
    common = {plain(word) for code in ("en_US", "es_ES") for word in _provider("lorem", code).word_list}
    common = common - set(given) - family | COMMON | NO_NAMES
    given = {word: gender for word, gender in given.items() if word not in NO_NAMES}
    return Gazetteer(given, frozenset(family - NEVER - NO_NAMES), frozenset(common))


def plain(text: str) -> str:
    """Lower case, without accents, apostrophes told alike: "O’Hara Íñiguez" is "o'hara iniguez"."""
    bare = unicodedata.normalize("NFKD", text.casefold().replace("’", "'").replace("ł", "l").replace("ø", "o"))
    return "".join(letter for letter in bare if not unicodedata.combining(letter))


def named(texts: pl.Series) -> list[Span]:
    """Places of names of people in texts, by row: kind "person".

    texts: String series. Rows without a word of the gazetteer, a title or an announcement are not looked at.
    """
    known = _as_written(texts, gazetteer())
    words = (
        texts.str.extract_all(_ONE).explode().drop_nulls().unique() if len(texts) else pl.Series([], dtype=pl.String)
    )
    hits = [word for word in words.to_list() if _is_name(word, known)]
    rows = (
        texts.str.extract_all(_ONE).list.eval(pl.element().is_in(hits)).list.any() if hits else texts.is_null() & False
    )
    announced = texts.str.contains(
        rf"(?:\b(?:{TITLES})\.?|(?i:\b(?:{FIRM}|{CUES})))[\s,:]+{_UPPER}|(?i:\b(?:{FIRM})[\s,:])"
    )
    wanted = (rows.fill_null(False) | announced.fill_null(False)).arg_true()
    found: list[Span] = []
    for row, text in zip(wanted.to_list(), texts.gather(wanted).to_list(), strict=True):
        found.extend(names_in(row, text, known))
    return found


def _as_written(texts: pl.Series, known: Gazetteer) -> Gazetteer:
    """The gazetteer, words that these texts write in small letters more often than not being common ones."""
    words = texts.str.extract_all(r"[\w'’]{2,}").explode().drop_nulls()
    if words.is_empty():
        return known
    counts = words.value_counts()
    small: dict[str, int] = {}
    for word, count in counts.iter_rows():
        bare = plain(word)
        if bare in known.given or bare in known.family:
            small[bare] = small.get(bare, 0) + (count if word[0].islower() else -count)
    return replace(known, common=known.common | {word for word, more in small.items() if more > 1})


def names_in(row: int, text: str, known: Gazetteer) -> Iterator[Span]:
    """Names of people in one text."""
    for match in _NAME.finditer(text):
        before = text[max(0, match.start() - 40) : match.start()]
        cue = _BEFORE.search(before)
        opening = _OPENING.search(before) is not None
        strength = "" if cue is None else str(cue.lastgroup)
        for start, end, confidence in _people(match.group(), strength, opening, known):
            yield Span(row, match.start() + start, match.start() + end, "person", confidence)
    for match in _LOWER.finditer(text):
        words = match.group(1).split(" ")
        count = next((n for n, word in enumerate(words) if not _in_lists(word, known)), len(words))
        while count and plain(words[count - 1]) in PARTICLES:
            count -= 1
        if count and plain(words[0]) not in known.common:
            yield Span(row, match.start(1), match.start(1) + len(" ".join(words[:count])), "person", 0.75)


def people_share(values: Iterable[str]) -> tuple[float, str]:
    """(share of the values that are names of people, which part: "name", "first_name" or "last_name")."""
    known = gazetteer()
    full = given = family = total = 0
    for value in values:
        total += 1
        words = [plain(word).strip(".,") for word in value.replace(",", " ").split()]
        words = [word for word in words if word not in PARTICLES and word not in ("mr", "mrs", "ms", "dr", "sr", "sra")]
        real = [word for word in words if len(word) > 1]
        listed = [word for word in real if word in known.given or word in known.family]
        if len(real) > 1 and 2 * len(listed) > len(real) and any(word in known.given for word in listed):
            full += 1
        given += bool(real) and len(real) <= 2 and all(word in known.given for word in real)
        family += bool(real) and len(real) <= 2 and all(word in known.family for word in real)
    best = max((full, "name"), (given, "first_name"), (family, "last_name"))
    return (best[0] / total, best[1]) if total else (0.0, "name")


def gender_of(name: str) -> str:
    """ "f", "m", or "u" where the given name does not tell."""
    first = plain(name).replace(",", " ").split()
    return gazetteer().given.get(first[0], "u") if first else "u"


def _people(phrase: str, cue: str, opening: bool, known: Gazetteer) -> Iterator[tuple[int, int, float]]:
    """Names within a run of capitalised words, as (start, end, confidence) in the phrase."""
    tokens = [(m.start(), m.end(), m.group()) for m in re.finditer(_WORD, phrase)]
    while tokens:
        # Words that start a sentence or are like any other are no part of a name.
        if (len(tokens) > 1 or not cue) and _is_plain_word(tokens, cue, opening, known):
            tokens, opening, cue = tokens[1:], False, _title(tokens[0][2]) or ""
            continue
        size = _length(phrase, tokens, known)
        confidence = _sure([word for _, _, word in tokens[:size]], cue, opening, known)
        if confidence:
            end = tokens[size - 1][1]
            owner = re.search(r"['’]s$", phrase[:end])
            yield tokens[0][0], end - 2 if owner else end, confidence
            tokens, cue = tokens[size:], ""
        else:
            tokens, cue = tokens[1:], ""
        opening = False


def _length(phrase: str, tokens: list[tuple[int, int, str]], known: Gazetteer) -> int:
    """How many of the words belong to the name that begins with the first; a comma counts in "García, Ana" alone."""
    size, most = 1, 5
    while size < min(len(tokens), most):
        gap = phrase[tokens[size - 1][1] : tokens[size][0]]
        word = plain(tokens[size][2]).strip(".")
        if word in PARTICLES and size + 1 < len(tokens) and "," not in gap:
            size += 1
            continue
        if word in NEVER or (word in known.common and word not in known.family and word not in known.given):
            break
        if "," in gap and not (plain(tokens[0][2]) in known.family and word in known.given and size <= 2):
            break
        size += 1
    return size


def _sure(words: list[str], cue: str, opening: bool, known: Gazetteer) -> float:
    """How sure we are that these words name a person; 0 when they hardly do."""
    bare = [plain(re.sub(r"['’]s$", "", word)).strip(".") for word in words]
    shouted = len(bare[0]) > 1 and words[0].isupper()
    first, last = _known(bare[0], known.given), any(_known(word, known.family) for word in bare[1:])
    common = bare[0] in known.common or bare[0] in COMMON
    if bare[0] in NEVER:
        return 0.0
    if len(bare) > 1:
        if first and (last or not (common or shouted)):
            return 0.9 if last else 0.8
        if _known(bare[0], known.family) and any(_known(word, known.given) for word in bare[1:]):
            return 0.8
        if last and not common and not shouted:
            return 0.7
        if first and last:
            return 0.7
    if cue and len(bare) == 1 and len(bare[0]) < 2:
        return 0.0
    if cue == "title":
        return 0.85 if not common or len(bare) > 1 else 0.6
    if cue == "firm":
        return 0.0 if common and not first else 0.8
    if common or len(bare[0]) < 3:
        return 0.0
    if cue == "cue" and (first or _known(bare[0], known.family)):
        return 0.8
    if first:
        return 0.0 if shouted else 0.6 if opening else 0.65
    family = _known(bare[0], known.family) and not opening and not shouted
    return 0.5 if family and len(bare) == 1 else 0.0


def _is_plain_word(tokens: list[tuple[int, int, str]], cue: str, opening: bool, known: Gazetteer) -> bool:
    word = plain(tokens[0][2]).strip(".")
    if _title(tokens[0][2]) or word in NEVER:
        return True
    if word not in known.common and word not in COMMON:
        return False
    follows = plain(tokens[1][2]).strip(".") if len(tokens) > 1 else ""
    return not (_known(word, known.given) and (_known(follows, known.family) or _known(follows, known.given)))


def _title(word: str) -> str | None:
    return "title" if re.fullmatch(rf"(?:{TITLES})\.?", word) else None


def _known(word: str, among: Any) -> bool:
    """Whether a word, or one of its parts around a hyphen, stands in a list."""
    return word in among or ("-" in word and any(part in among for part in word.split("-")))


def _is_name(word: str, known: Gazetteer) -> bool:
    bare = plain(re.sub(r"['’]s$", "", word))
    return _known(bare, known.given) or _known(bare, known.family)


def _in_lists(word: str, known: Gazetteer) -> bool:
    bare = plain(word)
    return bare in known.given or bare in known.family or bare in PARTICLES


def _provider(kind: str, code: str) -> Any:
    try:
        return importlib.import_module(f"faker.providers.{kind}.{code}").Provider
    except ImportError as error:
        raise registry.missing(error, "finding names of people") from error


def _parts(provider: Any, attribute: str) -> Iterator[str]:
    """The single words of a list of names, in plain letters."""
    found = getattr(provider, attribute, ())
    if callable(found) or isinstance(found, property):
        return
    for name in found:
        for word in plain(str(name)).split():
            if len(word) > 1 and word.isascii() and word not in PARTICLES:
                yield word
