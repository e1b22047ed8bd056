"""Identifiers inside text: patterns, check digits, and the words that announce them, in English and Spanish.

Two passes. Polars finds the rows that may hold one (a linear-time regular expression, all rows at once); only those are
read by Python, which takes the exact places and tests the check digits. A pattern is written without look-around, so
that both read it alike; what may stand before and after is added here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import polars as pl

from trasunto.privacy import recognize_checks as checks
from trasunto.privacy.recognize_checks import Check, numbered


@dataclass(frozen=True)
class Span:
    """A place in a text: row, start and end in characters, what stands there and how sure we are (0 to 1)."""

    row: int
    start: int
    end: int
    kind: str
    confidence: float


@dataclass(frozen=True)
class Recognizer:
    """How identifiers of one kind are written.

    pattern: of the whole. check: the test of the digits. confidence: when found by pattern and check alone.
    cue: words that announce it; with them the confidence is `announced`. alone: whether it counts without its cue.
    weak: a wider pattern that counts in a column of such values, and in text after the cue only.
    """

    kind: str
    pattern: str
    check: Check | None = None
    confidence: float = 0.9
    cue: str = ""
    alone: bool = True
    weak: str = ""
    announced: float = 0.95

    @cached_property
    def whole(self) -> re.Pattern[str]:
        """The pattern of a value that is nothing else."""
        both = f"{self.pattern}|{self.weak}" if self.weak else self.pattern
        return re.compile(rf"\s*(?:{both})\s*", re.UNICODE)

    @cached_property
    def inside(self) -> re.Pattern[str]:
        """The pattern in a text: group 1 the cue, group 2 what it announces, or group 3 what stands alone."""
        both = f"(?:{self.pattern}|{self.weak})" if self.weak else f"(?:{self.pattern})"
        heard = rf"(?i:\b({self.cue}))[\s:#=.,;-]{{0,4}}(?:(?i:n[uú]m(?:ero|\.)?|n[º°o.]+|number|is|es|id)[\s:#.]*)*"
        ends = r"(?![\w@])"
        parts = [rf"{heard}({both}){ends}"] if self.cue else ["()()(?!)"]
        parts.append(rf"(?<![\w@.])({self.pattern}){ends}" if self.alone else "((?!))")
        return re.compile("|".join(parts))

    @cached_property
    def before(self) -> str:
        """The pattern that Polars looks for in all rows."""
        # A word that announces is sought in the text at large: cheaper than both together, and never less.
        parts = [self.pattern] if self.alone else []
        parts += [f"(?i:{self.cue})"] if self.cue and (self.weak or not self.alone) else []
        return "|".join(f"(?:{part})" for part in parts)

    def accepts(self, value: str) -> bool:
        """Whether a value is one of these and nothing else."""
        return self.whole.fullmatch(value) is not None and (self.check is None or self.check(value.strip()) != "")

    def spans(self, row: int, text: str) -> Iterator[Span]:
        for match in self.inside.finditer(text):
            group = 2 if match.group(2) else 3
            found = match.group(group)
            kept = self.check(found) if self.check else found
            if kept:
                start = match.start(group)
                yield Span(row, start, start + len(kept), self.kind, self.announced if group == 2 else self.confidence)


_STREET_ES = (
    r"(?:C/|[Cc]alle|CALLE|[Aa]vda\.?|[Aa]v\.|[Aa]venida|AVENIDA|[Pp]laza|PLAZA|[Pp]za\.?|[Pp]l\.|[Pp]aseo|PASEO|P\.º|Pº"
    r"|[Cc]amino|[Cc]arretera|[Cc]tra\.?|[Rr]onda|RONDA|[Tt]raves[ií]a|[Uu]rb\.|[Uu]rbanizaci[oó]n|[Gg]lorieta|[Cc]allej[oó]n|[Vv]ía"
    r"|[Rr]ambla|[Bb]arrio|[Cc]uesta|[Pp]asaje|[Vv]ial|[Aa]lameda|[Cc]añada|[Cc]ostanilla|[Aa]cceso|[Ss]ección|[Cc]uesta|[Pp]rivada)"
)
_WORD = r"[A-ZÁÉÍÓÚÑÜ0-9][\wÀ-ÿ.'’-]*"
_ADDRESS = (
    rf"{_STREET_ES}\s*(?:(?:de|del|la|las|los|el|y)\s+)*{_WORD}(?:\s+(?:de|del|la|las|los|el|y|{_WORD})){{0,6}}"
    r",?\s*(?:n[º°.o]{1,2}\s*|núm\.?\s*)?(?:\d{1,4}|s/n)\b(?:\s*[,-]?\s*(?:\d{1,2}\s*[ºª°]\s*\w{0,3}\.?|[Pp]iso \d+|[Bb]ajo|[Pp]ta\.? ?\w+))*"
    r"(?:,?\s*\d{5}(?:,?\s+[A-ZÁÉÍÓÚÑ][\wÀ-ÿ]+(?:\s+(?:de|del|la)?\s*[A-ZÁÉÍÓÚÑ][\wÀ-ÿ]+)?)?)?"
    r"|\d{1,5}[A-Za-z]?\s+(?:[A-Z][\w'’.]*\s+){1,4}(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Court|Ct|Boulevard|Blvd|Way|Close"
    r"|Place|Pl|Terrace|Square|Sq|Crescent|Gardens|Row|Mews|Highway|Parkway|Trail|Circle|Loop|Walk|Grove)\b\.?"
    r"(?:,?\s*(?:Apt|Apartment|Suite|Unit|Flat|No|#)\.?\s*\w+)?(?:,\s*[A-Z][a-zA-Z]+(?:\s[A-Z][a-z]+)?)?"
    r"(?:,?\s*[A-Z]{2}\s+\d{5}(?:-\d{4})?|,?\s*[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})?"
    r"|(?:P\.?\s?O\.?\s?Box|Apartado(?: de correos)?)\s+\d+"
)
_MONTH = r"(?:[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Mm]ay|[Jj]une?|[Jj]uly?|[Aa]ug|[Ss]ept?|[Oo]ct|[Nn]ov|[Dd]ec|[Ee]ne|[Aa]br|[Aa]go|[Dd]ic)[a-zA-Z]*"
_DATE = (
    r"\d{1,2}[/.-]\d{1,2}[/.-](?:\d{4}|\d{2})|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of| de)? {_MONTH}\.?,?(?: de| del)? \d{{4}}|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}}"
)
_BORN = r"born(?: on| in)?|d\.?o\.?b\.?|date of birth|birth ?date|birthday|nacid[oa](?: el(?: día)?)?|nació(?: el)?|fecha de nacimiento|f\. ?nac\.?|fnac|cumpleaños"
_RECORD = (
    r"MRN|NHC|n\.?h\.?c\.?|medical record|record|historia(?: clínica)?|expediente|case|file|patient id|id paciente|paciente n[º°]|account|acct"
    r"|cuenta|póliza|policy|member(?:ship)?|customer|cliente|client|employee|empleado|reference|referencia|ref|folio|ticket|DNI|NIF|NIE|SSN"
    r"|CIP|passport|pasaporte|licen[cs]e|licencia|carn[eé]t?|afiliación|NSS|NHS"
)

# The order is that of preference where two are as sure and as long.
RECOGNIZERS: tuple[Recognizer, ...] = (
    Recognizer("email", r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+", None, 0.99),
    Recognizer("url", r"(?:https?://|www\.)[^\s<>\"')\]]+", None, 0.95),
    Recognizer("iban", r"[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?", checks.iban, 0.99),
    Recognizer("cadastral", r"[0-9A-Z]{7} ?[0-9A-Z]{7} ?\d{4} ?[A-Z]{2}", numbered("es.referenciacatastral"), 0.95),
    Recognizer("ccc", r"\d{4}[ -]?\d{4}[ -]?\d{2}[ -]?\d{10}", numbered("es.ccc"), 0.95),
    Recognizer("card", r"\d{4}(?:[ -]?\d{4}){2}[ -]?\d{1,7}|3\d{3}[ -]?\d{6}[ -]?\d{4,5}|\d{13,19}", checks.card, 0.9),
    Recognizer("curp", r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d", numbered("mx.curp"), 0.98),
    Recognizer("codice_fiscale", r"[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-EHLMPRST][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]", numbered("it.codicefiscale"), 0.98),
    Recognizer("nir", r"[12] ?\d{2} ?[0-9]{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", numbered("fr.nir"), 0.95),
    Recognizer("dni", r"\d{8}[ -]?[A-HJ-NP-TV-Za-hj-np-tv-z]|\d{2}\.\d{3}\.\d{3}[ -]?[A-HJ-NP-TV-Z]", numbered("es.dni"), 0.95),
    Recognizer("nie", r"[XYZxyz][ -]?\d{7}[ -]?[A-HJ-NP-TV-Za-hj-np-tv-z]", numbered("es.nie"), 0.97),
    Recognizer("cif", r"[A-HJNP-SUVW][ -]?\d{7}[ -]?[0-9A-J]", numbered("es.cif"), 0.9),
    Recognizer("nss", r"\d{2}[ /-]\d{7,8}[ /-]\d{2}|\d{12}", checks.nss, 0.9),
    Recognizer("ssn", r"\d{3}-\d{2}-\d{4}", numbered("us.ssn"), 0.95, r"SSN|social security", weak=r"\d{9}"),
    Recognizer("nhs", r"\d{3}[ -]\d{3}[ -]\d{4}", numbered("gb.nhs"), 0.9, r"NHS(?: number)?", weak=r"\d{10}"),
    Recognizer("nino", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]", checks.nino, 0.9),
    Recognizer("cpf", r"\d{3}\.\d{3}\.\d{3}-\d{2}", numbered("br.cpf"), 0.97, "CPF", weak=r"\d{11}"),
    Recognizer("rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dKk]", numbered("cl.rut"), 0.95, "RUT|RUN", weak=r"\d{7,8}-?[\dKk]"),
    Recognizer("cuit", r"(?:2[0347]|3[034])-\d{8}-\d", numbered("ar.cuit"), 0.97, "CUI[TL]", weak=r"\d{11}"),
    Recognizer("pesel", r"\d{11}", numbered("pl.pesel"), 0.8, "PESEL", alone=False),
    Recognizer("mac", r"[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5}", None, 0.95),
    Recognizer("ip", r"\d{1,3}(?:\.\d{1,3}){3}|(?:[0-9A-Fa-f]{1,4}:){2,7}:?[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{1,4})*", checks.ip, 0.95),
    Recognizer("date_of_birth", _DATE, checks.date, 0.5, _BORN, alone=False),
    Recognizer("date", _DATE, checks.date, 0.6),
    Recognizer("phone", r"(?:\+|00)\d{1,3}[ .-]?\(?\d{1,4}\)?(?:[ .-]?\d{2,4}){2,4}|\(\d{3}\) ?\d{3}[ .-]?\d{4}|\d{2,5}(?:[ .-]\d{2,4}){2,4}|\d{4,5} \d{6}|\d{9,11}", checks.phone, 0.75, r"tel(?:[eé]fono|ephone)?|phone|m[oó]vil|mobile|cell|fax|whats?app|call(?: me)?(?: on| at)?|ll[aá]m[ea]\w*(?: al)?", weak=r"\d[\d ().-]{5,}\d"),
    Recognizer("passport", r"[A-Z]{1,3}\d{6,8}|\d{9}", None, 0.5, r"passport|pasaporte", alone=False),
    Recognizer("plate", r"\d{4}[ -]?[BCDFGHJKLMNPRSTVWXYZ]{3}", None, 0.7, r"matr[ií]cula|plate|registration|licen[cs]e plate|coche|veh[ií]culo|car", weak=r"[A-Z]{1,2}[ -]?\d{4}[ -]?[A-Z]{1,2}|[A-Z]{2}\d{2} ?[A-Z]{3}|[A-Z0-9]{1,3}[ -][A-Z0-9]{3,4}"),
    Recognizer("health_card", r"[A-Z]{4}[ -]?\d{10}(?:\d{2})?", None, 0.8, r"CIP|tarjeta sanitaria|health card"),
    Recognizer("postcode", r"(?:GIR 0AA|[A-PR-UWYZ][A-HK-Y]?\d[A-Z\d]? \d[ABD-HJLNP-UW-Z]{2})", None, 0.7, r"c\.?p\.?|c[oó]digo postal|post ?code|zip(?: code)?", weak=r"\d{5}(?:-\d{4})?"),
    Recognizer("address", _ADDRESS, checks.street, 0.85),
    Recognizer("record_number", r"(?:[A-Z]{1,5}[-/ ]?)?\d[\d/.-]{2,}\d(?:-?[A-Z]\b)?|[A-Z]{1,4}\d{3,}[A-Z0-9]*", None, 0.6, _RECORD, alone=False, announced=0.65),
)  # fmt: skip
BY_KIND = {recognizer.kind: recognizer for recognizer in RECOGNIZERS}
# Kinds that are told by a check digit or by their very form: as good as certain in a column of them.
CHECKED = tuple(r.kind for r in RECOGNIZERS if r.check is not None and r.kind not in ("date", "date_of_birth", "address", "phone", "nino"))  # fmt: skip


def recognised(texts: pl.Series, kinds: Iterable[str] | None = None) -> list[Span]:
    """Places of identifiers (names of people apart: see names.py) in texts, by row; none overlaps another.

    texts: String series. kinds: only these, all when None.
    """
    wanted = RECOGNIZERS if kinds is None else tuple(r for r in RECOGNIZERS if r.kind in set(kinds))
    found: list[Span] = []
    digits = texts.str.contains(r"\d.*\d").fill_null(False)
    some = pl.select(pl.when(digits).then(texts)).to_series()
    for recognizer in wanted:
        among = texts if recognizer.kind in ("email", "url", "mac", "ip", "record_number", "address") else some
        rows = among.str.contains(recognizer.before).fill_null(False).arg_true()
        for row, text in zip(rows.to_list(), texts.gather(rows).to_list(), strict=True):
            found.extend(recognizer.spans(row, text))
    return apart(found)


def apart(spans: Iterable[Span]) -> list[Span]:
    """Of overlapping spans the surest, then the longest, by row and place."""
    kept: list[Span] = []
    taken: dict[int, list[tuple[int, int]]] = {}
    for span in sorted(spans, key=lambda s: (-s.confidence, s.start - s.end, _rank(s.kind))):
        there = taken.setdefault(span.row, [])
        if all(span.end <= start or span.start >= end for start, end in there):
            there.append((span.start, span.end))
            kept.append(span)
    return sorted(kept, key=lambda s: (s.row, s.start))


@lru_cache(maxsize=64)
def _rank(kind: str) -> int:
    return next((place for place, each in enumerate(RECOGNIZERS) if each.kind == kind), len(RECOGNIZERS))
