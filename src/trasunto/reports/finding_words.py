"""What was found in data and why we think so, in Spanish: the kinds, categories and reasons of a `Finding`.

Reasons are written in English where they are found (privacy/identifiers*.py), so that a record reads the same
everywhere; here each is told again by its form. One that has no form here stays as it is.
"""

from __future__ import annotations

import re

from trasunto.reports.column_words import why_told

KINDS = {
    "address": "dirección", "age": "edad", "biometric": "dato biométrico", "body": "rasgo físico",
    "cadastral": "referencia catastral", "card": "tarjeta de pago", "ccc": "cuenta bancaria (CCC)", "cif": "CIF",
    "codice_fiscale": "codice fiscale", "coordinates": "coordenadas", "country": "país", "cpf": "CPF",
    "criminal": "antecedentes penales", "cuit": "CUIT", "curp": "CURP", "date": "fecha",
    "date_of_birth": "fecha de nacimiento", "date_of_death": "fecha de defunción", "dni": "DNI",
    "driving_licence": "permiso de conducir", "education": "estudios", "email": "correo electrónico",
    "ethnicity": "origen étnico", "event_date": "fecha de un hecho", "finance": "finanzas",
    "free_text": "texto libre", "genetic": "dato genético", "grades": "calificaciones", "health": "salud",
    "health_card": "tarjeta sanitaria", "household": "hogar", "iban": "IBAN", "income": "ingresos",
    "ip": "dirección IP", "language": "idioma", "mac": "identificador de dispositivo",
    "marital_status": "estado civil", "national_id": "documento nacional de identidad", "nhs": "número NHS",
    "nie": "NIE", "nino": "número de seguro nacional", "nir": "NIR", "nss": "número de la Seguridad Social",
    "occupation": "ocupación", "passport": "pasaporte", "password": "contraseña", "person": "nombre de persona",
    "pesel": "PESEL", "phone": "teléfono", "place": "lugar", "plate": "matrícula", "politics": "ideas políticas",
    "postcode": "código postal", "quasi-identifier": "cuasiidentificador", "record_number": "número de registro",
    "religion": "religión", "rut": "RUT", "sensitive": "dato sensible", "sex": "sexo", "sexual": "vida sexual",
    "ssn": "número de la seguridad social (SSN)", "url": "dirección web", "username": "nombre de usuario",
}  # fmt: skip
CATEGORIES = {"direct": "directo", "quasi": "cuasiidentificador", "sensitive": "sensible", "text": "texto"}
PLACES = {"column": "columna", "text": "dentro del texto"}
ACTIONS = {
    "keep": "conservar", "drop": "suprimir", "mask": "enmascarar", "generalise": "generalizar", "noise": "añadir ruido",
    "shift": "desplazar fechas", "pseudonymise": "seudonimizar", "fake": "persona ficticia", "redact": "desidentificar",
}  # fmt: skip
NAMED = {
    "columns": "columnas", "kinds": "clases", "key": "clave", "text": "texto", "unlisted": "lo no nombrado",
    "rare": "lo poco frecuente",
}  # fmt: skip
_ARE = {
    "e-mail addresses": "son direcciones de correo",
    "IP addresses": "son direcciones IP",
    "web addresses": "son direcciones web",
    "telephone numbers that exist": "son números de teléfono que existen",
    "names of people": "son nombres de personas",
    "given names": "son nombres de pila",
    "family names": "son apellidos",
    "of this kind": "son de esta clase",
    "postcodes": "son códigos postales",
}
_PLAIN = {
    "Free text: it may say anything about anyone.": "Texto libre: puede decir cualquier cosa de cualquiera.",
    "It refers to rows of another table.": "Remite a filas de otra tabla.",
    "The schema says identifier.": "El esquema dice que es un identificador.",
    "The schema says so.": "Lo dice el esquema.",
    "Dates: known to others as well, they tell people apart.": "Fechas: otros también las conocen, y distinguen a las "
    "personas.",
}


