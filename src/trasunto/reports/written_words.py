"""What a report says of models that write (answers, translations, texts), in English and Spanish."""

from __future__ import annotations

WRITTEN: dict[str, tuple[str, str]] = {
    "relabelled": (
        "{count} of those judged to carry another label were kept with the label that was found in them: the writer "
        "does not keep to its labels.",
        "De los que parecían llevar otra etiqueta, {count} se conservaron con la que se encontró en ellos: el modelo que "
        "escribe no se atiene a sus etiquetas.",
    ),
    "despite_disagreement": (
        "{count} of them were kept as they are, because there were no others.",
        "De ellos, {count} se conservaron tal cual, porque no había otros.",
    ),
    "written.told": (
        "Each model was asked {count} unseen real questions or texts. More is better, but for the marks with ↓.",
        "A cada modelo se le dieron {count} preguntas o textos reales no vistos. Más es mejor, salvo donde se indica ↓.",
    ),
    "written.difference": (
        "{score} of synthetic less that of real: {value} (95 % interval {low} to {high}).",
        "{score} con datos sintéticos menos con reales: {value} (intervalo del 95 %: de {low} a {high}).",
    ),
    "written.worth": (
        "The synthetic examples are worth about {count} real ones to this model.",
        "Para este modelo, los ejemplos sintéticos valen unos {count} reales.",
    ),
    "written.worth_more": (
        "The synthetic examples are worth more than all {count} real ones that were tried.",
        "Los ejemplos sintéticos valen más que los {count} reales que se probaron.",
    ),
    "written.worth_less": (
        "The synthetic examples are worth less than {count} real ones.",
        "Los ejemplos sintéticos valen menos que {count} reales.",
    ),
    "written.card": (
        "on unseen real data, trained on synthetic data alone; {real} when trained on real",
        "con datos reales no vistos, entrenado solo con sintéticos; {real} entrenado con reales",
    ),
    "written.intents": (
        "What users want, told by a classifier beside it",
        "Lo que quieren los usuarios, según un clasificador aparte",
    ),
    "written.examples": ("Some answers of the model of synthetic examples", "Algunas respuestas del modelo sintético"),
    "written.prompt": ("question", "pregunta"),
    "written.answer": ("answer", "respuesta"),
    "written.expected": ("real answer", "respuesta real"),
    "written.bleu": ("BLEU", "BLEU"),
    "written.chrf": ("chrF", "chrF"),
    "written.ter": ("TER ↓", "TER ↓"),
    "written.exact_match": ("exact match", "coincidencia exacta"),
    "written.rouge_l": ("ROUGE-L", "ROUGE-L"),
    "written.similarity": ("similarity", "similitud"),
    "written.perplexity": ("perplexity ↓", "perplejidad ↓"),
    "written.bits_per_byte": ("bits per byte ↓", "bits por byte ↓"),
    "written.behind": (
        "On unseen real data the model of synthetic examples stands behind its twin trained on real ones ({score} {made} "
        "and {real}); it should not replace real data where that can be had.",
        "Con datos reales no vistos, el modelo de ejemplos sintéticos queda por detrás de su gemelo entrenado con reales "
        "({score} {made} y {real}); no debería sustituir a los datos reales donde puedan obtenerse.",
    ),
    "written.memory_wins": (
        "Looking up the nearest known question does better than the trained model ({score} {memory} and {made}): for so "
        "few examples a search serves more than a model that writes.",
        "Buscar la pregunta conocida más cercana da mejor resultado que el modelo entrenado ({score} {memory} y {made}): "
        "con tan pocos ejemplos sirve más una búsqueda que un modelo que escribe.",
    ),
    "fig_written": (
        "What each model writes, against real answers",
        "Lo que escribe cada modelo, frente a respuestas reales",
    ),
    "fig_written_caption": (
        "The score that the task is judged by, on unseen real data, with 95 % intervals.",
        "La puntuación por la que se juzga la tarea, con datos reales no vistos e intervalos del 95 %.",
    ),
    "arm_memory, real": ("nearest real question (no training)", "pregunta real más cercana (sin entrenar)"),
    "arm_memory, synthetic": (
        "nearest synthetic question (no training)",
        "pregunta sintética más cercana (sin entrenar)",
    ),
    "arm_majority answer": ("the most frequent answer, always", "siempre la respuesta más frecuente"),
    "arm_copy of the source": ("the source, copied", "el original, copiado"),
    "arm_untouched base": ("the base, untrained", "el modelo base, sin entrenar"),
    "arm_zlib, real": ("zlib that has seen real texts", "zlib que ha visto textos reales"),
    "arm_of_examples": ("real, {count} examples", "real, {count} ejemplos"),
    "answering": ("answering questions", "responder preguntas"),
    "chat": ("chatting", "conversar"),
    "translation": ("translation", "traducción"),
    "generation": ("writing texts", "escribir textos"),
    "method_lm-evolve": (
        "A public language model writes; private texts count tokens, vote for what is near them, and teach a classifier "
        "that labels it. The model itself is not trained.",
        "Un modelo de lenguaje público escribe; los textos privados cuentan tokens, votan lo que se les parece y enseñan "
        "a un clasificador que pone las etiquetas. El modelo no se entrena.",
    ),
    # why a text is thrown away
    "short": ("too short", "demasiado cortos"),
    "long": ("too long", "demasiado largos"),
    "toxic": ("with offensive words", "con palabras ofensivas"),
    "identifier": ("naming somebody of the real texts", "que nombran a alguien de los textos reales"),
    "leak": ("equal to a test text", "iguales a un texto de prueba"),
    "leak_run": ("with a run of a test text", "con un fragmento de un texto de prueba"),
    "leak_near": ("near a test text", "parecidos a un texto de prueba"),
    "language": ("in another language", "en otro idioma"),
    "perplexity": ("stranger than real texts are", "más extraños que los textos reales"),
    "alike": ("saying what another one says", "que dicen lo mismo que otro"),
    "ambiguous": ("between two labels", "entre dos etiquetas"),
    "unfinished": ("not ended", "sin terminar"),
    "surplus": ("more than were wanted", "más de los pedidos"),
    "malformed": ("not of the form that was asked for", "sin la forma pedida"),
    "fallen_lost": ("without a translation", "sin traducción"),
    "fallen_strayed": ("that strayed on the way back", "que se desviaron a la vuelta"),
    "fallen_unchanged": ("unchanged", "sin cambios"),
    "fallen_failed": ("never answered", "sin respuesta"),
    "not grounded": ("not held to their document", "sin apoyo en su documento"),
    "no question": ("without a question", "sin pregunta"),
    "answered by its question": ("answered by their own question", "respondidos por su propia pregunta"),
    "curated": (
        "They were curated once more: {kept} of {written} kept. Thrown away: {rejected}.",
        "Se filtraron una vez más: se conservaron {kept} de {written}. Descartados: {rejected}.",
    ),
    "made_ready": ("How texts were made ready", "Cómo se prepararon los textos"),
    "made_ready_told": (
        "Wording and labels were mended in all parts; lengths, templates and balance in the training rows alone.",
        "La redacción y las etiquetas se corrigieron en todas las partes; longitudes, plantillas y equilibrio, solo en "
        "las filas de entrenamiento.",
    ),
    "step_changed": ("changed", "cambiados"),
    "step_left_out": ("left out", "excluidos"),
    "step_added": ("added", "añadidos"),
}
