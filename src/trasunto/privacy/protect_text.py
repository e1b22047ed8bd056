"""Free text with its identifiers taken away: by tags ("[NAME]"), or by surrogates that are the same wherever the same
thing stands. It is de-identification, and called so: what no pattern, list or known value tells stays in the text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from trasunto.privacy.identifiers_sweep import Known, known_of, swept
from trasunto.privacy.identifiers_text import spans_in
from trasunto.privacy.names import gazetteer, gender_of, plain
from trasunto.privacy.policy_actions import Action
from trasunto.privacy.protect_people import Cast
from trasunto.privacy.protect_plan import form_of
from trasunto.privacy.pseudonyms import Pseudonyms, normal
from trasunto.privacy.pseudonyms_formats import FORMATS
from trasunto.privacy.pseudonyms_people import identity
from trasunto.privacy.recognize import Span, apart

CALLED = "de-identification"
_NUMBERS = ("dni", "nie", "cif", "nhs", "ssn", "nss", "nino", "nir", "curp", "cpf", "rut", "cuit", "pesel")
_TAGS = {
    "en": {
        "person": "NAME", "record_number": "NUMBER", "iban": "ACCOUNT", "ccc": "ACCOUNT", "codice_fiscale": "ID NUMBER",
        **dict.fromkeys(_NUMBERS, "ID NUMBER"),
    },
    "es": {
        "person": "NOMBRE", "record_number": "NÚMERO", "card": "TARJETA", "iban": "CUENTA", "ccc": "CUENTA",
        "address": "DIRECCIÓN", "phone": "TELÉFONO", "email": "CORREO", "postcode": "CÓDIGO POSTAL", "date": "FECHA",
        "date_of_birth": "FECHA DE NACIMIENTO", "plate": "MATRÍCULA", "passport": "PASAPORTE",
        "health_card": "TARJETA SANITARIA", "cadastral": "REFERENCIA CATASTRAL",
        "codice_fiscale": "NÚMERO DE IDENTIDAD", **dict.fromkeys(_NUMBERS, "NÚMERO DE IDENTIDAD"),
    },
}  # fmt: skip


@dataclass(frozen=True)
class Redacted:
    """Texts without their identifiers. rows: how many changed; taken: kind → places taken away."""

    texts: pl.Series
    rows: int
    taken: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Redactor:
    """What to take away and what to put there. kept: kinds that stay. known: values of other columns."""

    action: Action
    language: str
    known: Known
    kept: frozenset[str]
    pseudonyms: Pseudonyms | None
    cast: Cast

    def of(self, values: pl.Series) -> Redacted:
        """values: String series; equal texts are read once."""
        indexed = pl.DataFrame({"text": values}).drop_nulls()
        counts = indexed.group_by("text", maintain_order=True).len("count")
        texts = counts["text"]
        by_row: dict[int, list[Span]] = {}
        for span in self.spans(texts):
            by_row.setdefault(span.row, []).append(span)
        made: dict[str, str] = {}
        taken: dict[str, int] = {}
        changed = 0
        for row, found in by_row.items():
            text, count = texts[row], counts["count"][row]
            made[text] = self._replaced(text, found)
            changed += count
            for span in found:
                taken[span.kind] = taken.get(span.kind, 0) + count
        return Redacted(values.replace(made) if made else values, changed, taken)

    def spans(self, texts: pl.Series) -> list[Span]:
        """What is taken away, by row and place."""
        found = spans_in(texts, kinds=self.action.kinds, least=self.action.least)
        # Known values are certain; a date, which is not that of a birth, stays unless it is asked for.
        left = self.kept if self.action.kinds else self.kept | {"date"}
        found = [span for span in found if span.kind not in left]
        return apart([*found, *swept(texts, self.known, misspelt=True)])

    def _replaced(self, text: str, spans: list[Span]) -> str:
        parts, end = [], 0
        for span in spans:
            parts += [text[end : span.start], self._instead(text[span.start : span.end], span.kind)]
            end = span.end
        return "".join([*parts, text[end:]])

    def _instead(self, value: str, kind: str) -> str:
        if self.action.by == "tags" or self.pseudonyms is None:
            return f"[{_TAGS[self.language].get(kind, kind.replace('_', ' ').upper())}]"
        if kind == "person":
            return self._somebody(value)
        if kind == "address":
            return identity(self.pseudonyms, f"address\0{normal(kind, value)}", language=self.language).address
        return FORMATS[form_of(kind)](value, self.pseudonyms.digits(kind, value))

    def _somebody(self, value: str) -> str:
        """The fake person of a name; a given or family name alone is told by that part."""
        assert self.pseudonyms is not None
        bare = normal("person", value)
        key = self.cast.by_name.get(bare)
        fake = self.cast.fakes.get(key) if key else None
        fake = fake or identity(self.pseudonyms, f"name\0{bare}", gender=gender_of(value), language=self.language)
        if len(bare.split()) > 1:
            return fake.name
        return fake.first_name if plain(value) in gazetteer().given else fake.last_name.split(" ")[0]


def known_values(columns: Mapping[str, list[tuple[str, pl.Series]]]) -> Known:
    """What to look for in texts. columns: kind → (name, String values) of columns that name people."""
    distinct = ((kind, each.drop_nulls().unique().to_list()) for kind, series in columns.items() for _, each in series)
    return known_of((kind, value) for kind, values in distinct for value in values)
