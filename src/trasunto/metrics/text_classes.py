"""Labelled texts: are the labels as frequent as they should be, does a text carry its label, is each class like the
real one?"""

from __future__ import annotations

import numpy as np

from trasunto.metrics.distances import of_categories
from trasunto.metrics.frames import alike, threads
from trasunto.metrics.interval import around, auc, auc_interval, wilson
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.text import texts_of
from trasunto.metrics.text_vectors import Vectors, vectors_of

FOLDS = 5
# Fewer texts of a class on a side say nothing of it; more than so many say nothing new.
LEAST_OF_CLASS = 30
MOST_OF_CLASS = 500
MOST_CLASSES = 30
MISSING = "(missing)"


def class_balance(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.class_balance: half the sum of the differences of the classes' shares (total variation); 0 is equal.

    The class is the target, else the column of role label or target, else the only column of classes. The control is
    that of unseen rows, the baseline that of classes drawn evenly. () without text or class.
    """
    name = class_of(comparison)
    if name is None or texts_of(comparison) is None:
        return ()
    parts = {part: _told(frame[name].to_list()) for part, frame in alike(comparison, [name]).items()}
    levels = sorted({value for values in parts.values() for value in values})
    numbers = {part: np.searchsorted(levels, values).astype(float) for part, values in parts.items()}
    distance = of_categories(numbers["real"], len(levels))
    value, influence = distance(numbers["synthetic"])
    even = np.arange(len(numbers["synthetic"])) % len(levels)
    return (
        Score(
            "fidelity.class_balance",
            value,
            0.0,
            around(value, influence, 0.0, 1.0),
            distance(even.astype(float))[0],
            distance(numbers["holdout"])[0] if "holdout" in numbers else None,
            reading=f"Share of the rows whose {name} would have to be another for every class to be as frequent as "
            "in the training rows; the baseline has all classes equally often.",
        ),
    )


def label_agreement(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.label_agreement: share of the synthetic texts to which a classifier trained on the training texts gives
    the label they carry; then by class. What is below the control is label noise.

    The control is that of unseen texts, the baseline the most frequent class always. () without text, class or two
    classes. Raises MetricError with fewer than 20 texts a side.
    """
    found = _labelled(comparison)
    if found is None:
        return ()
    given, labels = found
    from sklearn.linear_model import LogisticRegression

    if len(set(labels["real"])) < 2:
        return ()
    with threads(np.empty(0)):
        model = LogisticRegression(C=10.0, max_iter=300).fit(given.parts["real"], labels["real"])
        agree = {
            part: model.predict(given.parts[part]) == labels[part]
            for part in ("synthetic", "holdout")
            if part in labels
        }
    made, unseen = agree["synthetic"], agree.get("holdout")
    values, counts = np.unique(labels["real"], return_counts=True)
    most = values[counts.argmax()]

    def score(inside: np.ndarray, beside: np.ndarray | None, subject: str) -> Score:
        hits = made[inside]
        control = float(unseen[beside].mean()) if unseen is not None and beside is not None and beside.any() else None
        return Score(
            "fidelity.label_agreement",
            float(hits.mean()),
            1.0,
            wilson(int(hits.sum()), len(hits)),
            float((labels["synthetic"][inside] == most).mean()),
            control,
            subject,
            reading="Share of synthetic texts that a classifier trained on the real ones gives the label they carry; "
            "what is missing to the control is label noise.",
        )

    everywhere = [np.ones(len(each), dtype=bool) for each in (made, made if unseen is None else unseen)]
    scores = [score(everywhere[0], everywhere[1], "")]
    for label in _largest(labels["synthetic"]):
        beside = labels["holdout"] == label if "holdout" in labels else None
        scores.append(score(labels["synthetic"] == label, beside, f"class {label}"))
    return tuple(scores)


def class_text(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.class_text: chance that a classifier of the texts' vectors scores a synthetic text above an unseen real
    one of the same class (0.5 best), mean over the classes with 30 texts on each side; then by class.

    The control puts training texts in the place of synthetic ones, the baseline real words in random order. () without
    text or class, or where no class has so many texts. Raises MetricError with fewer than 20 texts a side.
    """
    found = _labelled(comparison)
    if found is None:
        return ()
    given, labels = found
    beside = "holdout" if "holdout" in labels else "real"
    sides: dict[str, list[tuple[float, tuple[float, float]]]] = {"synthetic": [], "real": [], "salad": []}
    told = []
    for label in _largest(labels["synthetic"]):
        against = given.parts[beside][labels[beside] == label][:MOST_OF_CLASS]
        ours = {part: given.parts[part][labels[part] == label][:MOST_OF_CLASS] for part in ("synthetic", "real")}
        ours["salad"] = given.parts["salad"][: len(ours["synthetic"])]
        if min(len(against), *(len(each) for each in ours.values())) < LEAST_OF_CLASS:
            continue
        told.append(label)
        for part, vectors in ours.items():
            sides[part].append(_told_apart(vectors, against, comparison.seed))
    if not told:
        return ()
    means = {part: float(np.mean([value for value, _ in areas])) for part, areas in sides.items()}
    # The classes hold different texts: their errors are independent.
    half = float(np.sqrt(sum(((high - low) / 2) ** 2 for _, (low, high) in sides["synthetic"]))) / len(told)
    unseen = beside == "holdout"
    reading = (
        f"Chance that a synthetic text is told from {'an unseen' if unseen else 'a training'} text of its class; 0.5 "
        "means it is not."
    )
    whole = (max(0.0, means["synthetic"] - half), min(1.0, means["synthetic"] + half))
    control = means["real"] if unseen else None
    headline = Score("fidelity.class_text", means["synthetic"], 0.5, whole, means["salad"], control, reading=reading)
    return headline, *(
        Score(
            "fidelity.class_text",
            sides["synthetic"][place][0],
            0.5,
            sides["synthetic"][place][1],
            sides["salad"][place][0],
            sides["real"][place][0] if unseen else None,
            f"class {label}",
            reading,
        )
        for place, label in enumerate(told)
    )


def class_of(comparison: Comparison) -> str | None:
    """The column that labels the texts: the target, else one whose role says so, else the only column of classes."""
    schema = comparison.real.only.schema
    kinds = ("category", "boolean", "integer")
    if comparison.target is not None:
        return comparison.target if schema[comparison.target].kind in kinds else None
    for role in ("label", "target"):
        named = [column.name for column in schema.of_role(role) if column.kind in kinds]
        if named:
            return named[0]
    classes = [column.name for column in schema.of_kind("category", "boolean")]
    return classes[0] if len(classes) == 1 else None


def _labelled(comparison: Comparison) -> tuple[Vectors, dict[str, np.ndarray]] | None:
    """The vectors, and the (n,) label of each of them by part."""
    name = class_of(comparison)
    read = texts_of(comparison)
    if name is None or read is None:
        return None
    given = vectors_of(comparison)
    if given is None:
        return None
    frames = alike(comparison, [name])
    return given, {
        part: np.array(_told(frames[part][name].to_list()), dtype=object)[read.rows[part]][rows]
        for part, rows in given.rows.items()
    }


def _told(values: list[object]) -> list[str]:
    return [MISSING if value is None else str(value) for value in values]


def _largest(labels: np.ndarray) -> list[str]:
    """The most frequent classes, at most 30, in order of their names."""
    values, counts = np.unique(labels.astype(str), return_counts=True)
    return sorted(values[np.argsort(-counts, kind="stable")][:MOST_CLASSES].tolist())


def _told_apart(one: np.ndarray, other: np.ndarray, seed: int) -> tuple[float, tuple[float, float]]:
    """Cross-fitted area under the curve of as many vectors of each, and its interval."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    number = min(len(one), len(other))
    table = np.concatenate([one[:number], other[:number]])
    label = np.repeat([1, 0], number)
    scored = np.empty(len(label))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(table, label):
        scored[test] = (
            LogisticRegression(C=10.0, max_iter=200).fit(table[train], label[train]).decision_function(table[test])
        )
    return auc(scored[:number], scored[number:]), auc_interval(scored[:number], scored[number:])
