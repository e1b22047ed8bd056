"""What a report says of models that label texts, in English and Spanish."""

from __future__ import annotations

CLASSIFIED: dict[str, tuple[str, str]] = {
    "auc": ("AUC", "AUC"),
    "ece": ("ECE", "ECE"),
    "brier": ("Brier score", "Brier"),
    "arm_synthetic + real": ("synthetic + real", "sintético + real"),
    "arm_synthetic + real, easy first": ("synthetic + real, easy ones first", "sintético + real, primero lo fácil"),
    "arm_mixed": ("real + {ratio} synthetic for each", "real + {ratio} sintéticos por cada uno"),
    "arm_few_with": ("real, {count} per class, + synthetic", "real, {count} por clase, + sintético"),
    "classified.told": (
        "Accuracy is micro F1 too. ECE, the calibration error, is how far a model's confidence lies from how often it is right; 0 "
        "is best.",
        "La exactitud es también la F1 micro. ECE, el error de calibración, es cuánto se aparta la confianza del modelo de la "
        "frecuencia con que acierta; 0 es lo óptimo.",
    ),
    "classified.difference": (
        "{arm} less real: {value} macro F1 (95 % interval {low} to {high}). Of {count} texts, only it is right on {one}, only "
        "the real-trained model on {other} (McNemar's test: p {p}).",
        "{arm} menos real: {value} de F1 macro (intervalo del 95 %: {low} a {high}). De {count} textos, solo acierta él en {one} "
        "y solo el entrenado con reales en {other} (prueba de McNemar: p {p}).",
    ),
    "classified.worth": (
        "To this model, {made} synthetic texts are worth about {count} real ones (95 % interval {low} to {high}).",
        "Para este modelo, {made} textos sintéticos valen unos {count} reales (intervalo del 95 %: {low} a {high}).",
    ),
    "classified.worth_more": (
        "To this model, {made} synthetic texts are worth more than all {count} real ones that were tried (95 % interval {low} "
        "to {high}).",
        "Para este modelo, {made} textos sintéticos valen más que los {count} reales que se probaron (intervalo del 95 %: {low} "
        "a {high}).",
    ),
    "classified.worth_less": (
        "To this model, {made} synthetic texts are worth less than {count} real ones, the fewest that were tried (95 % interval "
        "{low} to {high}).",
        "Para este modelo, {made} textos sintéticos valen menos que {count} reales, los menos que se probaron (intervalo del "
        "95 %: {low} a {high}).",
    ),
    "classified.at_least": ("{count} or more", "{count} o más"),
    "classified.at_most": ("{count} or fewer", "{count} o menos"),
    "classified.curve": ("Few real texts, without and with the synthetic ones", "Pocos textos reales, sin y con los sintéticos"),
    "classified.curve_told": (
        "Means over draws of the few real texts. The synthetic ones come from a generator that has learned from all training "
        "texts, not from the few alone; they count as far as the few show, in folds, that they help.",
        "Medias sobre varios sorteos de los pocos textos reales. Los sintéticos proceden de un generador que aprendió de todos "
        "los textos de entrenamiento, no solo de esos pocos; cuentan en la medida en que los pocos muestran que ayudan.",
    ),
    "classified.alone": ("F1, real alone", "F1, solo reales"),
    "classified.with": ("F1, with synthetic", "F1, con sintéticos"),
    "classified.gain": ("gain", "ganancia"),
    "classified.groups": ("By group", "Por grupo"),
    "classified.group": ("group", "grupo"),
    "classified.made_f1": ("F1, synthetic", "F1, sintético"),
    "classified.real_f1": ("F1, real", "F1, real"),
    "few_alone": ("real alone", "solo reales"),
    "few_with": ("real + synthetic", "reales + sintéticos"),
    "few_level": ("all synthetic, no real", "todos los sintéticos, ningún real"),
    "confidence": ("confidence", "confianza"),
    "right": ("share right", "proporción de aciertos"),
    "fig_reliability": ("Is the model as sure as it is right?", "¿Está el modelo tan seguro como acierta?"),
    "fig_reliability_caption": (
        "Share of right answers against confidence; the larger the dot, the more answers. On the line a model is as sure as it "
        "is right, below it too sure.",
        "Proporción de aciertos según la confianza; cuanto mayor el punto, más respuestas. Sobre la línea, el modelo está tan "
        "seguro como acierta; por debajo, demasiado seguro.",
    ),
}  # fmt: skip
