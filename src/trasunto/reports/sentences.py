"""What a report says about limits, and how to read each metric, in English and Spanish."""

SENTENCES: dict[str, tuple[str, str]] = {
    "faithful_alone": (
        "Hard to tell from training rows, as copies of them would be. Give a holdout.",
        "Difícil de distinguir de las filas de entrenamiento, como lo serían sus copias. Hace falta una reserva.",
    ),
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
        "{high}). The rows lean on the people the synthesizer was fitted to. Next: see what attacks find, and fit with "
        "settings that smooth more.",
        "El {value} de las filas sintéticas está más cerca de una fila de entrenamiento que de una no vista (azar: 50 %; "
        "intervalo {low} a {high}). Las filas se apoyan en las personas con que se ajustó el sintetizador. Siguiente paso: ver "
        "qué encuentran los ataques y ajustar con parámetros que suavicen más.",
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
    "limit_constraints": (
        "Synthetic rows break rules of the schema more often than real ones do: {rules}. Next: fit a synthesizer with this "
        "schema, which holds them by construction.",
        "Las filas sintéticas incumplen reglas del esquema más que las reales: {rules}. Siguiente paso: ajustar un "
        "sintetizador con este esquema, que las cumple por construcción.",
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
    "fidelity.triples": (
        "Mean difference between the three-way tables of columns, real and synthetic; 0 is equal.",
        "Diferencia media entre las tablas de tres columnas, reales y sintéticas; 0 es igualdad.",
    ),
    "fidelity.constraints": (
        "Share of synthetic rows that break a confirmed rule of the schema, mean over the rules; 0 is best.",
        "Proporción de filas sintéticas que incumplen una regla confirmada del esquema, media de las reglas; 0 es lo mejor.",
    ),
    "fidelity.precision": (
        "Share of synthetic rows close to a training row; compare with the control.",
        "Proporción de filas sintéticas próximas a una de entrenamiento; compárese con el control.",
    ),
    "fidelity.recall": (
        "Share of training rows close to a synthetic row; compare with the control.",
        "Proporción de filas de entrenamiento próximas a una sintética; compárese con el control.",
    ),
    "fidelity.density": (
        "How many training rows lie around a synthetic row, as a share of what is usual; may exceed 1.",
        "Cuántas filas de entrenamiento rodean a una sintética, como proporción de lo habitual; puede pasar de 1.",
    ),
    "fidelity.coverage": (
        "Share of training rows with a synthetic row in their neighbourhood; compare with the control.",
        "Proporción de filas de entrenamiento con una sintética en su vecindad; compárese con el control.",
    ),
    "fidelity.alpha_precision": (
        "Whether synthetic rows lie as far from the middle as real ones; 1 is full agreement.",
        "Si las filas sintéticas distan del centro tanto como las reales; 1 es acuerdo total.",
    ),
    "fidelity.beta_recall": (
        "Whether synthetic rows reach real rows as evenly as they should; 1 is full agreement.",
        "Si las filas sintéticas alcanzan las reales con la uniformidad debida; 1 es acuerdo total.",
    ),
    "fidelity.c2st": (
        "Chance that a classifier scores a synthetic row above an unseen real one; 0.5 means it cannot tell.",
        "Probabilidad de que un clasificador puntúe una fila sintética por encima de una real no vista; 0,5 es que no distingue.",
    ),
    "fidelity.text": (
        "Chance that a classifier of words tells a synthetic text from an unseen real one; 0.5 means it cannot tell.",
        "Probabilidad de que un clasificador de palabras distinga un texto sintético de uno real no visto; 0,5 es que no puede.",
    ),
    "fidelity.mauve": (
        "How much of what synthetic and unseen texts say both say equally often (MAUVE); 1 is all; compare with the control.",
        "Cuánto de lo que dicen los textos sintéticos y los no vistos lo dicen ambos por igual (MAUVE); 1 es todo; compárese "
        "con el control.",
    ),
    "fidelity.topics": (
        "Share of the topics of the training texts that the synthetic ones write about.",
        "Proporción de los temas de los textos de entrenamiento que tratan los sintéticos.",
    ),
    "fidelity.topic_precision": (
        "Share of the synthetic texts that are about a topic of the training texts; compare with the control.",
        "Proporción de los textos sintéticos que tratan un tema de los de entrenamiento; compárese con el control.",
    ),
    "fidelity.vendi": (
        "Effective number of different texts (Vendi score); as high as in real texts is best.",
        "Número efectivo de textos distintos (Vendi); lo mejor es tanto como en los textos reales.",
    ),
    "fidelity.self_bleu": (
        "How much each text repeats the others (mean BLEU-4); above that of real texts they say the same again and again.",
        "Cuánto repite cada texto a los demás (BLEU-4 medio); por encima del de los reales, dicen lo mismo una y otra vez.",
    ),
    "fidelity.distinct_1": (
        "Different words over all words; as high as in real texts is best.",
        "Palabras distintas entre todas las palabras; lo mejor es tanto como en los textos reales.",
    ),
    "fidelity.distinct_3": (
        "Different runs of three words over all; as high as in real texts is best.",
        "Tríos de palabras distintos entre todos; lo mejor es tanto como en los textos reales.",
    ),
    "fidelity.class_balance": (
        "Share of rows that would need another class for all classes to be as frequent as in the real rows; 0 is equal.",
        "Proporción de filas que necesitarían otra clase para que todas fueran tan frecuentes como en las reales; 0 es igualdad.",
    ),
    "fidelity.label_agreement": (
        "Share of synthetic texts that a classifier trained on real ones gives the label they carry; below the control is label noise.",
        "Proporción de textos sintéticos a los que un clasificador entrenado con reales da la etiqueta que llevan; por debajo del "
        "control es ruido.",
    ),
    "fidelity.class_text": (
        "Chance that a synthetic text is told from an unseen one of its class, mean over classes; 0.5 means it is not.",
        "Probabilidad de distinguir un texto sintético de uno no visto de su clase, media de las clases; 0,5 es que no se distingue.",
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
    "utility.learners": (
        "The same, mean over four ways to learn (linear, random trees, boosted trees, neighbours).",
        "Lo mismo, media de cuatro formas de aprender (lineal, árboles al azar, árboles potenciados, vecinos).",
    ),
    "utility.learners_accuracy": ("Accuracy, mean over the four.", "Exactitud, media de las cuatro."),
    "utility.learners_precision": ("Macro precision, mean over the four.", "Precisión macro, media de las cuatro."),
    "utility.learners_recall": ("Macro recall, mean over the four.", "Exhaustividad macro, media de las cuatro."),
    "utility.learners_f1": ("Macro F1, mean over the four.", "F1 macro, media de las cuatro."),
    "utility.learners_rmse": (
        "Root of the mean squared error in the target's units, mean over the four.",
        "Raíz del error cuadrático medio en unidades del objetivo, media de las cuatro.",
    ),
    "utility.learners_mae": (
        "Mean absolute error in the target's units, mean over the four.",
        "Error absoluto medio en unidades del objetivo, media de las cuatro.",
    ),
    "utility.augmentation": (
        "What a model gains on unseen real rows when synthetic rows are added to the real ones; above 0 they help.",
        "Lo que gana un modelo en filas reales no vistas al añadir filas sintéticas a las reales; por encima de 0 ayudan.",
    ),
    "privacy.exact_copies": (
        "Share of synthetic rows that repeat a training row; control: how many unseen real rows do.",
        "Proporción de filas sintéticas que repiten una de entrenamiento; control: cuántas reales no vistas lo hacen.",
    ),
    "privacy.nearer_to_train": (
        "Share of synthetic rows nearer to a training row than to an unseen one; 0.5 is chance.",
        "Proporción de filas sintéticas más cercanas a una de entrenamiento que a una no vista; 0,5 es el azar.",
    ),
    "privacy.authenticity": (
        "Share of synthetic rows no nearer to a training row than its nearest other; far below the control is copying.",
        "Proporción de filas sintéticas no más cercanas a una de entrenamiento que su vecina; muy bajo el control es copia.",
    ),
    "privacy.verbatim_text": (
        "Share of synthetic texts that repeat eight words in a row of a private text and of no unseen one.",
        "Proporción de textos sintéticos que repiten ocho palabras seguidas de un texto privado y de ninguno no visto.",
    ),
    "fidelity.text_words": (
        "Share of words that would have to be exchanged to make the two sides use words equally; 0 is equal.",
        "Proporción de palabras que habría que cambiar para que ambos lados usen las palabras por igual; 0 es igualdad.",
    ),
    "privacy.longest_run": (
        "Words of the longest run that a synthetic text shares with a training text; control: unseen texts.",
        "Palabras de la secuencia más larga que un texto sintético comparte con uno de entrenamiento; control: no vistos.",
    ),
    "privacy.exact_text": (
        "Share of synthetic texts that equal a private text.",
        "Proporción de textos sintéticos iguales a un texto privado.",
    ),
}  # fmt: skip
