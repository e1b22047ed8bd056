"""What is told of columns, rules and breaches, in Spanish: why a column is what it is, why a rule is proposed.

Reasons and breaches are written in English where they are found (data/infer.py, written.py, links.py, discover*.py,
check.py), so that a schema reads the same everywhere; here each is told again by its form. What has no form here, as a
comment that a person wrote, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

ROLES = {
    "identifier": "identificador", "quasi-identifier": "cuasiidentificador", "sensitive": "sensible",
    "protected": "protegida", "target": "objetivo", "prompt": "pregunta", "response": "respuesta",
    "label": "etiqueta", "source": "texto original", "translation": "traducción", "context": "contexto",
}  # fmt: skip
_PARTS = {
    "e-mail address": "correo electrónico", "telephone number": "número de teléfono", "name": "nombre",
    "address": "dirección", "national number": "documento de identidad", "identifier": "identificador",
    "prefix": "prefijo", "suffix": "sufijo", "thousands mark": "separador de miles",
    "decimal mark": "separador decimal", "dates": "fechas", "dates with time": "fechas con hora",
    "values of a column that is not in the schema": "valores de una columna que no está en el esquema",
    "rows of a table that is not in the schema": "filas de una tabla que no está en el esquema",
    "rows without the column": "filas sin la columna", "missing values": "valores ausentes",
    "values outside the categories": "valores fuera de las categorías", "repeated keys": "claves repetidas",
}  # fmt: skip
_PLAIN = {
    "Every value is missing.": "Faltan todos los valores.",
    "Every value is the same.": "Todos los valores son iguales.",
    "Every value is a whole number, stored as a decimal number.": "Todos los valores son números enteros, guardados "
    "como decimales.",
    "Every value is a JSON object: its fields are modelled one by one.": "Todos los valores son objetos JSON: sus "
    "campos se modelan uno a uno.",
    "Every value is a dialogue: a JSON list of messages with a role and a content.": "Todos los valores son diálogos: "
    "una lista JSON de mensajes con papel y contenido.",
    "It is stored as a boolean.": "Está guardado como sí o no.",
    "It is stored as times of day.": "Está guardado como horas del día.",
    "It is stored as whole numbers.": "Está guardado como números enteros.",
    "It is stored as decimal numbers.": "Está guardado como números decimales.",
    "It is stored as durations; counted in seconds.": "Está guardado como duraciones; se cuentan en segundos.",
    "The values are e-mail addresses.": "Los valores son direcciones de correo.",
    "The names say that these texts belong together.": "Los nombres dicen que estos textos van juntos.",
    "Day and month could be the other way round; day first is taken.": "El día y el mes podrían ir al revés; se toma "
    "primero el día.",
    "The database holds it.": "La base de datos la mantiene.",
    "Names a customer.": "Nombra a un cliente.",
    "The file it stands in.": "El fichero en que está.",
    "The place in its document.": "El lugar en su documento.",
    "The headings it stands under.": "Los títulos bajo los que está.",
    "A part of a document.": "Una parte de un documento.",
    "The file.": "El fichero.",
    "The text of a document.": "El texto de un documento.",
    "The folder it lies in.": "La carpeta en que está.",
    "Its subject.": "Su asunto.",
    "Its text: the plain part, or the HTML part without its tags.": "Su texto: la parte plana, o la parte HTML sin "
    "etiquetas.",
}


def role_told(role: str, language: str) -> str:
    """A role in words; "" for none."""
    return ROLES.get(role, role) if language == "es" else role


def why_told(reason: str, language: str) -> str:
    """Why a column is what it is, or why a rule is proposed, in the language; several sentences one by one."""
    if language != "es":
        return reason
    return " ".join(_told(each) or each for each in re.split(r"(?<=\.) (?=[A-Z0-9])", reason))


def breach_told(table: str, column: str, count: int, rule: str, rows: tuple[int, ...], language: str) -> str:
    """A breach of the schema as one line: where, how many, which rule, and the first rows, counted from 0."""
    if language == "es":
        rule = _PARTS.get(rule) or _by_form(rule, _BREACHES) or rule
    word = "filas" if language == "es" else "rows"
    where = f" ({word} {', '.join(map(str, rows))}{', …' if count > len(rows) else ''})" if rows else ""
    return f"{table}.{column}: {count} {rule}{where}"


def _told(reason: str) -> str | None:
    return _PLAIN.get(reason) or _by_form(reason, _FORMS)


def _by_form(text: str, forms: tuple[tuple[str, Callable[[re.Match[str]], str]], ...]) -> str | None:
    for pattern, told in forms:
        if match := re.fullmatch(pattern, text):
            return told(match)
    return None


def _count(text: str) -> str:
    """1,234 as it is written in Spanish."""
    return text.replace(",", ".")


def _decimals(text: str | None) -> str:
    return f" con {text} decimal{'es' if text != '1' else ''}" if text else ""


def _marks(text: str | None) -> str:
    """ ", written with prefix '€', decimal mark ','" of a number."""
    if not text:
        return ""
    found = re.findall(r"(prefix|suffix|thousands mark|decimal mark) ('[^']*'|\"[^\"]*\")", text)
    return f", escritos con {', '.join(f'{_PARTS[what]} {mark}' for what, mark in found)}"


def _once(text: str | None) -> str:
    if not text:
        return ""
    why = "lo dice el nombre" if "name" in text else "van contando"
    return f", cada uno una sola vez, y {why}: un identificador"


def _dated(match: re.Match[str]) -> str:
    zones = ", en varias zonas horarias, llevadas a UTC" if match[2] else ""
    return f"Todos los valores son fechas escritas {match[1]}{zones}."


_MARKS = r"(, written with (?:prefix|suffix|thousands mark|decimal mark) .*?)?"
_ONCE = r"(, each once, and (?:the name says so|they count up): an identifier)?"
_FORMS: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (
        rf"Every value is a whole number(?: written with (\d+) decimals?)?{_MARKS}{_ONCE}\.",
        lambda m: f"Todos los valores son números enteros{_decimals(m[1])}{_marks(m[2])}{_once(m[3])}.",
    ),
    (rf"It is stored as whole numbers{_ONCE}\.", lambda m: f"Está guardado como números enteros{_once(m[1])}."),
    (
        rf"Every value is a number(?: with (\d+) decimals?)?{_MARKS}\.",
        lambda m: f"Todos los valores son números{_decimals(m[1])}{_marks(m[2])}.",
    ),
    (r"Every value is a date written (.+?)(, in several time zones, turned to UTC)?\.", _dated),
    (r"Every value is ('.*'|\".*\") or ('.*'|\".*\")\.", lambda m: f"Todos los valores son {m[1]} o {m[2]}."),
    (
        r"It is stored as (dates(?: with time)?)(?:, (.+) turned to UTC)?\.",
        lambda m: f"Está guardado como {_PARTS[m[1]]}{f', {m[2]} llevada a UTC' if m[2] else ''}.",
    ),
    (r"It is stored as ([^.]+)\.", lambda m: f"Está guardado como {m[1]}."),
    (
        r"Free text: (\d+) words on average, (\d+)% of the values are different\.",
        lambda m: f"Texto libre: {m[1]} palabras de media, el {m[2]} % de los valores son distintos.",
    ),
    (
        r"Times of day: ([\d,]+) different ones among ([\d,]+)\.",
        lambda m: f"Horas del día: {_count(m[1])} distintas entre {_count(m[2])}.",
    ),
    (
        r"Every value is a time of day written (.+)\.",
        lambda m: f"Todos los valores son horas del día escritas {m[1]}.",
    ),
    (
        r"(\d+)% of the values are different, single words: an identifier\.",
        lambda m: f"El {m[1]} % de los valores son distintos, de una palabra: un identificador.",
    ),
    (
        r"([\d,]+) different values among ([\d,]+)\.",
        lambda m: f"{_count(m[1])} valores distintos entre {_count(m[2])}.",
    ),
    (
        r"(\d+) different codes of digits; leading zeros are kept\.",
        lambda m: f"{m[1]} códigos de cifras distintos; se conservan los ceros iniciales.",
    ),
    (
        r"(\d+) different whole numbers, some beyond 64 bits: kept as they are written\.",
        lambda m: f"{m[1]} números enteros distintos, algunos de más de 64 bits: quedan como están escritos.",
    ),
    (
        r"The name says ([\w -]+?), and (\d+)% of the values are different\.",
        lambda m: f"Lo dice el nombre ({_PARTS.get(m[1], m[1])}), y el {m[2]} % de los valores son distintos.",
    ),
    (
        r"It is named for (.+), and all its values stand there: a foreign key\.",
        lambda m: f"Se llama como {m[1]}, y todos sus valores están allí: una clave ajena.",
    ),
    (
        r"Together with (.+) its values are those of the key of (.+): a foreign key\.",
        lambda m: f"Junto con {m[1]}, sus valores son los de la clave de {m[2]}: una clave ajena.",
    ),
    (
        r"Kept by ([\d,]+) of ([\d,]+) (rows|steps)(?:, of which ([\d,]+) move)?\.",
        lambda m: (
            f"La cumplen {_count(m[1])} de {_count(m[2])} {'filas' if m[3] == 'rows' else 'pasos'}"
            + (f", de los que {_count(m[4])} cambian." if m[4] else ".")
        ),
    ),
    (
        r"Kept by all ([\d,]+) rows with that value\.",
        lambda m: f"La cumplen las {_count(m[1])} filas con ese valor.",
    ),
    (
        r"Never two on; one is on in (\d+)% of the rows\.",
        lambda m: f"Nunca hay dos a la vez; hay una en el {m[1]} % de las filas.",
    ),
    (
        r"(\d+) combinations of (\d+) and (\d+) values: (.+) tells (.+)\.",
        lambda m: f"{m[1]} combinaciones de {m[2]} y {m[3]} valores: {m[4]} determina {m[5]}.",
    ),
    (
        r"Every one of ([\d,]+) values is a multiple of (\d+)\.",
        lambda m: f"Los {_count(m[1])} valores son múltiplos de {m[2]}.",
    ),
    (
        r"The ([\d,]+) events of this kind are the last of their entity\.",
        lambda m: f"Los {_count(m[1])} hechos de esta clase son los últimos de su entidad.",
    ),
    (
        r"The database checks it( \(.+\))?\.",
        lambda m: f"La base de datos la comprueba{m[1] or ''}.",
    ),
)
_BREACHES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"values outside (.+) to (.+)", lambda m: f"valores fuera de {m[1]} a {m[2]}"),
    (r"rows that break the rule (.+)", lambda m: f"filas que rompen la regla {m[1]}"),
    (r"repeated keys that (.+) refers to", lambda m: f"claves repetidas a las que remite {m[1]}"),
    (r"references to no row of (.+)", lambda m: f"referencias a ninguna fila de {m[1]}"),
    (r"cycle of keys: (.+)", lambda m: f"ciclo de claves: {m[1]}"),
)
