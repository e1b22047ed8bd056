"""What the page of a comparison says, in English and Spanish."""

from __future__ import annotations

COMPARED: dict[str, tuple[str, str]] = {
    "compare.title": ("Likeness, privacy and time", "Parecido, privacidad y tiempo"),
    "compare.caption": (
        "Down and to the left is better in both charts. A filled point is one that no other equals in all three; "
        "bars are the standard deviation over repeats. Grey: real rows as references. An arrow points to what "
        "lies beyond the edge.",
        "Abajo y a la izquierda es mejor en ambos gráficos. Un punto relleno es uno que ningún otro iguala en los"
        " tres; las barras son la desviación típica entre repeticiones. Gris: filas reales de referencia. Una "
        "flecha señala lo que queda más allá del borde.",
    ),
    "compare.fidelity.c2st": ("told from real rows (C2ST), 0.5 best", "distinguibles de las reales (C2ST), 0,5 óptimo"),
    "compare.fidelity.text": ("told from real texts, 0.5 best", "distinguibles de textos reales, 0,5 óptimo"),
    "compare.privacy.nearer_to_train": (
        "nearer to a training row, 0.5 best",
        "más cerca del entrenamiento, 0,5 óptimo",
    ),
    "compare.privacy.verbatim_text": ("repeats a private text, 0 best", "repite un texto privado, 0 óptimo"),
    "compare.seconds": ("fit + sample, seconds", "ajuste + muestreo, segundos"),
    "compare.synthesizer": ("synthesizer", "sintetizador"),
    "compare.brought": ("made elsewhere", "hechas en otro lugar"),
    "compare.reference": ("reference", "referencia"),
    "compare.unbeaten": (
        "No other equals these in likeness, privacy and time together: {names}.",
        "Ningún otro iguala a estos en parecido, privacidad y tiempo a la vez: {names}.",
    ),
    "compare.likeness": (
        "Most like the real rows: {name} ({value}).",
        "El más parecido a las filas reales: {name} ({value}).",
    ),
    "compare.privacy": (
        "Leans least on the rows it learnt from: {name} ({value}).",
        "El que menos se apoya en las filas de que aprendió: {name} ({value}).",
    ),
    "compare.time": ("Fastest: {name} ({value} s).", "El más rápido: {name} ({value} s)."),
    "compare.alone": ("Nothing was drawn yet that could be judged.", "Aún no hay nada que juzgar."),
    "compare.stopped": (
        "The comparison was stopped before its end: what was done until then is told.",
        "La comparación se detuvo antes de terminar: se cuenta lo hecho hasta entonces.",
    ),
    "compare.table": ("Side by side", "Lado a lado"),
    "compare.told": (
        "Mean over {seeds} repeats ± standard deviation. ● is one that no other equals in likeness, privacy and "
        "time. Every repeat fits and draws with a seed of its own, and draws as many rows as it learns from.",
        "Media de {seeds} repeticiones ± desviación típica. ● es uno que ningún otro iguala en parecido, "
        "privacidad y tiempo. Cada repetición ajusta y muestrea con su propia semilla, y genera tantas filas como"
        " aprende.",
    ),
    "compare.told_once": (
        "One repeat, so that nothing tells how far figures spread. ● is one that no other equals in likeness, privacy "
        "and time. As many rows are drawn as are learnt from.",
        "Una sola repetición, así que nada dice cuánto varían las cifras. ● es uno que ningún otro iguala en parecido, "
        "privacidad y tiempo. Se generan tantas filas como se aprenden.",
    ),
    "compare.best_there_is": (
        "● No other equals it in likeness, privacy and time. Best: C2ST and nearer 0.5, copies 0, TSTR 1.",
        "● Ningún otro lo iguala en parecido, privacidad y tiempo. Óptimo: C2ST y cercanía 0,5, copias 0, TSTR 1.",
    ),
    "compare.wrote": (
        "Wrote {folder}/comparison.html, comparison.json, frontier.svg and frontier.png.",
        "Escritos {folder}/comparison.html, comparison.json, frontier.svg y frontier.png.",
    ),
    "compare.kept": (
        "Stopped. What was done until then is kept.",
        "Detenida. Se conserva lo hecho hasta entonces.",
    ),
    "compare.failed": ("What failed", "Lo que falló"),
    "compare.how": ("How it was compared", "Cómo se comparó"),
    "compare.split": (
        "{source}: {train} rows to learn from, {holdout} unseen rows to judge with, {columns} columns{target}.",
        "{source}: {train} filas para aprender, {holdout} filas no vistas para juzgar, {columns} columnas{target}.",
    ),
    "compare.target": (", to predict {name}", ", para predecir {name}"),
    "compare.cost": (
        "Times are wall time on {cores} cores, without reading and starting; the peak of memory is that of a "
        "process of its own, Python and libraries among it. Rows made elsewhere have neither.",
        "Los tiempos son de reloj con {cores} núcleos, sin lectura ni arranque; el pico de memoria es el de un "
        "proceso propio, con Python y sus bibliotecas. Las filas hechas en otro lugar no tienen ninguno.",
    ),
    "compare.references": (
        "References: unseen real rows stand in the place of synthetic ones (for C2ST training rows do, for TSTR "
        "the model is trained on real rows); each column by itself is what guessing gives; a bootstrap of the "
        "training rows is what copying gives.",
        "Referencias: filas reales no vistas en lugar de las sintéticas (en C2ST, filas de entrenamiento; en "
        "TSTR, el modelo se entrena con reales); cada columna por separado es lo que da adivinar; un remuestreo "
        "del entrenamiento es lo que da copiar.",
    ),
    "compare.glossary": ("How to read the numbers", "Cómo leer las cifras"),
}
