"""The words of the page on risks for texts and for language models, in English and Spanish."""

from __future__ import annotations

TEXT_RISKS: dict[str, tuple[str, str]] = {
    "risk.ask_verbatim_text": ("read what somebody wrote?", "leer lo que alguien escribió?"),
    "risk.ask_near_duplicates": ("read nearly what somebody wrote?", "leer casi lo que alguien escribió?"),
    "risk.ask_replayed_identifiers": ("read a telephone or an account?", "leer un teléfono o una cuenta?"),
    "risk.ask_extraction": ("have texts out of the model?", "sacar textos del modelo?"),
    "risk.ask_membership_text": (
        "tell from the model whose text was in the data?",
        "saber por el modelo de quién eran los textos?",
    ),
    "risk.ask_membership_echoes": (
        "tell from the texts whose text was in the data?",
        "saber por los textos de quién eran los de los datos?",
    ),
    "risk.membership_echoes": (
        "Shown one training text and one unseen one, whoever reads the synthetic texts alone points to the right one "
        "{value} of the time ({low} to {high}; a coin: 50 %). While wrong about one unseen text in a hundred it finds "
        "{found} of the training texts.",
        "Ante un texto de entrenamiento y otro no visto, quien solo lee los textos sintéticos señala al correcto el "
        "{value} de las veces ({low} a {high}; una moneda: 50 %). Errando con uno de cada cien textos no vistos "
        "encuentra el {found} de los de entrenamiento.",
    ),
    "risk.verbatim_text": (
        "{value} of the synthetic texts hold eight words in a row, or a whole short text, of a training text and "
        "of no unseen one; {outside} of unseen texts hold such a run of a training text.",
        "El {value} de los textos sintéticos contiene ocho palabras seguidas, o un texto corto entero, de un "
        "texto de entrenamiento y de ninguno no visto; de los textos no vistos, el {outside}.",
    ),
    "risk.near_duplicates": (
        "{value} of the synthetic texts say nearly what one training text says; {outside} of unseen texts do, by "
        "habit.",
        "El {value} de los textos sintéticos dice casi lo mismo que un texto de entrenamiento; de los no vistos, "
        "por costumbre, el {outside}.",
    ),
    "risk.replayed_identifiers": (
        "{value} of the telephones, addresses, accounts and other identifiers that stand in one training text "
        "alone stand in a synthetic text too; of those of unseen texts, {outside}. Names of people are not "
        "counted.",
        "El {value} de los teléfonos, direcciones, cuentas y otros identificadores que están en un solo texto de "
        "entrenamiento está también en uno sintético; de los de textos no vistos, el {outside}. Los nombres de "
        "personas no se cuentan.",
    ),
    "risk.extraction": (
        "Somebody has the model itself and the first half of a training text. In {value} of the cases the model "
        "writes the second half word for word; of unseen texts in {outside}.",
        "Alguien tiene el propio modelo y la primera mitad de un texto de entrenamiento. En el {value} de los "
        "casos el modelo escribe la segunda mitad palabra por palabra; con textos no vistos, en el {outside}.",
    ),
    "risk.membership_text": (
        "Shown one training text and one that the model has not read, whoever has the model points to the right "
        "one {value} of the time ({low} to {high}; a coin: 50 %).",
        "Ante un texto de entrenamiento y otro que el modelo no ha leído, quien tiene el modelo señala al "
        "correcto el {value} de las veces ({low} a {high}; una moneda: 50 %).",
    ),
    # glossary
    "privacy.ngram_overlap": (
        "Share of the runs of 13 words of synthetic texts that stand in a training text; control: of unseen texts.",
        "Proporción de secuencias de 13 palabras de los textos sintéticos que están en uno de entrenamiento; "
        "control: de textos no vistos.",
    ),
    "privacy.verbatim_50": (
        "Share of synthetic texts with 50 words in a row of a training text.",
        "Proporción de textos sintéticos con 50 palabras seguidas de uno de entrenamiento.",
    ),
    "privacy.near_duplicates": (
        "Share of synthetic texts that share half of their runs of three words with one training text.",
        "Proporción de textos sintéticos que comparten la mitad de sus secuencias de tres palabras con uno de "
        "entrenamiento.",
    ),
    "privacy.replayed_identifiers": (
        "Share of the identifiers of one training text alone that a synthetic text holds.",
        "Proporción de identificadores de un solo texto de entrenamiento que contiene un texto sintético.",
    ),
    "privacy.extraction": (
        "Share of training texts whose second half the model writes word for word when shown the first.",
        "Proporción de textos de entrenamiento cuya segunda mitad escribe el modelo palabra por palabra, vista la "
        "primera.",
    ),
    "privacy.exposure": (
        "Bits by which the model prefers numbers of training texts to random ones; 1.4 is chance, 20 are six "
        "digits by heart.",
        "Bits en que el modelo prefiere los números de los textos de entrenamiento a otros al azar; 1,4 es azar, "
        "20 son seis cifras de memoria.",
    ),
    "privacy.membership_echoes": (
        "Chance that the words of the synthetic texts put a training text above an unseen one; 0.5 is a coin.",
        "Probabilidad de que las palabras de los textos sintéticos delaten un texto de entrenamiento frente a uno no "
        "visto; 0,5 es una moneda.",
    ),
    "privacy.membership_echoes_tpr_1": (
        "Share of training texts so betrayed while wrong about 1 % of unseen ones.",
        "Proporción de textos de entrenamiento así delatados errando con el 1 % de los no vistos.",
    ),
    "privacy.membership_text": (
        "Chance that what the model thinks of a training text betrays it beside an unseen one; 0.5 is a coin.",
        "Probabilidad de que el modelo delate un texto de entrenamiento frente a uno no visto; 0,5 es una moneda.",
    ),
    "privacy.membership_text_tpr": (
        "Share of training texts so betrayed while wrong about 1 % of unseen ones.",
        "Proporción de textos de entrenamiento así delatados errando con el 1 % de los no vistos.",
    ),
}
