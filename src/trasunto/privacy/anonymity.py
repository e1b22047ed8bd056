"""k-anonymity, l-diversity and t-closeness of rows, measured: who can be singled out by what others know of them.

Rows that agree in all quasi-identifiers form a class. k: the smallest class (Sweeney 2002). l: the fewest different
values of a sensitive column in a class, or the exponential of the least entropy (Machanavajjhala et al. 2007,
definitions 3.1 and 4.1). t: the largest distance of a class's sensitive values to those of all rows, by the earth
mover's distance (Li, Li and Venkatasubramanian 2007, section 4.2): equal distances for categories, ordered for numbers.

This file only counts; how levels are reached (generalize_search.py) uses none of it, so that one checks the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from trasunto.errors import SchemaError, near


@dataclass(frozen=True)
class Diversity:
    """Of one sensitive column: distinct l, entropy l (exp of the least), and t by a distance ("equal", "ordered")."""

    distinct: int
    entropy: float
    t: float
    distance: str


@dataclass(frozen=True)
class Anonymity:
    """What rows give away through their quasi-identifiers.

    rows, classes: how many. k: size of the smallest class. unique: rows that are alone in theirs. below: class size →
    rows in smaller classes (for 5 and 11). risk: mean chance to name a row by its class, classes / rows. diversity: by
    sensitive column.
    """

    quasi: tuple[str, ...]
    rows: int
    classes: int
    k: int
    unique: int
    below: Mapping[int, int] = field(default_factory=dict)
    risk: float = 0.0
    diversity: Mapping[str, Diversity] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        document = asdict(self)
        return {**document, "quasi": list(self.quasi), "below": {str(size): rows for size, rows in self.below.items()}}

    @staticmethod
    def from_dict(document: dict[str, Any]) -> Anonymity:
        body = dict(document)
        body["quasi"] = tuple(body["quasi"])
        body["below"] = {int(size): rows for size, rows in body["below"].items()}
        body["diversity"] = {name: Diversity(**each) for name, each in body["diversity"].items()}
        return Anonymity(**body)


def measured(rows: pl.DataFrame, quasi: Sequence[str], sensitive: Sequence[str] = ()) -> Anonymity:
    """Count the classes of `rows` by the columns `quasi`; a missing value is a value.

    SchemaError for a column that is not there.
    """
    for name in (*quasi, *sensitive):
        if name not in rows.columns:
            raise SchemaError(f"No column called {name!r}.", near(name, rows.columns))
    if rows.height == 0:
        return Anonymity(tuple(quasi), 0, 0, 0, 0)
    keyed = rows.select(
        pl.struct(quasi).rank("dense").alias("__class") if quasi else pl.lit(0).alias("__class"), *sensitive
    )
    sizes = keyed.group_by("__class").len("n")["n"]
    below = {size: int(sizes.filter(sizes < size).sum()) for size in (5, 11)}
    return Anonymity(
        tuple(quasi),
        rows.height,
        len(sizes),
        int(sizes.min()),  # type: ignore[arg-type]
        int((sizes == 1).sum()),
        below,
        len(sizes) / rows.height,
        {name: diversity(keyed["__class"], keyed[name]) for name in sensitive},
    )


def diversity(classes: pl.Series, values: pl.Series) -> Diversity:
    """The least diverse and the least close class. classes: (n,) a number for each row's class. values: (n,)."""
    ordered = values.dtype.is_numeric() or values.dtype.is_temporal()
    frame = pl.DataFrame({"class": classes, "value": values})
    counts = frame.group_by("class", "value").len("n").with_columns(pl.col("n").sum().over("class").alias("size"))
    share = pl.col("n") / pl.col("size")
    by_class = counts.group_by("class").agg(
        pl.len().alias("distinct"), (-(share * share.log())).sum().alias("entropy"), pl.col("size").first()
    )
    overall = frame.group_by("value").len("all").with_columns((pl.col("all") / len(values)).alias("q"))
    distance = _ordered(counts, overall) if ordered else _equal(counts, overall)
    return Diversity(
        int(by_class["distinct"].min()),  # type: ignore[arg-type]
        math.exp(float(by_class["entropy"].min())),  # type: ignore[arg-type]
        distance,
        "ordered" if ordered else "equal",
    )


def _equal(counts: pl.DataFrame, overall: pl.DataFrame) -> float:
    """Half the sum of |p - q|: what stands in no row of a class adds its q."""
    joined = counts.join(overall, on="value", nulls_equal=True).with_columns((pl.col("n") / pl.col("size")).alias("p"))
    seen = joined.group_by("class").agg(
        (pl.col("p") - pl.col("q")).abs().sum().alias("off"), pl.col("q").sum().alias("met")
    )
    return float(seen.select(((pl.col("off") + 1 - pl.col("met")) / 2).max()).item())


def _ordered(counts: pl.DataFrame, overall: pl.DataFrame) -> float:
    """Mean of |sum of p - q up to each value| over the m - 1 steps between m values.

    Between two values of a class its running share stays, while that of all rows moves: both are known in closed form
    from running sums, so no class is spread out over all m values.
    """
    total = overall.sort("value", nulls_last=True).with_columns(pl.col("q").cum_sum().alias("Q"))
    if total.height < 2:
        return 0.0
    levels, places = total["Q"].to_numpy(), {value: place for place, value in enumerate(total["value"].to_list())}
    worst = 0.0
    ranked = counts.with_columns(pl.col("value").replace_strict(places, return_dtype=pl.Int64).alias("place"))
    for part in ranked.sort("class", "place").partition_by("class", include_key=False):
        worst = max(worst, _moved(part["place"].to_numpy(), (part["n"] / part["size"]).to_numpy(), levels))
    return worst


def _moved(places: Any, shares: Any, levels: Any) -> float:
    import numpy as np

    running = np.zeros(len(levels))
    running[places] = shares
    return float(np.abs(np.cumsum(running) - levels)[:-1].sum() / (len(levels) - 1))
