"""Measures in texts, English and Spanish: one spelling a unit, or metric units throughout."""

from __future__ import annotations

import re

# The spelling that is written, and those that mean it. Left alone because they mean other things as well: pound(s)
# (money), m and M (million, minute), in, pies (English), segundo(s) and second (ordinals), h behind a name.
_SPELLINGS: dict[str, str] = {
    "kg": "kg kgs kgr kilo kilos kilogram kilograms kilogramme kilogrammes kilogramo kilogramos",
    "g": "g gr grs gram grams gramme grammes gramo gramos",
    "mg": "mg mgs milligram milligrams miligramo miligramos",
    "lb": "lb lbs libra libras",
    "oz": "oz ounce ounces onza onzas",
    "km": "km kms kilometer kilometers kilometre kilometres kilómetro kilómetros kilometro kilometros",
    "m": "mts mtrs meter meters metre metres metro metros",
    "cm": "cm cms centimeter centimeters centimetre centimetres centímetro centímetros centimetro centimetros",
    "mm": "mm mms millimeter millimeters millimetre millimetres milímetro milímetros milimetro milimetros",
    "mi": "mi mile miles milla millas",
    "ft": "ft foot feet",
    "in": "inch inches pulgada pulgadas",
    "l": "l L lt lts ltr ltrs liter liters litre litres litro litros",
    "ml": "ml mL mls milliliter milliliters millilitre millilitres mililitro mililitros",
    "gal": "gal gals gallon gallons galón galones",
    "km/h": "km/h kmh kph kmph|kilometers per hour|kilometres per hour|kilómetros por hora|kilometros por hora",
    "mph": "mph|miles per hour|millas por hora",
    "°C": "°C ºC|degrees Celsius|degrees centigrade|grados centígrados|grados Celsius",
    "°F": "°F ºF|degrees Fahrenheit|grados Fahrenheit",
    "h": "h hr hrs hour hours hora horas",
    "min": "min mins minute minutes minuto minutos",
    "s": "sec secs seconds",
    "%": "% percent pct|per cent|por ciento",
}
# What a unit is in metric: the unit, and how to reckon.
_METRIC: dict[str, tuple[str, float, float]] = {
    "lb": ("kg", 0.45359237, 0.0), "oz": ("g", 28.349523125, 0.0), "mi": ("km", 1.609344, 0.0),
    "ft": ("m", 0.3048, 0.0), "in": ("cm", 2.54, 0.0), "gal": ("l", 3.785411784, 0.0),
    "mph": ("km/h", 1.609344, 0.0), "°F": ("°C", 5 / 9, -160 / 9),
}  # fmt: skip
_WORDS = {
    word: unit
    for unit, spelt in _SPELLINGS.items()
    for first, *phrases in [spelt.split("|")]
    for word in (*first.split(), *phrases)
}
# Some short signs are told by their case ("5G" is no weight, "5MM" are millions); words are not.
_BY_CASE = {word: unit for word, unit in _WORDS.items() if len(word) == 1 or word in ("mm", "mi")}
_FOLDED = {word.lower(): unit for word, unit in _WORDS.items() if word not in _BY_CASE}
_ANY = "|".join(re.escape(word) for word in sorted(_WORDS, key=len, reverse=True))
_NUMBER = r"(?:\d{1,3}(?:[.,]\d{3})+|\d+)(?:[.,]\d+)?"
_BLANK = r"[ \u00a0\u202f]?"
# A measure, or two with the unit behind the second: 5-10 miles, 5 x 7 inches.
_MEASURE = re.compile(
    rf"(?<![\w.,/])(?:(?P<low>{_NUMBER})(?P<to> ?[-–x×] ?| to | a | or | o | by | por ))?"
    rf"(?P<number>(?:(?<!\d)[-−])?{_NUMBER}){_BLANK}(?P<unit>{_ANY})(?![\w/])",
    re.I,
)


def measured(text: str, *, metric: bool = False) -> str:
    """The text with each unit behind a number in one spelling, a blank between (none before %).

    metric: pounds, ounces, miles, feet, inches, gallons, mph and °F are reckoned into metric units, to three digits,
    the decimal mark as it was written (a point when there was none).
    """
    if not any(letter.isdigit() for letter in text):
        return text
    return _MEASURE.sub(lambda found: _written(found, metric), text)


def _written(found: re.Match[str], metric: bool) -> str:
    low, number, word = found["low"], found["number"], found["unit"]
    unit = _BY_CASE.get(word) or _FOLDED.get(word.lower())
    if unit is None:
        return found.group()
    if metric and unit in _METRIC:
        unit, factor, offset = _METRIC[unit]
        number = _reckoned(number, factor, offset)
        low = low and _reckoned(low, factor, offset)
    start = f"{low}{found['to']}" if low else ""
    return f"{start}{number}{'' if unit == '%' else ' '}{unit}"


def _reckoned(number: str, factor: float, offset: float) -> str:
    mark = _decimal_mark(number)
    bare = number.replace("−", "-")
    for other in ".,":
        if other != mark:
            bare = bare.replace(other, "")
    value = float(bare.replace(",", ".")) * factor + offset
    short = f"{float(f'{value:.3g}'):.12f}".rstrip("0").rstrip(".")
    return short.replace(".", mark or ".")


def _decimal_mark(number: str) -> str:
    """The mark before the decimals; "" when there are none. A lone mark before three digits parts thousands."""
    marks = [each for each in number if each in ".,"]
    if not marks:
        return ""
    if len(set(marks)) > 1:
        return marks[-1]
    return "" if len(marks) > 1 or re.search(r"[.,]\d{3}$", number) else marks[0]