def kind_told(kind: str, language: str) -> str:
    """A kind in words."""
    return KINDS.get(kind, kind.replace("_", " ")) if language == "es" else kind.replace("_", " ")


def category_told(category: str, language: str) -> str:
    """direct, quasi, sensitive or text, in words."""
    return CATEGORIES.get(category, category) if language == "es" else category


def place_told(where: str, language: str) -> str:
    """Whether something was found in a column or inside texts."""
    return PLACES.get(where, where) if language == "es" else where


def action_told(action: str, language: str) -> str:
    """What was done to a column; in Spanish with the word that a policy has for it, for it stays as it is there."""
    return f"{ACTIONS[action]} ({action})" if language == "es" and action in ACTIONS else action


def named_told(why: str, language: str) -> str:
    """Which part of a policy named a column."""
    return NAMED.get(why, why) if language == "es" else why


def level_told(level: str, language: str) -> str:
    """How coarsely a column is told."""
    if language != "es":
        return level
    if level in _LEVELS:
        return _LEVELS[level]
    for pattern, told in _LEVEL_FORMS:
        if match := re.fullmatch(pattern, level):
            return told(match)
    return level


def method_told(method: str, language: str) -> str:
    """How k-anonymity was reached."""
    return {"levels": "por niveles", "local": "local"}.get(method, method) if language == "es" else method


def reason_told(reason: str, language: str) -> str:
    """Why something was found, in the language of the report."""
    if language != "es":
        return reason
    if reason in _PLAIN:
        return _PLAIN[reason]
    for pattern, told in _FORMS:
        if match := re.fullmatch(pattern, reason):
            return told(match)
    return why_told(reason, language)


def _share(match: re.Match[str]) -> str:
    return f"El {match[1]} % de los valores distintos"


def _named(match: re.Match[str]) -> str:
    kind = KINDS.get(match[1].replace(" ", "_"), match[1])
    more = f", y hay {match[2].replace(',', '.')} valores distintos" if match[2] else ""
    return f"Lo dice el nombre de la columna ({kind}){more}."


_LEVELS = {
    "as it is": "como está",
    "all together": "todos juntos",
    "to month": "por meses",
    "to quarter": "por trimestres",
    "to year": "por años",
    "to decade": "por décadas",
}
_LEVEL_FORMS = (
    (r"bands of (.+)", lambda match: f"tramos de {match[1].replace('.', ',')}"),
    (
        r"first (\d+) letters",
        lambda match: f"los primeros {match[1]} caracteres" if match[1] != "1" else "el primer carácter",
    ),
    (r"groups (\d+)", lambda match: f"grupos {match[1]}"),
    (r"rarer than ([\d.]+)% together", lambda match: f"juntos los de menos del {match[1].replace('.', ',')} %"),
    (r"([\d,]+) ranges", lambda match: f"{match[1].replace(',', '.')} intervalos"),
)
_HOW = {
    "a name by its words and what stands around it": "un nombre, por sus palabras y lo que las rodea",
    "by form, check and context": "por su forma, su comprobación y su contexto",
}
_FORMS = (
    (r"The name says ([\w -]+?)(?:, and ([\d,]+) values differ)?\.", _named),
    (
        r"Found in ([\d,]+) values: (" + "|".join(map(re.escape, _HOW)) + r")\.",
        lambda match: f"Hallado en {match[1].replace(',', '.')} valores: {_HOW[match[2]]}.",
    ),
    (
        r"(\d+)% of the different values are (" + "|".join(map(re.escape, _ARE)) + r")\.",
        lambda match: f"{_share(match)} {_ARE[match[2]]}.",
    ),
    (
        r"(\d+)% of the different values pass the check of an? ([\w -]+)\.",
        lambda match: f"{_share(match)} pasan la comprobación: {KINDS.get(match[2].replace(' ', '_'), match[2])}.",
    ),
    (r"(\d+)% of the different values name an illness\.", lambda match: f"{_share(match)} nombran una enfermedad."),
    (
        r"(\d+)% of the different values look like ICD-10 codes\.",
        lambda match: f"{_share(match)} parecen códigos CIE-10.",
    ),
)
