"""What a language model wrote, looked at before anyone learns from it: see docs/curation.md."""

from trasunto.language.curation.curate import Curated, curate
from trasunto.language.curation.looks import Rejected
from trasunto.language.curation.settings import REASONS, Curate
from trasunto.language.curation.sieve import Sieve, fit_sieve
from trasunto.language.curation.sifting import Curation, Sifting
from trasunto.language.curation.thrown import thrown_to

__all__ = [
    "REASONS",
    "Curate",
    "Curated",
    "Curation",
    "Rejected",
    "Sieve",
    "Sifting",
    "curate",
    "fit_sieve",
    "thrown_to",
]
