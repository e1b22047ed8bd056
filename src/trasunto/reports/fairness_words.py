"""What a report says of fairness, in English and Spanish."""

from __future__ import annotations

FAIRNESS: dict[str, tuple[str, str]] = {
    "fairness": ("Who is served, and how well", "A quién se sirve y cómo"),
    "fair.told": (
        "Groups of {columns} are compared, each with at least 30 rows. Models are trained on the synthetic rows and "
        "tested on unseen real ones; beside them stands the same model trained on real rows.",
        "Se comparan los grupos de {columns}, cada uno con al menos 30 filas. Los modelos se entrenan con las filas "
        "sintéticas y se prueban en reales no vistas; al lado está el mismo modelo entrenado con filas reales.",
    ),
    "fair.positive": ("The favourable outcome is “{positive}”.", "El resultado favorable es «{positive}»."),
    "fair.flags": (
        "Beyond a limit: whoever releases this must justify it in writing.",
        "Fuera de límite: quien lo publique debe justificarlo por escrito.",
    ),
    "fair.no_flags": ("No figure lies beyond its limit.", "Ninguna cifra está fuera de su límite."),
    "fair.flag": ("{name}, {subject}: {value} (limit {limit})", "{name}, {subject}: {value} (límite {limit})"),
    "fair.as_real": ("; so it is with real rows", "; también ocurre con filas reales"),
    "fair.amplified": (
        "{column}: synthesis has made the bias greater. A model trained on synthetic rows puts the groups {value} "
        "points further apart than one trained on real rows ({low} to {high}).",
        "{column}: la síntesis ha aumentado el sesgo. Un modelo entrenado con filas sintéticas separa a los grupos "
        "{value} puntos más que uno entrenado con reales ({low} a {high}).",
    ),
    "fair.reduced": (
        "{column}: synthesis has made the bias smaller, by {value} points ({low} to {high}).",
        "{column}: la síntesis ha reducido el sesgo, en {value} puntos ({low} a {high}).",
    ),
    "fair.kept": (
        "{column}: synthesis has kept the bias as it is ({low} to {high} points).",
        "{column}: la síntesis ha dejado el sesgo como estaba ({low} a {high} puntos).",
    ),
    "fair.small": (
        "Too few rows to be judged, and left out of every gap: {groups}.",
        "Con muy pocas filas para juzgarse, y fuera de toda diferencia: {groups}.",
    ),
    "fair.more": ("and {count} more", "y {count} más"),
    "fair.gaps": ("Gaps between groups", "Diferencias entre grupos"),
    "fair.repair": ("Repair", "Reparación"),
    "fair.altered": (
        "The distribution was deliberately altered: repair “{mode}”, intensity {intensity}. {outcomes} of the outcomes "
        "were changed, {rows} rows added; the other columns moved by at most {others}.",
        "La distribución se alteró a propósito: reparación «{mode}», intensidad {intensity}. Se cambió el {outcomes} "
        "de los resultados y se añadieron {rows} filas; las demás columnas se movieron como mucho {others}.",
    ),
    "fair.alone": (
        "Left as they were, having fewer than 30 rows: {groups}.",
        "Sin tocar, por tener menos de 30 filas: {groups}.",
    ),
    "fair.before": ("before", "antes"),
    "fair.after": ("after", "después"),
    "fair.cost": (
        "What it cost: {metric} changed by {value}.",
        "Lo que costó: {metric} cambió en {value}.",
    ),
    "fair.budgets": ("Who pays for privacy", "Quién paga la privacidad"),
    "fair.budget_head": ("epsilon", "épsilon"),
    "fair.error": ("error of all", "error de todos"),
    "fair.worst_group": ("worst group", "peor grupo"),
    "fair.worst_error": ("its error", "su error"),
    "fair.unequal": ("It loses over 3 times the mean", "Pierde más de 3 veces la media"),
    "fair.none": ("none", "ninguno"),
    "fair.yes": ("yes", "sí"),
    "fair.no": ("no", "no"),
    "fair.group": ("group", "grupo"),
    "fair.rate": ("share of the group", "proporción del grupo"),
    "fair.auc": ("area under the curve on unseen real rows", "área bajo la curva en filas reales no vistas"),
    "fair.parity_axis": ("demographic parity difference", "diferencia de paridad demográfica"),
    "fair.made": ("synthetic rows, and models trained on them", "filas sintéticas y modelos entrenados con ellas"),
    "fair.real": ("real rows", "filas reales"),
    "fair.label_rate": ("Outcome in the rows", "Resultado en las filas"),
    "fair.selection_rate": ("Model says it", "El modelo lo dice"),
    "fair.true_positive_rate": ("… of those who deserve it", "… de quienes lo merecen"),
    "fair.false_positive_rate": ("… of those who do not", "… de quienes no"),
    "mode_parity": ("parity", "paridad"),
    "mode_decisions": ("decisions", "decisiones"),
    "mode_odds": ("odds", "aciertos"),
    "mode_reweigh": ("reweigh", "reponderar"),
    "mode_rebalance": ("rebalance", "reequilibrar"),
    "mode_fill": ("fill", "rellenar"),
    "mode_counterfactual": ("counterfactual", "contrafactual"),
    "fig_groups": ("The favourable outcome, group by group", "El resultado favorable, grupo a grupo"),
    "fig_groups_caption": (
        "Share of each group with 95 % interval: in the rows, and as models trained on them say on unseen real rows.",
        "Proporción de cada grupo con intervalo del 95 %: en las filas, y según dicen modelos entrenados con ellas en "
        "filas reales no vistas.",
    ),
    "fig_repair": ("Before and after the repair", "Antes y después de la reparación"),
    "fig_repair_caption": (
        "Gaps between groups with 95 % interval; 0 is best.",
        "Diferencias entre grupos con intervalo del 95 %; 0 es lo mejor.",
    ),
    "fig_frontier": ("What fairness costs", "Lo que cuesta la equidad"),
    "fig_frontier_caption": (
        "Each point is a model trained on rows repaired so far; up and to the left is better.",
        "Cada punto es un modelo entrenado con filas reparadas hasta ahí; arriba y a la izquierda es mejor.",
    ),
    "fairness.representation": (
        "Largest difference of a group's share of the synthetic rows from its share of the training rows.",
        "Mayor diferencia entre la proporción de un grupo en las filas sintéticas y en las de entrenamiento.",
    ),
    "fairness.share": ("Share of a group of all rows.", "Proporción de un grupo entre todas las filas."),
    "fairness.parity": (
        "How much more often the favourable outcome stands in the rows of one group than of another; 0 is as often.",
        "Cuánto más a menudo está el resultado favorable en las filas de un grupo que en las de otro; 0 es igual.",
    ),
    "fairness.label_rate": (
        "Share of a group's rows with the favourable outcome.",
        "Proporción de filas de un grupo con el resultado favorable.",
    ),
    "fairness.missingness": (
        "How much more of one group's values are missing than of another's.",
        "Cuántos valores más faltan en un grupo que en otro.",
    ),
    "fairness.missing_share": (
        "Share of a group's values that are missing.",
        "Proporción de valores que faltan en un grupo.",
    ),
    "fairness.proxies": (
        "How much of a protected column one other column gives away: 0 nothing, 1 all.",
        "Cuánto delata otra columna de una protegida: 0 nada, 1 todo.",
    ),
    "fairness.subgroup_fidelity": (
        "How much further a group lies from its real rows than as many rows of everyone; 1 is as near.",
        "Cuánto más lejos está un grupo de sus filas reales que otras tantas filas de todos; 1 es igual de cerca.",
    ),
    "fairness.subgroup_shapes": (
        "Error of the columns' distributions within a group.",
        "Error de las distribuciones de las columnas en un grupo.",
    ),
    "fairness.subgroup_trends": (
        "Error of the correlations within a group.",
        "Error de las correlaciones en un grupo.",
    ),
    "fairness.demographic_parity": (
        "Largest difference between groups in how often a model gives the favourable answer; 0 is as often.",
        "Mayor diferencia entre grupos en la frecuencia con que un modelo da la respuesta favorable; 0 es igual.",
    ),
    "fairness.demographic_parity_ratio": (
        "The smallest share of favourable answers divided by the greatest; below 0.8 breaks the four-fifths rule.",
        "La menor proporción de respuestas favorables dividida por la mayor; menos de 0,8 rompe la regla "
        "de los cuatro quintos.",
    ),
    "fairness.selection_rate": (
        "Share of a group that is given the favourable answer.",
        "Proporción de un grupo que recibe la respuesta favorable.",
    ),
    "fairness.equalized_odds": (
        "Largest difference between groups in true or in false positives, whichever is worse; 0 is equal.",
        "Mayor diferencia entre grupos en verdaderos o en falsos positivos, la peor de las dos; 0 es igual.",
    ),
    "fairness.equalized_odds_ratio": (
        "The smallest rate divided by the greatest, of true or false positives.",
        "La menor tasa dividida por la mayor, de verdaderos o falsos positivos.",
    ),
    "fairness.equal_opportunity": (
        "Largest difference between groups in true positives.",
        "Mayor diferencia entre grupos en verdaderos positivos.",
    ),
    "fairness.true_positive_rate": (
        "Share of a group's favourable rows that are given the favourable answer.",
        "Proporción de filas favorables de un grupo que reciben la respuesta favorable.",
    ),
    "fairness.false_positive_rate": (
        "Share of a group's other rows that are given the favourable answer.",
        "Proporción de las demás filas de un grupo que reciben la respuesta favorable.",
    ),
    "fairness.predictive_parity": (
        "Largest difference between groups in how many favourable answers are right.",
        "Mayor diferencia entre grupos en cuántas respuestas favorables aciertan.",
    ),
    "fairness.precision": (
        "Share of a group's favourable answers that are right.",
        "Proporción de respuestas favorables de un grupo que aciertan.",
    ),
    "fairness.calibration": (
        "Largest difference, over groups, of the chance promised from what comes true.",
        "Mayor diferencia, entre grupos, de la probabilidad prometida y lo que se cumple.",
    ),
    "fairness.group_calibration": ("That difference in one group.", "Esa diferencia en un grupo."),
    "fairness.auc": (
        "Largest difference between groups in the area under the curve.",
        "Mayor diferencia entre grupos en el área bajo la curva.",
    ),
    "fairness.group_auc": ("Area under the curve within a group.", "Área bajo la curva dentro de un grupo."),
    "fairness.amplification": (
        "How much further apart a model trained on synthetic rows puts the groups than one trained on real rows.",
        "Cuánto más separa a los grupos un modelo entrenado con filas sintéticas que uno entrenado con reales.",
    ),
}
