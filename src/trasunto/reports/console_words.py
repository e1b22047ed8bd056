"""What `inspect`, `protect`, `reveal`, `audit`, `run`, `demo` and `evaluate` print, in English and Spanish."""

from __future__ import annotations

from typing import Any

_WORDS: dict[str, tuple[str, str]] = {
    "columns_head": ("column|kind|role|missing|different|values|why we think so", "columna|tipo|papel|faltan|distintos|valores|por qué lo creemos"),
    "scores_head": ("metric|value|95 % interval|best|baseline|control|how to read it", "métrica|valor|intervalo del 95 %|óptimo|referencia|control|cómo se lee"),
    "evaluations_head": ("trained on|rows|accuracy|precision|recall|macro F1|95 % interval of F1", "entrenado con|filas|exactitud|precisión|exhaustividad|F1 macro|intervalo del 95 % de F1"),
    "written_head": ("trained on|rows|95 % interval of", "entrenado con|filas|intervalo del 95 % de"),
    "unseen": ("Language model, tested on real rows that nothing has seen", "Modelo de lenguaje, probado con filas reales que nada ha visto"),
    "guarantee": ("Differential privacy: epsilon {epsilon}, delta {delta}, for each {unit}.", "Privacidad diferencial: épsilon {epsilon}, delta {delta}, por {unit}."),
    "gate_passed": ("Gate passed: {gate} ({found})", "Umbral cumplido: {gate} ({found})"),
    "gate_failed": ("Gate FAILED: {gate} ({found})", "Umbral NO cumplido: {gate} ({found})"),
    "measured": ("measured {value}", "medido {value}"), "unmeasured": ("not measured", "sin medir"),
    "finished": ("Done in {seconds} s. Report: {report}", "Hecho en {seconds} s. Informe: {report}"),
    "table": ("{name}: {rows}, {columns}", "{name}: {rows}, {columns}"),
    "ties": ("{name}: what ties its rows", "{name}: qué enlaza sus filas"),
    "ties_head": ("column|ties", "columna|enlace"),
    "key": ("tells its rows apart", "distingue sus filas"),
    "events": ("whose events they are, in order of {order}", "de quién son los hechos, en orden de {order}"),
    "rules": ("{name}: {rules}", "{name}: {rules}"),
    "rules_head": ("rule||why we think so", "regla||por qué lo creemos"),
    "held": ("held", "se mantiene"), "proposed": ("proposed", "propuesta"),
    "personal": ("{findings} about people: see `trasunto protect`", "{findings} sobre personas: véase `trasunto protect`"),
    "personal_head": ("column|what|category|where|rows|why we think so", "columna|qué|categoría|dónde|filas|por qué lo creemos"),
    "not_looked": ("Identifiers were not looked for. {why}", "No se buscaron identificadores. {why}"),
    "breach": ("Breach: {what}", "Incumplimiento: {what}"),
    "schema_written": ("Wrote {path}. Mend it by hand and give it back with --schema.", "Escrito {path}. Corríjase a mano y désele de vuelta con --schema."),
    "findings_head": ("column|what|category|where|rows|sure|why we think so", "columna|qué|categoría|dónde|filas|certeza|por qué lo creemos"),
    "done": ("What was done", "Qué se hizo"),
    "done_head": ("column|action|named by|rows changed|taken from text", "columna|medida|nombrada por|filas cambiadas|quitado del texto"),
    "policy_written": ("Wrote {path}. Read it, mend it, and give it back with --policy.", "Escrita {path}. Léase, corríjase y désele de vuelta con --policy."),
    "consent_may": ("Consent may stand in {columns}: name it in the policy under `consent`.", "El consentimiento puede estar en {columns}: nómbrese en la política bajo `consent`."),
    "k": ("k: {before} before, {after} after; rows alone in their group: {alone_before}, {alone_after}.", "k: {before} antes, {after} después; filas solas en su grupo: {alone_before}, {alone_after}."),
    "levels": ("Levels ({method}): {levels}. Information lost in them: {loss}.", "Niveles ({method}): {levels}. Información perdida en ellos: {loss}."),
    "left_out": ("{name}: {rows} left out.", "{name}: {rows} fuera."),
    "consent": ("Consent: {excluded} of {rows} left out.", "Consentimiento: {excluded} de {rows} fuera."),
    "value_left": ("Warning: {rows} of {column} still hold a value of a column that names people.", "Aviso: {rows} de {column} aún contienen un valor de una columna que nombra a personas."),
    "vault_written": ("Kept {pseudonyms} in the vault {path}, encrypted. Keep it and its key apart from the data: `trasunto reveal` turns pseudonyms back.", "Guardados {pseudonyms} en la bóveda {path}, cifrados. Guárdense ella y su clave aparte de los datos: `trasunto reveal` los devuelve a sus valores."),
    "revealed": ("What was turned back", "Qué se devolvió"),
    "revealed_head": ("column|rows turned back|left as they are|pseudonyms of several spellings", "columna|filas devueltas|quedan como están|seudónimos de varias grafías"),
    "revealed_written": ("Wrote {path}, readable by you alone. It names people again.", "Escrito {path}, que solo usted puede leer. Vuelve a nombrar a personas."),
    "key_written": ("Wrote a secret key to {path}. Keep it apart from the data: who has both can undo pseudonyms.", "Clave secreta escrita en {path}. Guárdese aparte de los datos: quien tenga ambos puede deshacer los seudónimos."),
    "data_written": ("Wrote the protected data to {path}.", "Datos protegidos escritos en {path}."),
    "report_written": ("Wrote the report to {path}.", "Informe escrito en {path}."),
    "written": ("Wrote {path}.", "Escrito {path}."),
    "nothing_written": ("Nothing was written: name a file or folder with -o.", "No se escribió nada: nómbrese un fichero o carpeta con -o."),
    "sampled": ("Of {part}: {count} of {rows}, drawn with seed {seed}.", "De {part}: {count} de {rows}, sacadas con la semilla {seed}."),
    "bias_amplified": ("Synthesis has made the bias of a model by {column} greater.", "La síntesis ha aumentado el sesgo de un modelo por {column}."),
    "bias_reduced": ("Synthesis has made the bias of a model by {column} smaller.", "La síntesis ha reducido el sesgo de un modelo por {column}."),
    "bias_kept": ("Synthesis has made the bias of a model by {column} neither greater nor smaller.", "La síntesis no ha aumentado ni reducido el sesgo de un modelo por {column}."),
    "to_justify": ("To justify in writing: {metric} of {subject} is {value} (limit {limit}).", "Para justificar por escrito: {metric} de {subject} es {value} (límite {limit})."),
    "to_justify_as_real": ("To justify in writing: {metric} of {subject} is {value} (limit {limit}), as it is with real rows.", "Para justificar por escrito: {metric} de {subject} es {value} (límite {limit}), como con las filas reales."),
    "few": ("Too few rows to judge: {groups}.", "Demasiado pocas filas para juzgar: {groups}."),
    "few_and_more": ("Too few rows to judge: {groups} and {more} more.", "Demasiado pocas filas para juzgar: {groups} y {more} más."),
    "draws": ("Over the {draws} draws", "En las {draws} extracciones"),
    "draws_head": ("metric|mean|standard deviation|95 % interval of the mean", "métrica|media|desviación típica|intervalo del 95 % de la media"),
}  # fmt: skip
_NOUNS = {
    "row": ("row", "rows", "fila", "filas"),
    "column": ("column", "columns", "columna", "columnas"),
    "rule": ("rule", "rules", "regla", "reglas"),
    "pseudonym": ("pseudonym", "pseudonyms", "seudónimo", "seudónimos"),
    "finding": ("finding", "findings", "hallazgo", "hallazgos"),
}


def say(key: str, language: str, **values: Any) -> str:
    """The words of a key in a language, filled in. KeyError for a key that has none."""
    return _WORDS[key][language == "es"].format(**values)


def headed(key: str, language: str) -> tuple[str, ...]:
    """The headings of a table."""
    return tuple(_WORDS[key][language == "es"].split("|"))


def amount(count: int, language: str) -> str:
    """1,234 or 1.234."""
    text = f"{count:,}"
    return text.replace(",", ".") if language == "es" else text


def counted_in(count: int, noun: str, language: str) -> str:
    """ "1 row", "1,200 rows", "1.200 filas"."""
    one, many, uno, muchos = _NOUNS[noun]
    words = (uno, muchos) if language == "es" else (one, many)
    return f"{amount(count, language)} {words[count != 1]}"


def share(value: float, language: str, digits: int = 1) -> str:
    """12.3% or 12,3 %."""
    text = f"{value:.{digits}%}"
    return text.replace("%", " %").replace(".", ",") if language == "es" else text
