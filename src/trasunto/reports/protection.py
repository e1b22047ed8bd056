"""What protected the people in a data set, told for who must answer for it: in English and Spanish."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trasunto.errors import FileError
from trasunto.reports import html, markdown
from trasunto.reports.blocks import Block, Grid, Heading, Points, Words
from trasunto.reports.console_words import amount, share
from trasunto.reports.finding_words import action_told, kind_told, level_told, method_told, named_told, reason_told

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Protection of {name}", "Protección de {name}"),
    "lead": ("What was found in the data, what was done about it, and what remains. No value of any row stands here.", "Qué se encontró en los datos, qué se hizo y qué queda. Aquí no figura ningún valor de ninguna fila."),
    "found": ("Found", "Hallazgos"),
    "nothing": ("Nothing personal was found by name, form or context.", "No se halló nada personal por nombre, forma ni contexto."),
    "done": ("Done", "Medidas"),
    "nothing_done": ("The policy asked for nothing, or nothing was there to be treated.", "La política no pedía nada, o no había nada que tratar."),
    "anonymity": ("Who can be singled out", "Quién puede ser singularizado"),
    "anonymity_told": ("Rows that agree in {quasi} form a group; k is the smallest group, l the fewest different sensitive values in one, t how far its sensitive values lie from those of all rows (0 to 1).", "Las filas que coinciden en {quasi} forman un grupo; k es el grupo menor, l los menos valores sensibles distintos en uno, t cuánto se alejan sus valores sensibles de los de todas las filas (de 0 a 1)."),
    "loss": ("Information lost in these columns: {loss} of all there was (normalised certainty penalty), by the method {method}.", "Información perdida en estas columnas: {loss} de toda la que había (penalización normalizada de certeza), con el método {method}."),
    "suppressed": ("Rows left out: {rows}.", "Filas suprimidas: {rows}."),
    "consent": ("Consent and purpose", "Consentimiento y finalidad"),
    "consent_told": ("{excluded} of {before} rows were left out; columns left out: {columns}. Purpose: {purpose}.", "Se excluyeron {excluded} de {before} filas; columnas excluidas: {columns}. Finalidad: {purpose}."),
    "no_consent": ("The policy names no consent column and no purpose by column.", "La política no nombra columna de consentimiento ni finalidades por columna."),
    "left": ("What remains", "Qué queda"),
    "identifiers_stay": ("Columns that name people stay as they are: {what}.", "Columnas que identifican a personas quedan como están: {what}."),
    "quasi_elsewhere": ("Quasi-identifiers of other tables stay as they are: {what}. Whoever links the tables can use them: give them actions of their own.", "Cuasiidentificadores de otras tablas quedan como están: {what}. Quien enlace las tablas puede usarlos: déseles medidas propias."),
    "pseudonyms_are_personal_data": ("Pseudonymised data stay personal data for whoever holds the key (GDPR art. 4(5)). Keep the key apart; destroy it when nobody needs to return.", "Los datos seudonimizados siguen siendo datos personales para quien tenga la clave (RGPD art. 4.5). Guárdese la clave aparte; destrúyase cuando nadie necesite volver atrás."),
    "vault": ("A vault turns the pseudonyms of these columns back: {what}. It is encrypted; whoever has it and its key can return to people. Keep both apart from the data, and destroy the vault when nobody needs to return.", "Una bóveda devuelve los seudónimos de estas columnas a sus valores: {what}. Está cifrada; quien la tenga con su clave puede volver a las personas. Guárdense ambas aparte de los datos, y destrúyase la bóveda cuando nadie necesite volver atrás."),
    "text_is_de_identified": ("Free text was subject to de-identification: what patterns, lists and known values tell was taken away. It is not anonymous: a turn of phrase may still tell who it is.", "El texto libre se sometió a desidentificación: se quitó lo que revelan patrones, listas y valores conocidos. No es anónimo: una forma de contar puede aún decir de quién se trata."),
    "values_left": ("Known values still stand in: {what}. Look at them before anything leaves.", "Aún hay valores conocidos en: {what}. Revísense antes de que nada salga."),
    "swept": ("{known} known values of columns that name people were sought in all texts.", "Se buscaron en todos los textos {known} valores conocidos de columnas que identifican a personas."),
    "k_limits": ("k, l and t say what others can do with these columns alone; they do not limit what someone knows otherwise. Only differential privacy bounds that.", "k, l y t dicen qué puede hacerse solo con estas columnas; no limitan lo que alguien sepa por otra vía. Eso solo lo acota la privacidad diferencial."),
    "heads": ("column|what|where|rows|sure|why", "columna|qué|dónde|filas|certeza|por qué"),
    "done_heads": ("column|action|found to be|named by|rows changed|taken from text", "columna|acción|hallado como|nombrado por|filas cambiadas|quitado del texto"),
    "measure_heads": ("measure|before|after", "medida|antes|después"),
    "level_heads": ("column|told as", "columna|se cuenta como"),
    "rows": ("rows", "filas"), "groups": ("groups", "grupos"), "alone": ("rows alone in their group", "filas solas en su grupo"),
    "column": ("column", "columna"), "text": ("inside text", "dentro del texto"),
}  # fmt: skip


def story(document: Mapping[str, Any], language: str) -> list[Block]:
    """The blocks of the report. document: `Protection.to_dict()`."""
    blocks: list[Block] = [Words(_say("lead", language)), Heading(_say("found", language), "found")]
    found = [
        (
            _spelt(each),
            kind_told(each["kind"], language),
            _say(each["where"], language),
            share(each["share"], language),
            share(each["confidence"], language, 0),
            reason_told(each["reason"], language),
        )
        for each in document["findings"]
    ]
    blocks.append(_table("heads", found, language, (3, 4)) if found else Words(_say("nothing", language)))
    blocks += [Heading(_say("done", language), "done"), _done(document, language)]
    blocks += [*_consent(document, language), *_anonymity(document, language)]
    points = [note_told(note, language) for note in document["notes"]]
    if document["known"]:
        points.insert(0, _say("swept", language, {"known": amount(document["known"], language)}))
    points.append(_say("k_limits", language))
    return [*blocks, Heading(_say("left", language), "left"), Points(tuple(points))]


def title(name: str, language: str) -> str:
    return _say("title", language, {"name": name})


def note_told(note: str, language: str) -> str:
    """A note of a record in words; one that is no key stays as it is."""
    key, _, what = note.partition(": ")
    return _say(key, language, {"what": what}) if key in _WORDS else note


def write(document: Mapping[str, Any], path: str | Path, *, name: str, language: str = "en") -> None:
    """Write the report as the suffix says: .html, .md or .json. FileError for any other."""
    from trasunto.writing import write_text

    suffix = Path(path).suffix
    if suffix == ".json":
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    elif suffix == ".md":
        parts = [f"# {title(name, language)}", *(markdown.block_text(block) for block in story(document, language))]
        text = "\n\n".join(parts) + "\n"
    elif suffix == ".html":
        text = html.page(title(name, language), story(document, language), language)
    else:
        raise FileError(f"No report is written as {suffix!r}.", "Name it .html, .md or .json.")
    write_text(path, text)


def _done(document: Mapping[str, Any], language: str) -> Block:
    rows = [
        (
            _spelt(each),
            " ".join([action_told(each["action"], language), *(f"{k}={v}" for k, v in each["settings"].items())]),
            kind_told(each["kind"], language),
            named_told(each["why"], language),
            amount(each["rows"], language),
            ", ".join(
                f"{kind_told(kind, language)}: {amount(count, language)}" for kind, count in each["taken"].items()
            ),
        )
        for each in document["actions"]
    ]
    return _table("done_heads", rows, language, (4,)) if rows else Words(_say("nothing_done", language))


def _consent(document: Mapping[str, Any], language: str) -> list[Block]:
    heading, consent = Heading(_say("consent", language), "consent"), document["consent"]
    if not consent:
        return [heading, Words(_say("no_consent", language))]
    told = {
        "excluded": amount(consent["rows_excluded"], language),
        "before": amount(consent["rows_before"], language),
        "columns": ", ".join(consent["columns_excluded"]) or "–",
        "purpose": consent["purpose"] or "–",
    }
    return [heading, Words(_say("consent_told", language, told))]


def _anonymity(document: Mapping[str, Any], language: str) -> list[Block]:
    before, after = document["before"], document["after"]
    if not before or not after:
        return []
    quasi = ", ".join(before["quasi"])
    blocks: list[Block] = [
        Heading(_say("anonymity", language), "anonymity"),
        Words(_say("anonymity_told", language, {"quasi": quasi})),
    ]
    names = (
        ("k", "k"),
        ("l", "l"),
        ("t", "t"),
        (_say("rows", language), "rows"),
        (_say("groups", language), "classes"),
    )
    rows = [(name, _number(before[key], language), _number(after[key], language)) for name, key in names]
    rows.append((_say("alone", language), _number(before["unique"], language), _number(after["unique"], language)))
    blocks.append(_table("measure_heads", rows, language, (1, 2)))
    if document["levels"]:
        levels = [(name, level_told(level, language)) for name, level in document["levels"].items()]
        blocks.append(_table("level_heads", levels, language))
        loss = share(document["loss"], language)
        blocks.append(
            Words(_say("loss", language, {"loss": loss, "method": method_told(document["method"], language)}))
        )
    if document["suppressed"]:
        told = ", ".join(f"{name}: {amount(count, language)}" for name, count in document["suppressed"].items())
        blocks.append(Words(_say("suppressed", language, {"rows": told})))
    return blocks


def _table(heads: str, rows: Any, language: str, right: tuple[int, ...] = ()) -> Grid:
    return Grid(tuple(_say(heads, language).split("|")), tuple(tuple(row) for row in rows), right=right)


def _spelt(each: Mapping[str, Any]) -> str:
    return f"{each['table']}.{each['column']}"


def _number(value: Any, language: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, int):
        return amount(value, language)
    return f"{value:.3f}".replace(".", "," if language == "es" else ".")


def _say(key: str, language: str, named: Mapping[str, str] | None = None) -> str:
    return _WORDS[key][language == "es"].format(**(named or {}))
