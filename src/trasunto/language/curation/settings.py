"""What is looked at in written texts before they are kept: every check with its limit, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from trasunto.errors import RecipeError, near

# Why a text is thrown away, in the order in which it is looked at.
REASONS = (
    "empty",
    "short",
    "long",
    "toxic",
    "duplicate",
    "identifier",
    "verbatim",
    "near_copy",
    "leak",
    "leak_run",
    "leak_near",
    "near_duplicate",
    "language",
    "perplexity",
    "alike",
    "disagrees",
    "ambiguous",
    "surplus",
)
IDENTIFIERS = ("reject", "redact", "keep")
BALANCES = ("keep", "real", "equal")
# Checks that look into private texts, or into the test set.
PRIVATE = ("verbatim", "near_copy", "identifiers", "leaks", "agree", "ambiguity", "perplexity", "lengths", "balance")


@dataclass(frozen=True)
class Curate:
    """Settings. What needs training texts, a test set or labels is not done where there are none.

    duplicates: throw away a text that was written before, case and punctuation aside. near: ... and one whose runs of
    three words overlap those of an earlier one so far (Jaccard, 0 to 1; None: off). alike: ... and one that says the
    same in other words (cosine of sentence vectors, 0 to 1; None: off).

    verbatim: throw away a text with eight words in a row of a training text, or equal to a shorter one. common: a run
    that so many training texts hold is nobody's. near_copy: share of its runs of four words that may come from
    training texts (None: off). leaks: throw away what stands in the test set: whole, by a run of eight words, or
    nearly (as `near`).

    identifiers: of training texts (telephones, accounts, e-mails, whole names ...), wherever they come back: "reject"
    the text, "redact" the place, or "keep". toxicity: languages of the word lists ("en", "es"); toxic_words: a file of
    more words, a line each.

    languages: that a text may be in ("en", "es" ...); none: those of the training texts. language: whether to look.
    shortest, longest: characters; lengths: between these quantiles of the training texts where no limit is given
    (None: off). perplexity: throw away what is stranger than this share of unseen training texts, and as much at the
    other end (None: off); reader: "n-gram", trained on the training texts, or a language model's name.

    agree: throw away a text to which a classifier of the training texts gives another label. least: probability that
    its label must have all the same (0: it must be the likeliest). relabel: give it the other label instead, when that
    is at least so likely (None: never). ambiguity: throw away a text unless its own class's centre is nearer than the
    nearest other one by so much (cosine; None: off). encoder: of sentence vectors, a model's name or folder, or
    "words" (hashed words and pairs: no model, any language).

    balance: "keep" the label mix as it is; "real": that of the training texts; "equal": as many of each. rows: keep so
    many at most, those that together are most like the training texts. private: look at nothing private (see
    docs/curation.md).
    """

    duplicates: bool = True
    near: float | None = 0.75
    alike: float | None = 0.97
    verbatim: bool = True
    common: int = 3
    near_copy: float | None = 0.6
    leaks: bool = True
    identifiers: str = "reject"
    toxicity: tuple[str, ...] = ("en", "es")
    toxic_words: str | None = None
    language: bool = True
    languages: tuple[str, ...] = ()
    shortest: int | None = None
    longest: int | None = None
    lengths: tuple[float, float] | None = (0.0, 1.0)
    perplexity: float | None = 0.005
    reader: str = "n-gram"
    agree: bool = True
    least: float = 0.0
    relabel: float | None = None
    ambiguity: float | None = None
    encoder: str = "minilm-l6"
    balance: str = "keep"
    rows: int | None = None
    private: bool = False

    def __post_init__(self) -> None:
        for name in ("near", "alike", "near_copy", "least", "relabel", "perplexity"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise RecipeError(f"{name} is {value}; it lies from 0 to 1.", "Leave it out for the usual.")
        if self.near is not None and self.near < 0.3:
            raise RecipeError(f"near is {self.near}; below 0.3 unlike texts are found alike.", "Try 0.75.")
        for name, allowed in (("identifiers", IDENTIFIERS), ("balance", BALANCES)):
            if getattr(self, name) not in allowed:
                raise RecipeError(f"{name} is {getattr(self, name)!r}.", near(str(getattr(self, name)), allowed))
        unknown = [each for each in self.toxicity if each not in ("en", "es")]
        if unknown:
            raise RecipeError(f"No list of toxic words for {unknown[0]!r}; there are en and es.", "Give toxic_words.")
        if self.common < 1 or (self.rows is not None and self.rows < 1):
            raise RecipeError(f"common is {self.common}, rows {self.rows}; both are 1 or more.", "Leave them out.")
        if self.lengths is not None and not 0 <= self.lengths[0] < self.lengths[1] <= 1:
            raise RecipeError(f"lengths are {self.lengths}; two quantiles from 0 to 1, in order.", "Try 0.01 and 0.99.")

    @property
    def embeds(self) -> bool:
        """Whether sentence vectors are wanted."""
        return self.alike is not None or self.agree or self.ambiguity is not None or self.rows is not None

    def to_dict(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}
