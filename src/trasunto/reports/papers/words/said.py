"""Every fixed word of the papers, found by key."""

from __future__ import annotations

from trasunto.reports.papers.words.ai_act import WORDS as AI_ACT
from trasunto.reports.papers.words.anonymisation import WORDS as ANONYMISATION
from trasunto.reports.papers.words.cards import WORDS as CARDS
from trasunto.reports.papers.words.consent import WORDS as CONSENT
from trasunto.reports.papers.words.deidentification import WORDS as DEIDENTIFICATION
from trasunto.reports.papers.words.dp_statement import WORDS as DP_STATEMENT
from trasunto.reports.papers.words.kinds import WORDS as KINDS
from trasunto.reports.papers.words.lineage import WORDS as LINEAGE
from trasunto.reports.papers.words.processing import WORDS as PROCESSING
from trasunto.reports.papers.words.shared import WORDS as SHARED

WORDS: dict[str, tuple[str, str]] = {
    **SHARED,
    **CARDS,
    **DP_STATEMENT,
    **PROCESSING,
    **ANONYMISATION,
    **DEIDENTIFICATION,
    **CONSENT,
    **KINDS,
    **LINEAGE,
    **AI_ACT,
}
