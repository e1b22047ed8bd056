"""Words of the de-identification statement."""

WORDS: dict[str, tuple[str, str]] = {
    "de.told": (
        "Information is “deidentified” under § 1798.140(m) when it cannot reasonably be used to infer information about, or otherwise be linked to, a particular consumer, and the business that holds it (1) takes reasonable measures so that it cannot be associated with a consumer or household, (2) publicly commits to keep and use it in that form and not to attempt to re-identify it, and (3) binds every recipient by contract. All of it must hold; a machine can show only part of the first half.",
        "Según el § 1798.140(m), la información está «desidentificada» cuando no puede usarse razonablemente para inferir información sobre un consumidor concreto ni vincularse a él de otro modo, y la empresa que la posee (1) adopta medidas razonables para que no pueda asociarse a un consumidor u hogar, (2) se compromete públicamente a conservarla y usarla así y a no intentar reidentificarla, y (3) obliga por contrato a todo destinatario. Debe cumplirse todo; una máquina solo puede mostrar parte de la primera mitad.",
    ),
    "de.no_claim": ("Until the facts below are given and it is signed, this paper claims nothing: the synthetic rows are to be treated as personal information.", "Mientras no se aporten los datos de abajo y se firme, este documento no afirma nada: las filas sintéticas deben tratarse como información personal."),
    "de.linked": ("Can the rows be linked to a consumer?", "¿Pueden vincularse las filas a un consumidor?"),
    "de.linked.unmeasured": ("Whether the rows can be linked to a consumer was not measured in full in this run, so that the first half of the definition is not supported by it.", "En esta ejecución no se midió por completo si las filas pueden vincularse a un consumidor, de modo que no respalda la primera mitad de la definición."),
    "de.m1": ("(1) Reasonable measures", "(1) Medidas razonables"),
    "de.m2": ("(2) Public commitment", "(2) Compromiso público"),
    "de.m2.told": ("Wording that can be published; it is a commitment only once the business has published it:", "Texto que puede publicarse; solo es un compromiso cuando la empresa lo ha publicado:"),
    "de.m2.draft": ("“We maintain and use the synthetic data derived from our customers' information in deidentified form only. We do not attempt to re-identify it, except to test whether our de-identification holds as the law permits, and we require the same of whoever receives it from us.”", "«Conservamos y usamos los datos sintéticos derivados de la información de nuestros clientes únicamente en forma desidentificada. No intentamos reidentificarlos, salvo para comprobar que la desidentificación se sostiene, según permite la ley, y exigimos lo mismo a quien los recibe de nosotros.»"),
    "de.m3": ("(3) Contracts with recipients", "(3) Contratos con los destinatarios"),
    "de.m3.draft": ("Clause that can be used: “Recipient shall comply with California Civil Code § 1798.140(m), shall not attempt to re-identify the data or link it to any consumer or household, and shall bind any further recipient in the same way.”", "Cláusula que puede usarse: «El destinatario cumplirá el § 1798.140(m) del Código Civil de California, no intentará reidentificar los datos ni vincularlos a ningún consumidor u hogar, y obligará del mismo modo a cualquier destinatario posterior»."),
    "de.patients": ("Patient information", "Información de pacientes"),
    "de.patients.told": ("For information about patients other rules apply as well: a notice of the method used, and a ban on re-identification.", "Para la información de pacientes rigen además otras normas: aviso del método empleado y prohibición de reidentificar."),
}  # fmt: skip
