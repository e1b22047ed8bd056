"""Words with which questions are asked of documents, in English and Spanish."""

from __future__ import annotations

ASK = {
    "en": """Read this part of a document:
---
{text}
---
Write {count} questions that this part answers, each with its answer. A question must be understood without the text \
(name what it is about). An answer must be short, complete, and say only what the text says, in its words. {form}""",
    "es": """Lee esta parte de un documento:
---
{text}
---
Escribe en español {count} preguntas a las que responde esta parte, cada una con su respuesta. La pregunta debe \
entenderse sin el texto (nombra de qué trata). La respuesta debe ser breve, completa y decir solo lo que dice el \
texto, con sus palabras. {form}""",
}
FORM = {
    "en": 'Answer with JSON: {{"items": [{{"question": "...", "answer": "..."}}]}} with {count} items.',
    "es": 'Responde con JSON: {{"items": [{{"question": "...", "answer": "..."}}]}} con {count} elementos.',
}
# What a model that hardly follows instructions goes on with: one exemplar, then the part.
SHOWN = {
    "en": (
        "Question and answer about each text.",
        "Text: The lighthouse of Hercules stands in A Coruña. It is 55 metres tall and was built by the Romans.\n"
        "Question: Who built the lighthouse of Hercules?\nAnswer: It was built by the Romans.\n\n"
        "Text: {text}\nQuestion:",
    ),
    "es": (
        "Pregunta y respuesta sobre cada texto.",
        "Texto: La Torre de Hércules está en A Coruña. Mide 55 metros y la construyeron los romanos.\n"
        "Pregunta: ¿Quién construyó la Torre de Hércules?\nRespuesta: La construyeron los romanos.\n\n"
        "Texto: {text}\nPregunta:",
    ),
}
ANSWER = {"en": "Answer", "es": "Respuesta"}
RULES = {
    "en": {
        "definition": "What {verb} {what}?",
        "heading": 'What does the text say about "{what}"?',
        "cloze": 'Which word or number is missing: "{what}"?',
    },
    "es": {
        "definition": "¿Qué {verb} {what}?",
        "heading": "¿Qué dice el texto sobre «{what}»?",
        "cloze": "¿Qué palabra o número falta en «{what}»?",
    },
}
# Words that say nothing by themselves, and tell one language from the other.
_ENGLISH = """a an and are as at be been but by can did do does for from had has have he her his if in into is it its
may more most no not of on or she so such than that the their them then there these they this to was we were what when
which who will with would you your"""
_SPANISH = """a al algo ante como con cual cuando de del desde donde el ella ellos en entre era es esa ese eso esta este
esto está están fue ha hay la las le les lo los más me mi muy no nos o para pero por porque que qué se ser si sin sobre
son su sus también te tiene un una uno y ya"""
COMMON = {"en": frozenset(_ENGLISH.split()), "es": frozenset(_SPANISH.split())}
