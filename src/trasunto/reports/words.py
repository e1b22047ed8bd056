"""Every fixed word of a report, in English and Spanish, and how numbers are written in each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trasunto.reports.classified_words import CLASSIFIED
from trasunto.reports.compared_words import COMPARED
from trasunto.reports.fairness_words import FAIRNESS
from trasunto.reports.related_words import RELATED
from trasunto.reports.risk_words import RISKS
from trasunto.reports.sentences import SENTENCES
from trasunto.reports.text_risk_words import TEXT_RISKS
from trasunto.reports.written_words import WRITTEN

WORDS: dict[str, tuple[str, str]] = {
    # sections
    "summary": ("In short", "En resumen"),
    "use_case": ("Use case", "Caso de uso"),
    "data": ("Data and split", "Datos y división"),
    "synthesis": ("How the synthetic data was made", "Cómo se generaron los datos sintéticos"),
    "training": ("How the language model was trained", "Cómo se entrenó el modelo de lenguaje"),
    "results": ("Results", "Resultados"),
    "privacy": ("What leaks", "Qué se filtra"),
    "limits": ("Limits and next steps", "Límites y próximos pasos"),
    "repeat": ("How to repeat it", "Cómo repetirlo"),
    "glossary": ("How to read the numbers", "Cómo leer las cifras"),
    "contents": ("Contents", "Contenido"),
    # cards
    "faithful": ("Faithful", "Fiel"),
    "useful": ("Useful", "Útil"),
    "private": ("Leaning on real rows", "Apoyo en filas reales"),
    "copied": ("Copied word for word", "Copiado literalmente"),
    "copied_detail": (
        "of the synthetic texts repeat a private text and no unseen one",
        "de los textos sintéticos repite un texto privado y ninguno no visto",
    ),
    "method_tree": (
        "A chain of decision trees, one per column on the columns before it.",
        "Una cadena de árboles de decisión, uno por columna sobre las columnas anteriores.",
    ),
    "method_independent": (
        "Each column by itself: what ties columns together is lost.",
        "Cada columna por separado: se pierde lo que une a las columnas.",
    ),
    "method_lm-finetune": (
        "A small language model, adapted to the real texts with LoRA, writes to a label drawn first.",
        "Un modelo de lenguaje pequeño, adaptado a los textos reales con LoRA, escribe para una etiqueta sorteada antes.",
    ),
    "method_lm-prompt": (
        "A language model that is only asked, with real texts as examples unless that was ruled out, writes to a label drawn first.",
        "Un modelo de lenguaje al que solo se pregunta, con textos reales de ejemplo salvo que se excluyeran, escribe para una etiqueta sorteada antes.",
    ),
    "method_backtranslate": (
        "Real texts said otherwise, by a translator or a language model; labels and answers stay.",
        "Textos reales dichos de otro modo, por un traductor o un modelo de lenguaje; las etiquetas y respuestas se conservan.",
    ),
    "method_markov": (
        "Word n-grams with back-off, of the texts of a label and of all texts, write to a label drawn first.",
        "N-gramas de palabras con retroceso, de los textos de una etiqueta y de todos, escriben para una etiqueta sorteada antes.",
    ),
    "method_templates": (
        "Templates written by a person: no real data was read.",
        "Plantillas escritas por una persona: no se leyó ningún dato real.",
    ),
    "sentence encoder, mean over tokens, frozen, linear head": (
        "sentence encoder, mean over tokens, frozen, linear head",
        "codificador de frases, media de los tokens, congelado, capa lineal",
    ),
    "sentence encoder, mean over tokens, trained, linear head": (
        "sentence encoder, mean over tokens, trained, linear head",
        "codificador de frases, media de los tokens, entrenado, capa lineal",
    ),
    "step_texts": ("texts", "textos"),
    "step_cleaned": ("cleaned", "limpiados"),
    "step_labels_respelt": ("labels respelt", "etiquetas unificadas"),
    "step_empty": ("empty", "vacíos"),
    "step_duplicates": ("duplicates left out", "duplicados descartados"),
    "step_cut": ("cut short", "recortados"),
    "step_kept": ("kept", "conservados"),
    "step_in_test": ("left out: stands in the test", "descartados: están en la prueba"),
    "kind_category": ("category", "categoría"),
    "kind_integer": ("integer", "entero"),
    "kind_number": ("number", "número"),
    "kind_boolean": ("boolean", "booleano"),
    "kind_datetime": ("datetime", "fecha"),
    "kind_text": ("text", "texto"),
    "kind_id": ("id", "identificador"),
    "role_target": ("target", "objetivo"),
    "role_label": ("label", "etiqueta"),
    "role_prompt": ("text", "texto"),
    "role_identifier": ("identifier", "identificador"),
    "model": ("Language model", "Modelo de lenguaje"),
    "gates": ("Gates", "Umbrales"),
    "faithful_good": (
        "Hard to tell from unseen real rows (0.5: impossible).",
        "Difícil de distinguir de filas reales no vistas (0,5: imposible).",
    ),
    "faithful_fair": ("A classifier tells some rows apart.", "Un clasificador distingue algunas filas."),
    "faithful_poor": ("Easy to tell from real rows.", "Fácil de distinguir de las filas reales."),
    "useful_detail": (
        "of what training on real rows reaches ({made} against {real})",
        "de lo que alcanza entrenar con filas reales ({made} frente a {real})",
    ),
    "private_good": ("No nearer to training rows than chance.", "No más cerca de las filas de entrenamiento que por azar."),
    "private_poor": ("Rows lie nearer to training rows than chance.", "Las filas están más cerca del entrenamiento que por azar."),
    "model_detail": (
        "macro F1 on unseen real rows, trained on synthetic rows alone; {real} when trained on real ones",
        "F1 macro en filas reales no vistas, entrenado solo con sintéticas; {real} entrenado con reales",
    ),
    "gates_passed": ("all passed", "todos cumplidos"),
    "gates_failed": ("{count} failed", "{count} incumplidos"),
    "gate": ("gate", "umbral"),
    "measured": ("measured", "medido"),
    "passed": ("passed", "cumplido"),
    "failed": ("failed", "incumplido"),
    "verdict": ("verdict", "veredicto"),
    # tables
    "part": ("part", "parte"),
    "rows": ("rows", "filas"),
    "digest": ("SHA-256 of its content", "SHA-256 de su contenido"),
    "column": ("column", "columna"),
    "kind": ("kind", "tipo"),
    "role": ("role", "papel"),
    "missing": ("missing", "faltan"),
    "distinct": ("different", "distintos"),
    "reason": ("why we think so", "por qué lo creemos"),
    "metric": ("metric", "métrica"),
    "value": ("value", "valor"),
    "interval": ("95 % interval", "intervalo del 95 %"),
    "best": ("best", "óptimo"),
    "baseline": ("baseline", "referencia"),
    "control": ("control", "control"),
    "subject": ("about", "sobre"),
    "arm": ("trained on", "entrenado con"),
    "examples": ("examples", "ejemplos"),
    "accuracy": ("accuracy", "exactitud"),
    "precision": ("precision", "precisión"),
    "recall": ("recall", "exhaustividad"),
    "f1": ("F1", "F1"),
    "macro_f1": ("macro F1", "F1 macro"),
    "class": ("class", "clase"),
    "support": ("test rows", "filas de prueba"),
    "what": ("what", "qué"),
    "setting": ("setting", "ajuste"),
    "label": ("label", "etiqueta"),
    "train": ("training", "entrenamiento"),
    "validation": ("validation", "validación"),
    "holdout": ("holdout (never seen)", "reserva (nunca vista)"),
    "synthetic": ("synthetic", "sintético"),
    "real": ("real", "real"),
    "test": ("test", "prueba"),
    # sentences
    "source": ("The data comes from {source}: {rows} rows, {columns} columns. {licence}",
               "Los datos proceden de {source}: {rows} filas, {columns} columnas. {licence}"),
    "no_source": ("{rows} real rows with {columns} columns were compared.", "Se compararon {rows} filas reales de {columns} columnas."),
    "breaches": ("The rows break their schema:", "Las filas incumplen su esquema:"),
    "no_breaches": ("No row breaks the schema.", "Ninguna fila incumple el esquema."),
    "split_told": (
        "The rows were split once with seed {seed}, before anything learned from them. The holdout was seen by the final "
        "judgement alone; the hashes below prove which rows stood where.",
        "Las filas se dividieron una sola vez con la semilla {seed}, antes de que nada aprendiera de ellas. La reserva solo "
        "la vio el juicio final; las huellas siguientes prueban qué filas estaban en cada parte.",
    ),
    "files_told": ("The parts that were compared, by hash of their content:", "Las partes comparadas, por la huella de su contenido:"),
    "stratified": ("The mix of {column} is the same in each part.", "La mezcla de {column} es la misma en cada parte."),
    "grouped": ("Rows that share a {column} stay together.", "Las filas con el mismo {column} permanecen juntas."),
    "shared": (
        "{count} holdout rows equal a training row in every column: real people who happen to agree.",
        "{count} filas de la reserva coinciden con una de entrenamiento en todas las columnas: personas reales que coinciden.",
    ),
    "columns_first": ("Columns", "Columnas"),
    "made": (
        "{rows} rows were drawn by the synthesizer {name} with seed {seed}. Fitting took {fit} s, drawing {sample} s.",
        "El sintetizador {name} generó {rows} filas con la semilla {seed}. El ajuste tardó {fit} s y el muestreo {sample} s.",
    ),
    "guarantee": (
        "Differential privacy: epsilon {epsilon}, delta {delta}, per {unit}, by {mechanism}.",
        "Privacidad diferencial: épsilon {epsilon}, delta {delta}, por {unit}, mediante {mechanism}.",
    ),
    "no_guarantee": (
        "No differential privacy was asked for: nothing is guaranteed about any one person.",
        "No se pidió privacidad diferencial: no se garantiza nada sobre ninguna persona concreta.",
    ),
    "curation": (
        "{written} texts were written and {kept} kept. Thrown away: {rejected}.",
        "Se escribieron {written} textos y se conservaron {kept}. Descartados: {rejected}.",
    ),
    "empty": ("empty or cut off", "vacíos o cortados"),
    "duplicate": ("duplicates", "duplicados"),
    "near_duplicate": ("near duplicates", "casi duplicados"),
    "verbatim": ("copies of a private text", "copias de un texto privado"),
    "left": (
        "Real texts went to {engine}, which may not be on this machine, as its owner allowed.",
        "Textos reales fueron a {engine}, que puede no estar en esta máquina, como permitió su responsable.",
    ),
    "prompts_used": (
        "{requests} prompts were asked ({cached} of them before): {tokens_in} tokens in, {tokens_out} out, cost {cost}; {retries} were asked again, {failed} failed.",
        "Se hicieron {requests} peticiones ({cached} de ellas antes): {tokens_in} tokens de entrada, {tokens_out} de salida, coste {cost}; {retries} se repitieron, {failed} fallaron.",
    ),
    "not_left": (
        "No real text went to {engine}, which is not on this machine; labels and drawn values did.",
        "Ningún texto real fue a {engine}, que no está en esta máquina; sí etiquetas y valores sorteados.",
    ),
    "lost": ("lost on the way", "perdidos por el camino"),
    "strayed": ("too far from the text they came from", "demasiado lejos del texto del que venían"),
    "unchanged": ("hardly changed", "apenas cambiados"),
    "near_copy": ("near copies of a private text", "casi copias de un texto privado"),
    "disagrees": ("judged to carry another label", "juzgados con otra etiqueta"),
    "trained": (
        "{base} was trained for {task} on {examples} synthetic examples, and once more, in the same way, on as many real "
        "ones. {trained} of {parameters} parameters were trained.",
        "Se entrenó {base} para {task} con {examples} ejemplos sintéticos y otra vez, de igual modo, con el mismo número de "
        "reales. Se entrenaron {trained} de {parameters} parámetros.",
    ),
    "classification": ("classification", "clasificación"),
    "architecture": ("Architecture", "Arquitectura"),
    "hyperparameters": ("Hyper-parameters", "Hiperparámetros"),
    "prepared": ("What preparing the texts changed", "Qué cambió la preparación de los textos"),
    "results_told": (
        "Every number stands beside its baseline (each column by itself, or guessing) and its control (unseen real rows, or "
        "training on real rows).",
        "Cada cifra aparece junto a su referencia (cada columna por separado, o adivinar) y su control (filas reales no "
        "vistas, o entrenar con filas reales).",
    ),
    "arms_told": (
        "The same model, trained on different rows, tested on {count} real rows that nothing has seen.",
        "El mismo modelo, entrenado con filas distintas y probado con {count} filas reales que nada ha visto.",
    ),
    "difference": (
        "Synthetic less real: {value} macro F1 (95 % interval {low} to {high}).",
        "Sintético menos real: {value} de F1 macro (intervalo del 95 %: {low} a {high}).",
    ),
    "worth": (
        "By the curve, the synthetic training set is worth about {count} real examples per class.",
        "Según la curva, el conjunto sintético equivale a unos {count} ejemplos reales por clase.",
    ),
    "worth_more": (
        "By the curve, the synthetic training set is worth more than {count} real examples per class, where the curve ends.",
        "Según la curva, el conjunto sintético vale más de {count} ejemplos reales por clase, donde la curva termina.",
    ),
    "worth_less": (
        "By the curve, the synthetic training set is worth less than {count} real examples per class, where the curve begins.",
        "Según la curva, el conjunto sintético vale menos de {count} ejemplos reales por clase, donde la curva empieza.",
    ),
    "per_class": ("By class, trained on synthetic rows", "Por clase, entrenado con filas sintéticas"),
    "privacy_told": (
        "These numbers can show that something is wrong; they cannot prove that nothing is. Distances miss leaks that "
        "attacks find. Only a differential-privacy guarantee bounds what anybody could learn.",
        "Estas cifras pueden mostrar que algo va mal; no pueden probar que nada vaya mal. Las distancias no ven fugas que los "
        "ataques sí encuentran. Solo una garantía de privacidad diferencial acota lo que alguien podría averiguar.",
    ),
    "repeat_told": ("The same recipe with the same versions gives the same result, whose digest is {digest}.",
                    "La misma receta con las mismas versiones da el mismo resultado, cuya huella es {digest}."),
    "run_id": ("run", "ejecución"),
    "finished": ("finished", "terminada"),
    "seconds": ("seconds", "segundos"),
    "cores": ("cores", "núcleos"),
    "seed": ("seed", "semilla"),
    "version": ("version of {name}", "versión de {name}"),
    "recipe": ("Recipe", "Receta"),
    "made_by": ("Made by Trasunto", "Hecho con Trasunto"),
    "worst_columns": ("What differs most", "Lo que más difiere"),
    "repeat_private": (
        "The digest of the result is {digest}. The noise of a private fit has no seed, so that nobody can take it away: "
        "a second run gives other rows, and spends its budget once more. Rows drawn from the saved model repeat, with "
        "the same seed, and cost nothing.",
        "La huella del resultado es {digest}. El ruido de un ajuste privado no tiene semilla, para que "
        "nadie pueda quitarlo: otra ejecución da otras filas y vuelve a gastar su presupuesto. Las filas que se generan "
        "con el modelo guardado se repiten con la misma semilla y no cuestan nada.",
    ),
    "repeats": ("Drawn again", "Generado otra vez"),
    "repeats_told": (
        "What {count} draws from the same model score, each with its own seed. It tells what chance in drawing changes, not "
        "what other real rows would; for that see the intervals above.",
        "Lo que puntúan {count} muestreos del mismo modelo, cada uno con su semilla. Dice lo que cambia el azar del muestreo, "
        "no lo que cambiarían otras filas reales; para eso están los intervalos de arriba.",
    ),
    "mean": ("mean", "media"),
    "deviation": ("standard deviation", "desviación típica"),
    "interval_of_mean": ("95 % interval of the mean", "intervalo 95 % de la media"),
    "rules": ("Rules of the schema", "Reglas del esquema"),
    "rule": ("rule", "regla"),
    "broken_made": ("synthetic rows that break it", "filas sintéticas que la incumplen"),
    "broken_real": ("real rows that break it", "filas reales que la incumplen"),
    "and_more": ("… and {count} more.", "… y {count} más."),
    # arms
    "arm_synthetic": ("synthetic", "sintético"),
    "arm_real": ("real", "real"),
    "arm_synthetic then real": ("synthetic then real", "sintético y luego real"),
    "arm_majority": ("the most frequent class, always", "siempre la clase más frecuente"),
    "arm_tf-idf, real": ("real (word counts)", "real (recuento de palabras)"),
    "arm_tf-idf, synthetic": ("synthetic (word counts)", "sintético (recuento de palabras)"),
    "arm_few": ("real, {count} per class", "real, {count} por clase"),
    # figures
    "fig_shapes": ("Columns, real and synthetic", "Columnas, reales y sintéticas"),
    "fig_shapes_caption": (
        "Share of rows in each bin or category (…: all others, ∅: missing). Bins with few real rows are joined to others.",
        "Proporción de filas en cada intervalo o categoría (…: las demás, ∅: faltan). Los intervalos con pocas filas reales se unen.",
    ),
    "fig_scores": ("Scores with interval, control and baseline", "Cifras con intervalo, control y referencia"),
    "fig_scores_caption": (
        "Dot: synthetic rows, with 95 % interval. Diamond: control. Cross: baseline. Dashed: the best there is.",
        "Punto: filas sintéticas, con intervalo del 95 %. Rombo: control. Aspa: referencia. Discontinua: lo óptimo.",
    ),
    "fig_tells": ("Columns that give synthetic rows away", "Columnas que delatan las filas sintéticas"),
    "fig_tells_caption": (
        "Chance that one column alone tells a synthetic row from an unseen real one; 0.5 means it cannot.",
        "Probabilidad de que una sola columna distinga una fila sintética de una real no vista; 0,5 es que no puede.",
    ),
    "fig_trends": ("How far columns hang together", "Cuánto dependen entre sí las columnas"),
    "fig_trends_caption": (
        "Cramér's V of each pair of columns, numbers cut at real quartiles: real, synthetic, and the difference.",
        "V de Cramér de cada par de columnas, números cortados en cuartiles reales: real, sintético y la diferencia.",
    ),
    "fig_curves": ("Training curves", "Curvas de entrenamiento"),
    "fig_curves_caption": ("Loss as training went on.", "Pérdida a lo largo del entrenamiento."),
    "fig_curves_course": (
        "Loss as training went on: {steps} of {planned} steps in {seconds} s; {why}.",
        "Pérdida a lo largo del entrenamiento: {steps} de {planned} pasos en {seconds} s; {why}.",
    ),
    "all epochs done": ("all epochs done", "todas las épocas hechas"),
    "the validation loss had stopped falling": (
        "the validation loss had stopped falling", "la pérdida de validación ya no bajaba",
    ),
    "interrupted; the best so far is kept": (
        "interrupted, the best until then is kept", "interrumpido, se conserva lo mejor hasta entonces",
    ),
    "time limit": ("the time limit was reached", "se alcanzó el límite de tiempo"),
    "fig_arms": ("What each training set is worth", "Cuánto vale cada conjunto de entrenamiento"),
    "fig_arms_caption": ("Macro F1 on unseen real rows, with 95 % interval.", "F1 macro en filas reales no vistas, con intervalo del 95 %."),
    "fig_few": ("How many real examples is it worth?", "¿Cuántos ejemplos reales vale?"),
    "fig_few_caption": (
        "Macro F1 against real examples per class: mean of the draws, lowest and highest. The line is what synthetic rows alone reach.",
        "F1 macro según los ejemplos reales por clase: media de los sorteos, mínimo y máximo. La línea es lo que alcanzan solo las sintéticas.",
    ),
    "fig_confusion": ("Which classes are mistaken", "Qué clases se confunden"),
    "fig_confusion_caption": (
        "Share of each true class (rows) that was given each answer (columns), trained on synthetic rows.",
        "Proporción de cada clase verdadera (filas) que recibió cada respuesta (columnas), entrenado con sintéticas.",
    ),
    "share": ("share", "proporción"),
    "step": ("step", "paso"),
    "loss": ("loss", "pérdida"),
    "difference_word": ("difference", "diferencia"),
    "truth": ("true class", "clase verdadera"),
    "answer": ("answer", "respuesta"),
    "per_class_axis": ("real examples per class", "ejemplos reales por clase"),
    "training loss": ("training loss", "pérdida de entrenamiento"),
    "validation loss": ("validation loss", "pérdida de validación"),
    "critic's gap": ("critic's gap", "distancia del crítico"),
    "conditions missed": ("conditions missed", "condiciones falladas"),
    "writer": ("writer: {name}", "generador: {name}"),
    **SENTENCES,
    **CLASSIFIED,
    **WRITTEN,
    **COMPARED,
    **FAIRNESS,
    **RELATED,
    **RISKS,
    **TEXT_RISKS,
}  # fmt: skip


def say(key: str, language: str, **values: Any) -> str:
    """The words of a key in a language, filled in. KeyError for a key that has no words."""
    text = WORDS[key][0 if language == "en" else 1]
    return text.format(**values) if values else text


def known(key: str) -> bool:
    return key in WORDS


def number(value: float | None, language: str, digits: int = 3) -> str:
    """A number as it is written in the language: 0.973 or 0,973; 1,234 or 1.234 for whole ones."""
    if value is None:
        return "–"
    if isinstance(value, int) or (float(value).is_integer() and abs(value) >= 10):
        text = f"{int(value):,}"
    else:
        text = f"{value:,.{digits + 1 if 0 < abs(value) < 0.01 else digits}f}"
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def percent(value: float, language: str) -> str:
    return f"{number(100 * value, language, 1)} %"


def within(interval: tuple[float, float] | None, language: str, written: Callable[[float, str], str] = number) -> str:
    """Both ends of an interval, named, to stand behind a sentence; "" without one."""
    if interval is None:
        return ""
    return f" · {say('interval', language)}: {' … '.join(written(end, language) for end in interval)}"


def ends(interval: tuple[float, float] | None, language: str) -> str:
    """Both ends of an interval."""
    return f"{number(interval[0], language)} … {number(interval[1], language)}" if interval else "–"
