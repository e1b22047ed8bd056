"""What was found in data and why we think so, in Spanish: the kinds, categories and reasons of a `Finding`.

Reasons are written in English where they are found (privacy/identifiers*.py), so that a record reads the same
everywhere; here each is told again by its form. One that has no form here stays as it is.
"""

from __future__ import annotations

import re

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


def reason_told(reason: str, language: str) -> str:
    """Why something was found, in the language of the report."""
    if language != "es":
        return reason
    if reason in _PLAIN:
        return _PLAIN[reason]
    for pattern, told in _FORMS:
        if match := re.fullmatch(pattern, reason):
            return told(match)
    return reason


def _share(match: re.Match[str]) -> str:
    return f"El {match[1]} % de los valores distintos"


def _named(match: re.Match[str]) -> str:
    kind = KINDS.get(match[1].replace(" ", "_"), match[1])
    more = f", y hay {match[2].replace(',', '.')} valores distintos" if match[2] else ""
    return f"Lo dice el nombre de la columna ({kind}){more}."


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
