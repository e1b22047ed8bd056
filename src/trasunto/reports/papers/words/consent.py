"""Words of the consent record."""

WORDS: dict[str, tuple[str, str]] = {
    "co.applied": ("Consent and purpose, as applied", "Consentimiento y finalidad, tal como se aplicaron"),
    "co.none": ("No rule of consent was applied in this run: every row of the source was used. Whether consent is needed, and was given, is not known here. Add privacy.consent (column, values) to the recipe where it is the legal basis.", "En esta ejecución no se aplicó ninguna regla de consentimiento: se usaron todas las filas de la fuente. Aquí no se sabe si el consentimiento es necesario ni si se prestó. Añádase privacy.consent (column, values) a la receta si es la base jurídica."),
    "co.column": ("column that records consent", "columna que registra el consentimiento"),
    "co.purposes": ("column that lists the purposes a person agreed to", "columna con las finalidades que la persona aceptó"),
    "co.values": ("values that were taken as consent", "valores que se tuvieron por consentimiento"),
    "co.purpose": ("purpose", "finalidad"),
    "co.before": ("rows before", "filas antes"),
    "co.excluded": ("rows left out for want of consent", "filas excluidas por falta de consentimiento"),
    "co.kept": ("rows kept", "filas conservadas"),
    "co.columns": ("columns left out by purpose", "columnas excluidas por la finalidad"),
    "co.told": ("Rows without consent were left out before anything was counted, split or learnt.", "Las filas sin consentimiento se excluyeron antes de contar, dividir o aprender nada."),
    "co.proof": ("What consent covers, and its proof", "Qué abarca el consentimiento y su prueba"),
    "co.withdrawal": ("If consent is withdrawn", "Si se retira el consentimiento"),
    "co.withdrawal.told": ("These files were made from rows of the source and would have to be made anew without the person's rows, or shown to be anonymous. A withdrawal reaches copies too that have left this folder; the run does not know of them.", "Estos archivos se hicieron con filas de la fuente y habría que rehacerlos sin las filas de la persona o demostrar que son anónimos. La retirada alcanza también a las copias que hayan salido de esta carpeta; la ejecución no las conoce."),
}  # fmt: skip
