"""The legal texts and standards that papers refer to, in one place.

`noted` is the day the reference was written down here, from secondary sources; texts change, so a paper asks its
signatory to read the official one.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Law:
    """act, article, about: (English, Spanish). noted: ISO date."""

    act: tuple[str, str]
    article: str
    about: tuple[str, str]
    noted: str = "2026-11-26"


_GDPR = ("GDPR, Regulation (EU) 2016/679", "RGPD, Reglamento (UE) 2016/679")
_AI = ("AI Act, Regulation (EU) 2024/1689", "Reglamento de IA, Reglamento (UE) 2024/1689")
_CCPA = (
    "California Civil Code (CCPA as amended by the CPRA)",
    "Código Civil de California (CCPA, modificada por la CPRA)",
)

LAWS: dict[str, Law] = {
    "gdpr_definitions": Law(_GDPR, "4(1), 4(5), 26", ("personal data, pseudonymisation; recital 26: anonymous information", "datos personales, seudonimización; considerando 26: información anónima")),
    "gdpr_consent": Law(_GDPR, "6, 7, 8, 9", ("lawfulness; consent and its proof and withdrawal; children; special categories", "licitud; consentimiento, su prueba y su retirada; menores; categorías especiales")),
    "gdpr_record": Law(_GDPR, "30", ("records of processing activities", "registro de las actividades de tratamiento")),
    "gdpr_security": Law(_GDPR, "32", ("security of processing", "seguridad del tratamiento")),
    "gdpr_dpia": Law(_GDPR, "35, 36", ("data protection impact assessment; prior consultation", "evaluación de impacto relativa a la protección de datos; consulta previa")),
    "wp248": Law(("WP29 guidelines WP 248 rev.01", "Directrices del GT29, WP 248 rev.01"), "—", ("when a DPIA is required", "cuándo se exige una EIPD")),
    "wp216": Law(("WP29 Opinion 05/2014, WP 216", "Dictamen 05/2014 del GT29, WP 216"), "—", ("anonymisation techniques: singling out, linkability, inference", "técnicas de anonimización: singularización, vinculabilidad, inferencia")),
    "edpb_models": Law(("EDPB Opinion 28/2024", "Dictamen 28/2024 del CEPD"), "—", ("when an AI model may be regarded as anonymous", "cuándo puede considerarse anónimo un modelo de IA")),
    "srb": Law(("CJEU, C-413/23 P, EDPS v SRB (4 September 2025)", "TJUE, C-413/23 P, SEPD/JUR (4 de septiembre de 2025)"), "—", ("whether data are personal depends on the means of who holds them", "que unos datos sean personales depende de los medios de quien los tiene")),
    "lopdgdd": Law(("Spain: Organic Law 3/2018 (LOPDGDD)", "España: Ley Orgánica 3/2018 (LOPDGDD)"), "7, 28, 31, 34", ("minors; DPIA factors; record of processing; data protection officer", "menores; factores de la EIPD; registro de actividades; delegado de protección de datos")),
    "ccpa": Law(_CCPA, "§ 1798.140(m)", ("meaning of “deidentified”", "significado de «desidentificado» (deidentified)")),
    "ccpa_reidentify": Law(_CCPA, "§ 1798.130(a)(5)(D), § 1798.146, § 1798.148", ("patient information: disclosures, exemptions, ban on re-identification", "información de pacientes: avisos, exenciones, prohibición de reidentificar")),
    "ccpa_risk": Law(("California Code of Regulations, title 11", "Código de Reglamentos de California, título 11"), "§ 7150 ff.", ("risk assessments; in effect since 1 January 2026", "evaluaciones de riesgo; en vigor desde el 1 de enero de 2026")),
    "ai_data": Law(_AI, "10", ("data and data governance of high-risk systems; duties moved to 2 Dec 2027 and 2 Aug 2028 by the Digital Omnibus on AI (voted June 2026)", "datos y gobernanza de datos de los sistemas de alto riesgo; obligaciones aplazadas al 2-12-2027 y al 2-8-2028 por el Ómnibus Digital de IA (votado en junio de 2026)")),
    "ai_summary": Law(_AI, "53(1)(d)", ("public summary of the content used for training a general-purpose AI model", "resumen público del contenido utilizado para entrenar un modelo de IA de uso general")),
    "ai_template": Law(("Commission template of 24 July 2025, C(2025) 8311", "Plantilla de la Comisión de 24 de julio de 2025, C(2025) 8311"), "—", ("form of that summary", "forma de ese resumen")),
    "ai_marking": Law(_AI, "50(2)", ("marking of generated content", "marcado del contenido generado")),
    "nist": Law(("NIST SP 800-226 (March 2025)", "NIST SP 800-226 (marzo de 2025)"), "—", ("how to evaluate a claim of differential privacy", "cómo evaluar una afirmación de privacidad diferencial")),
    "registry": Law(("Differential Privacy Deployments Registry", "Registro de despliegues de privacidad diferencial"), "Tier 3", ("what a full account of a deployment tells", "qué cuenta una descripción completa de un despliegue")),
    "croissant": Law(("Croissant 1.0, Croissant RAI 1.0 (MLCommons)", "Croissant 1.0, Croissant RAI 1.0 (MLCommons)"), "—", ("description of datasets for machines", "descripción de conjuntos de datos para máquinas")),
    "model_cards": Law(("Mitchell et al. 2019", "Mitchell et al. 2019"), "—", ("model cards for model reporting", "fichas de modelo")),
    "openlineage": Law(("OpenLineage 2-0-2", "OpenLineage 2-0-2"), "—", ("events of data lineage", "eventos de linaje de datos")),
    "prov": Law(("W3C PROV (2013): PROV-DM, PROV-N; PROV-JSON", "W3C PROV (2013): PROV-DM, PROV-N; PROV-JSON"), "—", ("provenance", "procedencia")),
}  # fmt: skip
