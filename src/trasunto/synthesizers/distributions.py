"""`distributions`: each column a law with a name and parameters, tied by correlations: a model that fits on a page.

Numbers and dates follow the family, of some twenty and mixtures, that an information criterion likes best
(encoders/marginal.py; Schwarz 1978, Akaike 1974); categories are shares; a Gaussian copula ties them
(synthesizers/copula.py). The saved model is a document to read and sign (synthesizers/sheet.py), and what is read from
it is what is drawn from.

Vine copulas (pyvinecopulib 1.0.1) tie pairs more freely. They are left out: rows cannot be drawn under conditions on
any of their columns but by rejection, their trees of pairs are no page that a person can check, and they are slow where
columns have few values. Of the 15 columns of UCI Adult, taken as discrete, the first two trees of families of one
parameter took 14.9 CPU seconds to fit to 1,000 rows, and 2.3 with ties broken at random; the Gaussian copula of all
24,421 rows, read, fitted and drawn from, took 2.3. Nor is the library small: it brings matplotlib, networkx and pydot.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset, Table
from trasunto.encoders.codes import Codes, Levels, Steps, as_floats, fit_codes
from trasunto.encoders.families import FAMILIES
from trasunto.encoders.ids import Ids
from trasunto.encoders.marginal import Marginal, fit_marginal
from trasunto.encoders.plain import restated
from trasunto.errors import FitError, ModelError, near
from trasunto.privacy.budget import Budget, refuse
from trasunto.progress import Progress, quiet
from trasunto.synthesizers.coded import CodedModel, Prepared, learnable
from trasunto.synthesizers.copula import CopulaJoint, tied
from trasunto.synthesizers.joint import Evidence
from trasunto.synthesizers.sheet import SHEET, Shares, Sheet, matrix_of, pairs_of, read_sheet, sheet_codes
from trasunto.synthesizers.stored import load_codes, save_codes

TIES = ("gaussian", "none")
CRITERIA = ("bic", "aic")


@dataclass(frozen=True)
class Distributions:
    """Settings.

    correlation: "gaussian", or "none" for columns by themselves. criterion: "bic", or "aic", which takes richer
    families. families: names of those to choose from; none for all. sweeps: how often the variables of what is asked
    of rows are drawn anew to agree with each other; more are closer to exact.
    """

    correlation: str = "gaussian"
    criterion: str = "bic"
    families: tuple[str, ...] = ()
    sweeps: int = 30

    def __post_init__(self) -> None:
        if self.sweeps < 1:
            raise FitError(f"sweeps is {self.sweeps}; it must be at least 1.")
        for setting, value, known in (("correlation", self.correlation, TIES), ("criterion", self.criterion, CRITERIA)):
            if value not in known:
                raise FitError(f"{setting} is {value!r}.", near(str(value), known))
        for family in self.families:
            if family not in FAMILIES:
                raise FitError(f"There is no family {family!r}.", near(str(family), FAMILIES))

    def fit(self, real: Dataset, *, seed: int, budget: Budget | None = None, progress: Progress = quiet) -> CodedModel:
        """Fit to one table. Raises FitError for several tables, no rows or free text; BudgetError for a budget."""
        refuse(budget, "distributions")
        plan, plain = restated(learnable(real, "distributions"))
        codes = fit_codes(plain)
        columns: dict[str, Marginal | Shares | Ids] = {}
        for done, name in enumerate(plain.schema.names):
            progress("fit distributions", done, len(plain.schema.names) + 1)
            columns[name] = codes.ids[name] if name in codes.ids else _column(plain, name, codes.columns[name], self)
        sheet = Sheet(real.name, len(plain), columns, self.correlation, {})
        codes = sheet_codes(sheet, codes.schema)
        if self.correlation != "none":
            sheet = _tied(sheet, codes, codes.encode(plain), seed)
        progress("fit distributions", len(plain.schema.names) + 1, len(plain.schema.names) + 1)
        ready = Prepared(real.name, plan, codes, {}, len(plain))
        return replace(ready.model("distributions", self, DistributionsJoint.of(sheet, self.sweeps)), write=_write)


@dataclass(frozen=True)
class DistributionsJoint:
    """A document, and the normal variables that are drawn from by it."""

    sheet: Sheet
    copula: CopulaJoint

    def draw(self, evidence: Evidence, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Rows as asked. SampleError when no value of a column is allowed."""
        return self.copula.draw(evidence, rng)

    def arrays(self) -> dict[str, np.ndarray]:
        """None: all that is learnt stands in the document."""
        return {}

    def facts(self) -> dict[str, Any]:
        return {
            "method": "Each column a law with a name and parameters, tied by correlations.",
            "source": "Schwarz 1978; Nelsen 2006, section 2.3",
            **self.sheet.facts(),
        }

    @staticmethod
    def of(sheet: Sheet, sweeps: int) -> DistributionsJoint:
        """What a document says."""
        cuts = sheet.cuts
        return DistributionsJoint(sheet, CopulaJoint(sweeps, cuts, matrix_of(cuts, sheet.pairs)))

    @staticmethod
    def load(folder: Path) -> CodedModel:
        """The model of the document in a folder, as it stands now. ModelError when it is broken."""
        schema, plan, _, document, _ = load_codes(folder)
        sheet = read_sheet(folder / SHEET, plan.schema)
        try:
            told: dict[str, Any] = document["settings"]
            settings = Distributions(**{**told, "families": tuple(told["families"])})
            fitted_to = document["fitted_to"]
        except (KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"The model in {folder} is broken: {error!r}.", "Fit it again.") from error
        joint = DistributionsJoint.of(sheet, settings.sweeps)
        codes = sheet_codes(sheet, plan.schema)
        return CodedModel(
            schema, "distributions", settings, plan, codes, joint, fitted_to, _write, document.get("choice", {})
        )


