"""What is done to texts before anyone learns from them: one frozen value, JSON both ways."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from trasunto.errors import RecipeError, near
from trasunto.language.prepare.dates import PATTERN

UNITS = ("keep", "spelling", "metric")
CASES = ("keep", "calm", "sentence", "lower")
LABELS = ("keep", "spelling", "misspellings")
BALANCES = ("keep", "down", "up", "weights")


@dataclass(frozen=True)
class Prepare:
    """Settings. Steps run in this order, and each is counted. The defaults mend and deduplicate; what would change
    wording, mix or number of texts is asked for.

    columns: the columns of text; all of kind text when empty. label: the column of labels; found by role when None.

    clean: mend encoding; HTML and control characters out; runs of blanks as one, line breaks kept. quotes: straight
    quotes, plain dashes and dots ('“so” – yes…' → '"so" - yes...').
    units: "spelling" writes a unit one way ("5kg", "5 kilos" → "5 kg"), "metric" turns pounds, inches, miles,
    gallons and °F as well; "keep". dates: None, or a pattern of %Y %m %d %-m %-d %y that every date is written in.
    day_first: how 3/4/2020 is read; None lets the dates that are beyond doubt decide (none: such dates stay).
    case: "lower"; "sentence" (capitals at the beginnings of sentences alone); "calm" (the same, for shouted texts
    alone); "keep".
    labels: "spelling" makes labels one that differ in case, blanks, accents or punctuation; "misspellings" takes a
    label seen rarely for a frequent one that it is one letter off ("postive"); "keep".
    deduplicate: keep the first of equal texts with the same label, case and blanks aside.

    shortest, longest: quantiles of length in words, 0 to 1: texts below `shortest` are left out, those above
    `longest` are cut at the end of a sentence (dialogues and pairs are left out).
    templates: keep at most so many texts that differ in numbers, names, addresses alone (0: all).
    balance: "down" leaves out rows of large classes until none has more than `ratio` times those of the smallest;
    "up" repeats rows of small classes until each has 1/`ratio` of the largest, `most` times each row at most;
    "weights" adds a column `weight` that makes up for it; "keep".
    vary: chance that a repeated row, or one of a template with three others or more, is written with other everyday
    words of the same meaning (English and Spanish).
    """

    columns: tuple[str, ...] = ()
    label: str | None = None
    clean: bool = True
    quotes: bool = True
    units: str = "keep"
    dates: str | None = None
    day_first: bool | None = None
    case: str = "keep"
    labels: str = "spelling"
    deduplicate: bool = True
    shortest: float = 0.0
    longest: float = 1.0
    templates: int = 0
    balance: str = "keep"
    ratio: float = 1.0
    most: int = 5
    vary: float = 0.0

    def __post_init__(self) -> None:
        for name, known in (("units", UNITS), ("case", CASES), ("labels", LABELS), ("balance", BALANCES)):
            value = getattr(self, name)
            if value not in known:
                raise RecipeError(f"The preparation's {name} is {value!r}.", near(str(value), known))
        if self.dates is not None and not PATTERN.fullmatch(self.dates):
            raise RecipeError(
                f"The preparation's dates is {self.dates!r}; it must hold year, month and day once each.",
                'Write it as "%Y-%m-%d" or "%d/%m/%Y".',
            )
        if not 0 <= self.shortest < self.longest <= 1:
            raise RecipeError(
                f"Lengths from quantile {self.shortest} to {self.longest} hold nothing; 0 ≤ shortest < longest ≤ 1.",
                "Try 0.01 and 0.99.",
            )
        if not 0 <= self.vary <= 1:
            raise RecipeError(f"The preparation's vary is {self.vary}; it is a chance from 0 to 1.", "Try 0.5.")
        if self.templates < 0 or self.most < 1 or self.ratio < 1:
            raise RecipeError(
                f"templates={self.templates}, most={self.most}, ratio={self.ratio}: 0, 1 and 1 are the least.",
                "Mend the settings.",
            )

    def to_dict(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Prepare:
        """Raises RecipeError for a setting that is not there."""
        known = {field.name for field in fields(Prepare)}
        for key in document:
            if key not in known:
                raise RecipeError(f"The preparation has no setting {key!r}.", near(key, known))
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in document.items()}
        return Prepare(**values)
