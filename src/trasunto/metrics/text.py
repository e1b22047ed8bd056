"""Synthetic texts: are they like the real ones, and do they repeat them?"""

from __future__ import annotations

import itertools
import re
from collections import Counter

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.errors import MetricError
from trasunto.metrics.interval import auc, auc_interval, wilson
from trasunto.metrics.score import Comparison, Score

RUN = 8
FOLDS = 5
_WORD = re.compile(r"\w+")


def fidelity(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.text: chance that a classifier of words tells synthetic texts from unseen real ones (0.5 best), then
    the error of text lengths and the share of different word pairs. () without a text column."""
    column = _text_column(comparison)
    if column is None:
        return ()
    made, real = _texts(comparison.synthetic, column), _texts(comparison.real, column)
    unseen = _texts(comparison.holdout, column) if comparison.holdout is not None else None
    against = unseen if unseen is not None else real
    if min(len(made), len(against)) < 2 * FOLDS:
        raise MetricError(f"fidelity.text needs {2 * FOLDS} texts a side.", "Give more rows.")
    value, interval = _told_apart(made, against, comparison.seed)
    rng = np.random.default_rng(comparison.seed)
    baseline, _ = _told_apart(_shuffled_words(made, real, rng), against, comparison.seed)
    control = _told_apart(real, unseen, comparison.seed)[0] if unseen is not None else None
    headline = Score(
        "fidelity.text",
        value,
        0.5,
        interval,
        baseline,
        control,
        reading="Chance that a classifier of words and letters scores a synthetic text above an unseen real one; 0.5 "
        "means it cannot tell. The baseline draws real words in random order.",
    )
    return headline, *_lengths(made, real, unseen), *_variety(made, unseen or real, comparison.seed)


def verbatim(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.verbatim_text: share of synthetic texts with a run of 8 words of a training text that stands in no
    unseen text, or that equal a shorter training text whole; then the longest such run. () without text."""
    column = _text_column(comparison)
    if column is None:
        return ()
    real, made = _texts(comparison.real, column), _texts(comparison.synthetic, column)
    unseen = _texts(comparison.holdout, column) if comparison.holdout is not None else []
    common = {run for text in unseen for run in runs(text)}
    private = {run for text in real for run in runs(text)} - common
    copied = [any(run in private for run in runs(text)) for text in made]
    control = None
    if unseen:
        # Half the unseen texts against the training texts, with the other half to say what is common.
        half = len(unseen) // 2
        widely = {run for text in unseen[half:] for run in runs(text)}
        theirs = {run for text in real for run in runs(text)} - widely
        control = float(np.mean([any(run in theirs for run in runs(text)) for text in unseen[:half]])) if half else None
    headline = Score(
        "privacy.verbatim_text",
        float(np.mean(copied)),
        0.0,
        wilson(sum(copied), len(copied)),
        0.0,
        control,
        reading="Share of synthetic texts that repeat eight words or more, or a whole shorter text, of a training text "
        "and of no unseen one; the control is how frequently unseen texts do.",
    )
    exact = {_plain(text) for text in real}
    whole = float(np.mean([_plain(text) in exact for text in made]))
    told = Score(
        "privacy.exact_text",
        whole,
        0.0,
        wilson(whole * len(made), len(made)),
        None,
        float(np.mean([_plain(text) in exact for text in unseen])) if unseen else None,
        reading="Share of synthetic texts that equal a training text, case and punctuation aside.",
    )
    return headline, told


def runs(text: str) -> set[tuple[str, ...]]:
    """Every run of 8 words of a text; a shorter text of at least 4 words is one run."""
    words = _WORD.findall(text.lower())
    if len(words) < RUN:
        return {tuple(words)} if len(words) >= RUN // 2 else set()
    return {tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}


def _told_apart(one: list[str], other: list[str], seed: int) -> tuple[float, tuple[float, float]]:
    """Cross-fitted area under the curve of logistic regression on words and letters, in equal numbers."""
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    rng = np.random.default_rng(seed)
    number = min(len(one), len(other), 5_000)
    texts = [one[i] for i in rng.choice(len(one), number, replace=False)]
    texts += [other[i] for i in rng.choice(len(other), number, replace=False)]
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, token_pattern=r"(?u)\S+")
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=2, sublinear_tf=True, max_features=30_000)
    try:
        table = hstack([words.fit_transform(texts), letters.fit_transform(texts)]).tocsr()
    except ValueError:
        # No word or letter pair occurs twice: nothing to tell by.
        return 0.5, (0.0, 1.0)
    label = np.concatenate([np.ones(number), np.zeros(number)])
    scored = np.empty(len(label))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(table, label):
        model = LogisticRegression(C=4.0, max_iter=500).fit(table[train], label[train])
        scored[test] = model.decision_function(table[test])
    return auc(scored[:number], scored[number:]), auc_interval(scored[:number], scored[number:])


def _shuffled_words(made: list[str], real: list[str], rng: np.random.Generator) -> list[str]:
    """As many texts, of the real lengths, of real words in random order."""
    pool = np.array([word for text in real for word in text.split()] or [""], dtype=object)
    lengths = rng.choice([len(text.split()) for text in real], len(made))
    return [" ".join(rng.choice(pool, length)) for length in lengths]


def _lengths(made: list[str], real: list[str], unseen: list[str] | None) -> tuple[Score, ...]:
    from scipy.stats import ks_2samp

    long = [np.array([len(text) for text in part]) for part in (made, real)]
    control = float(ks_2samp([len(text) for text in unseen], long[1]).statistic) if unseen else None
    value = float(ks_2samp(long[0], long[1]).statistic)
    reading = "Difference of the distributions of text length in characters; 0 is equal."
    return (Score("fidelity.text_length", value, 0.0, None, None, control, reading=reading),)


def _variety(made: list[str], unseen: list[str], seed: int) -> tuple[Score, ...]:
    """Distinct-2 (Li et al. 2016): different word pairs over all word pairs, on equally many words."""
    rng = np.random.default_rng(seed)
    words = [
        [word for i in rng.permutation(len(part)) for word in _WORD.findall(part[i].lower())] for part in (made, unseen)
    ]
    number = min(len(each) for each in words)
    if number < 2:
        return ()
    value, control = (_distinct(each[:number]) for each in words)
    reading = "Share of word pairs that are different from all others; the control is that of as many real words."
    return (Score("fidelity.text_variety", value, control, None, None, control, reading=reading),)


def _distinct(words: list[str]) -> float:
    pairs = Counter(itertools.pairwise(words))
    return len(pairs) / max(sum(pairs.values()), 1)


def _text_column(comparison: Comparison) -> str | None:
    """The first column of free text."""
    return next((column.name for column in comparison.real.only.schema.columns if column.kind == "text"), None)


def _texts(dataset: Dataset, column: str) -> list[str]:
    return [text for text in dataset.rows[column].to_list() if text]


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))