def _write(place: Path, model: CodedModel, document: dict[str, Any]) -> None:
    """The document beside model.json; the latter holds the schema and no figure of the rows."""
    assert isinstance(model.joint, DistributionsJoint)
    save_codes(place, model.schema, Codes(model.codes.schema, {}, {}), {**document, "facts": {}}, {})
    (place / SHEET).write_text(model.joint.sheet.text(), encoding="utf-8")


def _column(table: Table, name: str, codes: Levels | Steps, settings: Distributions) -> Marginal | Shares:
    values = table.rows[name]
    if isinstance(codes, Steps):
        return fit_marginal(
            as_floats(values.drop_nulls()),
            missing=values.null_count() / len(values),
            steps=codes,
            datetime=table.schema[name].kind == "datetime",
            families=settings.families or tuple(FAMILIES),
            criterion=settings.criterion,
        )
    counts = dict(values.value_counts().iter_rows())
    kept = [*codes.values, *([None] if codes.null else [])]
    whole = sum(counts[value] for value in kept)
    return Shares({value: float(f"{counts[value] / whole:.8g}") for value in kept}, codes.rare)


def _tied(sheet: Sheet, codes: Codes, coded: dict[str, np.ndarray], seed: int) -> Sheet:
    """The document with correlations, and with categories in the order in which these see them."""
    shares = {}
    for name, each in sheet.columns.items():
        if isinstance(each, Shares):
            shares[name] = np.array([each.shares[value] for value in [*each.values, *([None] * each.levels.null)]])
        elif isinstance(each, Marginal):
            shares[name] = each.steps()[1]
    cuts, matrix = tied(codes, shares, coded, seed)
    columns = dict(sheet.columns)
    for cut in cuts:
        each = columns[cut.name]
        if isinstance(each, Shares):
            values = [*each.values, None]
            columns[cut.name] = replace(each, shares={values[at]: each.shares[values[at]] for at in cut.codes})
    return replace(sheet, columns=columns, pairs=pairs_of(cuts, matrix))
