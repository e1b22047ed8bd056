"""Names of people in sentences of two languages, of several origins, without any model of a language."""

import itertools

import polars as pl
import pytest

from trasunto.privacy.names import gender_of, named, people_share

ORIGINS = {
    "spanish": [
        "María García López",
        "Íñigo Etxeberria",
        "Carmen Ruiz",
        "José Antonio Pérez",
        "Lucía Fernández",
        "Begoña Arrieta",
        "Xavi Puigdomènech",
        "Noa Castiñeira",
        "Alejandro de la Fuente",
        "Rocío Jiménez",
    ],
    "english": [
        "John Smith",
        "Emily Clark",
        "William O'Connor",
        "Sarah Thompson",
        "Harriet Wainwright",
        "George Baker",
        "Olivia Bennett",
        "Jack Murphy",
        "Grace Hughes",
        "Callum Fraser",
    ],
    "arabic": [
        "Mohamed El Amrani",
        "Fatima Zahra",
        "Ahmed Hassan",
        "Layla Haddad",
        "Omar Khalil",
        "Youssef Benali",
        "Amina Rahman",
        "Karim Mansour",
        "Samira Aziz",
        "Hassan Abdullah",
    ],
    "asian": [
        "Yuki Tanaka",
        "Wei Chen",
        "Priya Sharma",
        "Nguyen Van Minh",
        "Rahul Gupta",
        "Sakura Yamamoto",
        "Xiao Wang",
        "Arjun Patel",
        "Mei Li",
        "Haruto Suzuki",
    ],
    "african": [
        "Nkechi Okafor",
        "Kwame Mensah",
        "Chidi Okonkwo",
        "Thandi Nkosi",
        "Adebayo Ogunleye",
        "Yetunde Adeyemi",
        "Sipho Dlamini",
        "Wanjiru Kamau",
        "Amara Nwosu",
        "Kofi Boateng",
    ],
    "european": [
        "Giulia Rossi",
        "Lukas Müller",
        "Pierre Dubois",
        "Katarzyna Kowalska",
        "Sven Lindqvist",
        "Ioana Popescu",
        "Anna Novák",
        "Mikko Virtanen",
        "João Almeida",
        "Sophie Lefebvre",
    ],
}
TEMPLATES = (
    "My name is {} and I live in the city.", "Yesterday {} called about the invoice.", "Please contact {} before Friday.",
    "The patient {} was admitted with a fever.", "Dr. {} signed the report.", "I met {} at the station.", "Regards, {}",
    "According to {}, the delivery was late.", "The complaint was filed by {} in March.", "We spoke with {}'s lawyer.",
    "I would like to thank {} for the help.", "Hello {}, how are you?", "It was {} who opened the door.",
    "Order 1234 is for {} only.", "Both {} and the nurse agreed.", "The flat belongs to {}.", "Ask {} about it.",
    "Me llamo {} y vivo en el centro.", "Ayer {} llamó por la factura.", "El paciente {} ingresó con fiebre.",
    "La Dra. {} firmó el informe.", "Vi a {} en la estación.", "Saludos, {}", "Según {}, el pedido llegó tarde.",
    "La queja fue presentada por {} en marzo.", "Hablamos con {} el lunes.", "Quiero dar las gracias a {} por la ayuda.",
    "Hola {}, ¿qué tal?", "Fue {} quien abrió la puerta.", "El pedido 1234 es para {}.", "La casa es de {}.",
    "Pregunta a {} mañana.", "Atentamente, {}", "Don {} no vino a la cita.", "{} no ha venido hoy.", "{} is not here today.",
)  # fmt: skip


def recall(names):
    cases = list(itertools.product(TEMPLATES, names))
    texts = pl.Series([template.format(name) for template, name in cases])
    found: dict[int, list] = {}
    for span in named(texts):
        found.setdefault(span.row, []).append(span)
    hits = 0
    for row, (template, name) in enumerate(cases):
        start = template.index("{}")
        # The whole of the name is covered, or one half of it would still tell who it is.
        hits += any(span.start <= start and span.end >= start + len(name) for span in found.get(row, ()))
    return hits / len(cases), len(cases)


def test_names_of_all_origins_are_found_without_a_model():
    shares = {origin: recall(names) for origin, names in ORIGINS.items()}
    assert sum(count for _, count in shares.values()) >= 2_000
    overall = sum(share * count for share, count in shares.values()) / sum(count for _, count in shares.values())
    assert overall >= 0.9, shares
    assert min(share for share, _ in shares.values()) >= 0.8, shares


PLAIN = [
    "The quick brown fox jumps over the lazy dog.", "We went to Madrid in March and stayed at a hotel.",
    "El Hospital Clínico está en la Calle Mayor.", "La habitación era grande y el desayuno bueno.",
    "Please read the Terms and Conditions carefully.", "The New York office is closed on Monday.",
    "Will you be there in May? I may be late.", "Hope is all we have, and Grace is a virtue.",
    "FREE entry! Call NOW to claim your prize.", "Windows and Linux are operating systems.",
]  # fmt: skip


def test_ordinary_sentences_hold_few_names():
    assert len(named(pl.Series(PLAIN))) <= 2


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("me llamo juan perez y tengo frio", "juan perez"),
        ("GARCÍA LÓPEZ, JUAN ANTONIO", "GARCÍA LÓPEZ, JUAN ANTONIO"),
        ("Thanks, Priya", "Priya"),
        ("Llamé a la Sra. Fernández de Córdoba", "Fernández de Córdoba"),
    ],
)
def test_ways_to_write_a_name(text, name):
    assert [text[s.start : s.end] for s in named(pl.Series([text]))] == [name]


def test_words_written_small_more_often_are_words():
    texts = pl.Series(["It is valid. Melody is nice."] + ["a melody, the melody of this melody"] * 3)
    assert not [span for span in named(texts) if span.row == 0]


def test_columns_of_names_and_gender():
    assert people_share(["Ana Ruiz", "John Smith", "Wei Chen"]) == (1.0, "name")
    assert people_share(["apple", "pear"])[0] == 0
    assert gender_of("María López") == "f" and gender_of("Juan") == "m" and gender_of("Zzyx") == "u"
