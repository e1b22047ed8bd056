"""Every fixed word of a report, in English and Spanish, and how numbers are written in each."""

from __future__ import annotations

from typing import Any

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
    "verbatim": ("copies of a private text", "copias de un texto privado"),
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
        "Share of rows in each bin or category. Bins with few real rows are joined to others.",
        "Proporción de filas en cada intervalo o categoría. Los intervalos con pocas filas reales se unen a otros.",
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
    "fig_arms": ("What each training set is worth", "Cuánto vale cada conjunto de entrenamiento"),
    "fig_arms_caption": ("Macro F1 on unseen real rows, with 95 % interval.", "F1 macro en filas reales no vistas, con intervalo del 95 %."),
    "fig_few": ("How many real examples is it worth?", "¿Cuántos ejemplos reales vale?"),
    "fig_few_caption": (
        "Macro F1 against real examples per class; the line is what synthetic rows alone reach.",
        "F1 macro según los ejemplos reales por clase; la línea es lo que alcanzan solo las filas sintéticas.",
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
    "writer": ("writer: {name}", "generador: {name}"),
    # limits
    "limit_c2st": (
        "A classifier tells synthetic rows from real ones with probability {value}. What gives them away most: {columns}. "
        "Next: look at those columns in the figure above and mend their kind or format in the schema, or try another synthesizer.",
        "Un clasificador distingue las filas sintéticas de las reales con probabilidad {value}. Lo que más las delata: "
        "{columns}. Siguiente paso: mirar esas columnas en la figura y corregir su tipo o formato en el esquema, o probar otro "
        "sintetizador.",
    ),
    "limit_nearer": (
        "{value} of the synthetic rows lie nearer to a training row than to an unseen one (chance: 50 %; interval {low} to "
        "{high}). The synthesizer leans on the people it was fitted to. Next: raise min_leaf or shrink, or release fewer rows.",
        "El {value} de las filas sintéticas está más cerca de una fila de entrenamiento que de una no vista (azar: 50 %; "
        "intervalo {low} a {high}). El sintetizador se apoya en las personas con que se ajustó. Siguiente paso: subir min_leaf "
        "o shrink, o publicar menos filas.",
    ),
    "limit_copies": (
        "{value} of the synthetic rows repeat a training row, more than unseen real rows do ({control}). Next: do not release "
        "before it is known why.",
        "El {value} de las filas sintéticas repite una fila de entrenamiento, más que las filas reales no vistas ({control}). "
        "Siguiente paso: no publicar antes de saber por qué.",
    ),
    "limit_verbatim": (
        "{value} of the synthetic texts repeat a private text word for word ({control} of unseen texts do). Next: do not "
        "release those texts.",
        "El {value} de los textos sintéticos repite literalmente un texto privado (lo hace el {control} de los no vistos). "
        "Siguiente paso: no publicar esos textos.",
    ),
    "limit_text": (
        "A classifier of words tells synthetic texts from real ones with probability {value}: they read differently. Next: more "
        "epochs, more private texts, or a larger base model.",
        "Un clasificador de palabras distingue los textos sintéticos de los reales con probabilidad {value}: se leen distinto. "
        "Siguiente paso: más épocas, más textos privados o un modelo base mayor.",
    ),
    "limit_below": (
        "The language model trained on synthetic rows is below the one trained on real rows by {value} macro F1, beyond chance "
        "(interval {low} to {high}). Next: fine-tune it on a few real rows where that is allowed.",
        "El modelo entrenado con filas sintéticas queda por debajo del entrenado con reales en {value} de F1 macro, más de lo "
        "que explica el azar (intervalo {low} a {high}). Siguiente paso: ajustarlo con unas pocas filas reales si se permite.",
    ),
    "limit_tie": (
        "The language models trained on synthetic and on real rows cannot be told apart on this test (difference {value}, "
        "interval {low} to {high}): this is no proof that they are equal, only that {count} test rows do not show otherwise.",
        "Los modelos entrenados con filas sintéticas y reales no se distinguen en esta prueba (diferencia {value}, intervalo "
        "{low} a {high}): no prueba que sean iguales, solo que {count} filas de prueba no muestran lo contrario.",
    ),
    "limit_above": (
        "The language model trained on synthetic rows scored above the one trained on real rows (by {value}). Synthetic rows "
        "cannot know more than the real ones they were made from: take it as chance or as a different mix of classes.",
        "El modelo entrenado con filas sintéticas superó al entrenado con reales (por {value}). Las filas sintéticas no pueden "
        "saber más que las reales de las que salieron: tómese como azar o como otra mezcla de clases.",
    ),
    "limit_classes": (
        "Few test rows stand behind these classes: {classes}. Their figures are rough. Next: gather more real rows of them "
        "for the test.",
        "Pocas filas de prueba respaldan estas clases: {classes}. Sus cifras son aproximadas. Siguiente paso: reunir más filas "
        "reales de ellas para la prueba.",
    ),
    "limit_small": (
        "The holdout has {count} rows: differences smaller than the intervals mean nothing.",
        "La reserva tiene {count} filas: las diferencias menores que los intervalos no significan nada.",
    ),
    "limit_no_holdout": (
        "There was no holdout. Without unseen real rows nothing can tell learning from copying. Next: keep some rows back.",
        "No hubo reserva. Sin filas reales no vistas nada distingue aprender de copiar. Siguiente paso: reservar filas.",
    ),
    "limit_utility": (
        "A table model trained on synthetic rows reaches {value} of what real rows give.",
        "Un modelo de tablas entrenado con filas sintéticas alcanza el {value} de lo que dan las reales.",
    ),
    "limit_guarantee": (
        "There is no differential-privacy guarantee. The measures above look for signs of leaking; an attacker with other "
        "knowledge may find more. Treat the synthetic rows as personal data until an expert has judged them.",
        "No hay garantía de privacidad diferencial. Las medidas anteriores buscan señales de fuga; un atacante con otros "
        "conocimientos puede encontrar más. Trate las filas sintéticas como datos personales hasta que un experto las juzgue.",
    ),
    "limit_report": (
        "This report was computed from private rows. Its figures are counts and shares, but they are facts about real people in "
        "sum: share it with the same care as the synthetic data.",
        "Este informe se calculó con filas privadas. Sus cifras son recuentos y proporciones, pero hablan de personas reales en "
        "conjunto: compártalo con el mismo cuidado que los datos sintéticos.",
    ),
    "limit_seed": (
        "One split and one seed were used. Another split would give other numbers within the intervals, and now and then beyond.",
        "Se usó una sola división y una sola semilla. Otra división daría otras cifras dentro de los intervalos y, a veces, fuera.",
    ),
    # glossary: one sentence a metric
    "fidelity.shapes": (
        "Mean difference between the distributions of each column, real and synthetic; 0 is equal.",
        "Diferencia media entre las distribuciones de cada columna, real y sintética; 0 es igualdad.",
    ),
    "fidelity.trends": (
        "Mean difference between how pairs of columns hang together; 0 is equal.",
        "Diferencia media entre cómo se relacionan los pares de columnas; 0 es igualdad.",
    ),
    "fidelity.c2st": (
        "Chance that a classifier scores a synthetic row above an unseen real one; 0.5 means it cannot tell.",
        "Probabilidad de que un clasificador puntúe una fila sintética por encima de una real no vista; 0,5 es que no distingue.",
    ),
    "fidelity.text": (
        "Chance that a classifier of words tells a synthetic text from an unseen real one; 0.5 means it cannot tell.",
        "Probabilidad de que un clasificador de palabras distinga un texto sintético de uno real no visto; 0,5 es que no puede.",
    ),
    "fidelity.text_length": (
        "Difference between the lengths of synthetic and real texts; 0 is equal.",
        "Diferencia entre las longitudes de los textos sintéticos y reales; 0 es igualdad.",
    ),
    "fidelity.text_variety": (
        "Share of word pairs that occur once; as high as in real texts is best.",
        "Proporción de pares de palabras distintos; lo mejor es tanta como en los textos reales.",
    ),
    "utility.tstr": (
        "What a table model trained on synthetic rows reaches on unseen real rows (area under the curve, or R²); control: "
        "trained on real rows.",
        "Lo que un modelo de tablas entrenado con filas sintéticas alcanza en filas reales no vistas (área bajo la curva, o R²); "
        "control: entrenado con reales.",
    ),
    "utility.tstr_accuracy": ("The same as accuracy.", "Lo mismo, como exactitud."),
    "utility.tstr_f1": ("The same as macro F1.", "Lo mismo, como F1 macro."),
    "utility.tstr_ratio": (
        "What training on synthetic rows reaches, as a share of training on real rows.",
        "Lo que alcanza entrenar con filas sintéticas, como proporción de entrenar con reales.",
    ),
    "privacy.exact_copies": (
        "Share of synthetic rows that repeat a training row; control: how many unseen real rows do.",
        "Proporción de filas sintéticas que repiten una de entrenamiento; control: cuántas reales no vistas lo hacen.",
    ),
    "privacy.nearer_to_train": (
        "Share of synthetic rows nearer to a training row than to an unseen one; 0.5 is chance.",
        "Proporción de filas sintéticas más cercanas a una de entrenamiento que a una no vista; 0,5 es el azar.",
    ),
    "privacy.verbatim_text": (
        "Share of synthetic texts that repeat eight words in a row of a private text and of no unseen one.",
        "Proporción de textos sintéticos que repiten ocho palabras seguidas de un texto privado y de ninguno no visto.",
    ),
    "privacy.exact_text": (
        "Share of synthetic texts that equal a private text.",
        "Proporción de textos sintéticos iguales a un texto privado.",
    ),
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
