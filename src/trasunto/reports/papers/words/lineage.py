"""Words of the lineage paper."""

WORDS: dict[str, tuple[str, str]] = {
    "li.told": ("What was made from what. Every file is named by the SHA-256 of its content; parts of the real rows by the digest of their rows, never by the rows.", "Qué se hizo a partir de qué. Cada archivo se identifica por la SHA-256 de su contenido; las partes de las filas reales, por la huella de sus filas, nunca por las filas."),
    "li.steps": ("Steps", "Pasos"),
    "li.step": ("step", "paso"),
    "li.began": ("began", "comenzó"),
    "li.ended": ("ended", "terminó"),
    "li.from": ("from", "a partir de"),
    "li.made": ("made", "produjo"),
    "li.entities": ("Entities", "Entidades"),
    "li.entity": ("entity", "entidad"),
    "li.what": ("what it is", "qué es"),
    "li.what.source": ("real rows that were used", "filas reales utilizadas"),
    "li.what.part": ("part of the real rows", "parte de las filas reales"),
    "li.what.recipe": ("the job as it was asked", "el trabajo tal como se pidió"),
    "li.what.file": ("file of the run", "archivo de la ejecución"),
    "li.machine": ("For machines", "Para máquinas"),
    "li.machine.told": ("The same lineage as events of OpenLineage and as W3C PROV:", "El mismo linaje como eventos de OpenLineage y como W3C PROV:"),
    "li.openlineage": ("OpenLineage run events", "eventos de ejecución de OpenLineage"),
    "li.prov_json": ("W3C PROV as PROV-JSON", "W3C PROV en PROV-JSON"),
    "li.prov_n": ("W3C PROV as PROV-N", "W3C PROV en PROV-N"),
    "li.missing": ("Files that the run wrote and that no longer lie in its folder: {names}.", "Archivos que la ejecución escribió y ya no están en su carpeta: {names}."),
}  # fmt: skip
