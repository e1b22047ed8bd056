"""What a run says of its guarantee, in English as it is recorded, and in Spanish."""

from __future__ import annotations

import re

# (pattern of the recorded sentence, Spanish), with what the pattern catches in its places.
SPOKEN: tuple[tuple[str, str], ...] = (
    (r"Names, kinds, roles, keys and written formats of the columns are taken as public\.", "Los nombres, tipos, papeles, claves y formatos escritos de las columnas se tienen por públicos."),
    (r"What these columns may hold was declared and is taken as public: (.+)\.", "Lo que pueden contener estas columnas se declaró y se tiene por público: {0}."),
    (r"Values outside that are counted as missing, or at random where none may be missing\.", "Los valores fuera de ello se cuentan como ausentes, o al azar donde no puede faltar ninguno."),
    (r"The rules of the table are taken as public; rows that break one are left out\.", "Las reglas de la tabla se tienen por públicas; las filas que incumplen alguna se excluyen."),
    (r"Identifiers are made up without a look at the real ones\.", "Los identificadores se inventan sin mirar los reales."),
    (r"The number of rows, ([\d,]+), is taken as public\.", "El número de filas, {0}, se tiene por público."),
    (r"At most (\d+) rows of each person in '(.+)', chosen at random, are learnt from; rows that name no person are left out\.", "De cada persona de «{1}» se aprende de {0} filas como máximo, elegidas al azar; las filas que no nombran a nadie se excluyen."),
    (r"How long the fit took is not hidden, and scores against real rows are outside the claim\.", "No se oculta cuánto tardó el ajuste, y las cifras frente a filas reales quedan fuera de la afirmación."),
    (r"Noise came from a generator that was injected for a test: nothing is guaranteed\.", "El ruido procedió de un generador inyectado para una prueba: no se garantiza nada."),
    (r"Noise of the gradients is floating-point, of the operating system's randomness, each the sum of four draws \(Holohan and Braghin 2021\): hardened against reading its bits, not exact\.", "El ruido de los gradientes es de coma flotante, de la aleatoriedad del sistema operativo, cada uno suma de cuatro extracciones (Holohan y Braghin 2021): endurecido frente a la lectura de sus bits, no exacto."),
    (r"The number of steps, the sampling rate, the clipping and the other settings were not chosen by looking at the private rows\.", "El número de pasos, la tasa de muestreo, el recorte y los demás ajustes no se eligieron mirando las filas privadas."),
    (r"Sums of gradients are taken as exact, though they are computed in floating point\.", "Las sumas de gradientes se tienen por exactas, aunque se calculan en coma flotante."),
    (r"Marginals that the model misses most, chosen and measured in rounds \(AIM\)\. Discrete Gaussian noise and the exponential mechanism, added up as zCDP\.", "Marginales en que más falla el modelo, elegidas y medidas por rondas (AIM). Ruido gaussiano discreto y mecanismo exponencial, sumados como zCDP."),
    (r"Marginals of pairs that hang all columns together \(MST\)\. Discrete Gaussian noise and the exponential mechanism, added up as zCDP\.", "Marginales de pares que enlazan todas las columnas (MST). Ruido gaussiano discreto y mecanismo exponencial, sumados como zCDP."),
    (r"Marginals that the model misses most, chosen and measured in rounds \(AIM\)\. The rows of one family weigh as one row together in each table\. Discrete Gaussian noise and the exponential mechanism, added up as zCDP\.", "Marginales en que más falla el modelo, elegidas y medidas por rondas (AIM). Las filas de una familia pesan juntas como una fila en cada tabla. Ruido gaussiano discreto y mecanismo exponencial, sumados como zCDP."),
    (r"Marginals of pairs that hang all columns together \(MST\)\. The rows of one family weigh as one row together in each table\. Discrete Gaussian noise and the exponential mechanism, added up as zCDP\.", "Marginales de pares que enlazan todas las columnas (MST). Las filas de una familia pesan juntas como una fila en cada tabla. Ruido gaussiano discreto y mecanismo exponencial, sumados como zCDP."),
    (r"A family is a row of '(.+)' with all rows that hang from it; rows that hang from none are left out\.", "Una familia es una fila de «{0}» con todas las filas que dependen de ella; las que no dependen de ninguna se excluyen."),
    (r"These tables are taken as public and are copied as they are: (.+)\.", "Estas tablas se tienen por públicas y se copian tal cual: {0}."),
    (r"At most (\d+) rows of '(.+)' for one row of '(.+)' are learnt from\.", "Se aprende de {0} filas de «{1}» como máximo por cada fila de «{2}»."),
    (r"A row of '(.+)' counts with each row of '(.+)' that refers to it\.", "Una fila de «{0}» cuenta con cada fila de «{1}» que se refiere a ella."),
    (r"Which other rows (.+) leads to is not learnt: new ones are picked at random\.", "No se aprende a qué otras filas lleva {0}: las nuevas se eligen al azar."),
    (r"The number of rows of '(.+)', ([\d,]+), is taken as public\.", "El número de filas de «{0}», {1}, se tiene por público."),
    (r"Of each '(.+)' the first ([\d,]+) events at most are learnt from\.", "De cada «{0}» se aprende de los primeros {1} eventos como máximo."),
    (r"The number of entities, ([\d,]+), is taken as public\.", "El número de entidades, {0}, se tiene por público."),
    (r"discrete Gaussian noise, exponential mechanism", "ruido gaussiano discreto, mecanismo exponencial"),
    (r"rows of (\S+)", "filas de {0}"),
    (r"times of first rows of (.+)", "momentos de las primeras filas de {0}"),
    (r"times of next rows of (.+)", "momentos de las filas siguientes de {0}"),
    (r"values of first rows of (.+)", "valores de las primeras filas de {0}"),
    (r"values of next rows of (.+)", "valores de las filas siguientes de {0}"),
    (r"(\d+) marginals; noise on the last has a standard deviation of ([\d.]+) families\.", "{0} marginales; el ruido de la última tiene una desviación típica de {1} familias."),
    (r"most (?:rows|events) of (.+) for one row of (.+)", "máximo de filas de {0} por fila de {1}"),
    (r"most events of one entity", "máximo de eventos de una entidad"),
    (r"number of (.+)", "número de {0}"),
    (r"Marginals that the model misses most, chosen and measured in rounds \(AIM\)\.", "Marginales en que más falla el modelo, elegidas y medidas por rondas (AIM)."),
    (r"Marginals of pairs that hang all columns together \(MST\)\.", "Marginales de pares que enlazan todas las columnas (MST)."),
    (r"PrivBayes: noisy tables of a Bayesian network whose parents are chosen by the exponential mechanism", "PrivBayes: tablas con ruido de una red bayesiana cuyos padres se eligen con el mecanismo exponencial"),
    (r"DP-SGD: clipped gradients of single rows of Poisson samples, under Gaussian noise", "DP-SGD: gradientes recortados de filas sueltas de muestras de Poisson, con ruido gaussiano"),
    (r"DP-SGD \(Abadi et al\. 2016\)", "DP-SGD (Abadi et al. 2016)"),
    (r"discrete Gaussian noise", "ruido gaussiano discreto"),
    (r"discrete Laplace noise", "ruido de Laplace discreto"),
    (r"Gaussian mechanism", "mecanismo gaussiano"),
    (r"exponential mechanism", "mecanismo exponencial"),
    (r"noise multiplier ([\d.e+-]+)", "multiplicador del ruido {0}"),
    (r"categories of (.+)", "categorías de {0}"),
    (r"bounds of (.+)", "límites de {0}"),
    (r"number of rows", "número de filas"),
    (r"those above a threshold", "las que superan un umbral"),
    (r"counts of the values of each column", "recuentos de los valores de cada columna"),
    (r"the weights of the network", "los pesos de la red"),
    (r"Histogram of each column", "Histograma de cada columna"),
    (r"Histogram of the groups of each column", "Histograma de los grupos de cada columna"),
    (r"Histogram of the groups of each column, again, with what was left", "Histograma de los grupos de cada columna, otra vez, con lo que quedaba"),
    (r"Choice of (\d+) marginals", "Elección de {0} marginales"),
    (r"Marginal of (.+)", "Marginal de {0}"),
    (r"(.+) cells, standard deviation of the noise ([\d.,]+) rows\.", "{0} celdas, desviación típica del ruido de {1} filas."),
    (r"a table of each column with '(.+)'", "una tabla de cada columna con «{0}»"),
    (r"a table of each column", "una tabla de cada columna"),
    (r"(\d+) choices of a parent", "{0} elecciones de un padre"),
    (r"(\d+) tables of a column with its parents", "{0} tablas de una columna con sus padres"),
)  # fmt: skip


def spoken(text: str, language: str) -> str:
    """A sentence of the run in a language; as it was recorded, and marked so, where it has no other wording."""
    if language == "en" or not text:
        return text
    for pattern, spanish in SPOKEN:
        found = re.fullmatch(pattern, text)
        if found:
            return spanish.format(*(_number(each) for each in found.groups()))
    return f"«{text}» (en inglés en el registro)"


def _number(text: str) -> str:
    """A number as it is written in Spanish; other texts as they are."""
    return text.translate(str.maketrans(",.", ".,")) if re.fullmatch(r"[\d.,]+", text) else text
