"""What instructions say, in English and Spanish. Fields in braces are filled; see `prompts.Template`."""

from __future__ import annotations

TEMPLATES = {
    "en": """Write {count} new {kind}{about}. {label}{attributes}{persona}{examples}
Make each one different from the others in content, length and wording. {form}""",
    "es": """Escribe en español {count} {kind}{about}. {label}{attributes}{persona}{examples}
Que cada uno sea distinto de los demás en contenido, longitud y palabras. {form}""",
}
KINDS = {
    "en": {
        "labelled": "texts", "text": "texts", "dialogue": "dialogues", "rows": "rows of a table",
        "question-answer": "questions with their answers", "translation": "sentences with their translations",
        "instruction": "instructions with their answers",
    },
    "es": {
        "labelled": "textos nuevos", "text": "textos nuevos", "dialogue": "diálogos nuevos",
        "rows": "filas nuevas de una tabla", "question-answer": "preguntas nuevas con sus respuestas",
        "translation": "frases nuevas con sus traducciones", "instruction": "instrucciones nuevas con sus respuestas",
    },
}  # fmt: skip
WORDS = {
    "en": {
        "about": " ({value})", "label": 'Each must clearly be of the kind "{value}". ', 
        "attributes": "Each fits: {value}. ",
        "persona": "Write as {value} would. ",
        "examples": "\nReal examples. Take their style, topics and length, and repeat none of them:\n{value}\n",
        "plain": "Answer with the text alone.", "one": "Answer with JSON: {shape}.",
        "many": 'Answer with JSON: {{"items": [{shape}, ...]}} with {count} items.',
        "list": "Here is a list of {kind}{label}{attributes}.",
        "listed": ' of the kind "{value}"', "fits": " ({value})",
    },
    "es": {
        "about": " ({value})", "label": "Cada uno debe ser claramente del tipo «{value}». ",
        "attributes": "Cada uno cumple: {value}. ", "persona": "Escribe como lo haría {value}. ",
        "examples": "\nEjemplos reales. Toma su estilo, temas y longitud, y no repitas ninguno:\n{value}\n",
        "plain": "Responde solo con el texto.", "one": "Responde con JSON: {shape}.",
        "many": 'Responde con JSON: {{"items": [{shape}, ...]}} con {count} elementos.',
        "list": "Esta es una lista de {kind}{label}{attributes}.",
        "listed": " del tipo «{value}»", "fits": " ({value})",
    },
}  # fmt: skip
