"""Synthetic texts: are they like the real ones, and do they repeat them? All columns of free text of a row together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np

from trasunto.errors import MetricError
from trasunto.metrics.distances import of_numbers
from trasunto.metrics.frames import alike
from trasunto.metrics.interval import around, auc, auc_interval, wilson
from trasunto.metrics.score import Comparison, Score
from trasunto.metrics.words import Stream, Vocabulary, longest_shared

RUN = 8
# A shorter text of so many words is a run by itself; one shorter still is anybody's.
SHORT = 4
FOLDS = 5
# Texts a side, and letters of each, that the classifier reads.
MOST_TEXTS = 3_000
BASELINE_TEXTS = 1_000
MOST_LETTERS = 1_000

Texts = list[list[str]]


def fidelity(comparison: Comparison) -> tuple[Score, ...]:
    """fidelity.text: chance that a classifier of words and letters tells synthetic texts from unseen real ones (0.5
    best; at most 3,000 a side, 1,000 characters of each), then fidelity.text_length (error of the lengths),
    fidelity.text_words (error of the word frequencies) and fidelity.text_variety (share of different word pairs).

    () without a column of text. Raises MetricError with fewer than 10 texts a side.
    """
    read = texts_of(comparison)
    if read is None:
        return ()
    made, real = _joined(read.texts["synthetic"]), _joined(read.texts["real"])
    unseen = _joined(read.texts["holdout"]) if "holdout" in read.texts else None
    against = unseen if unseen is not None else real
    number = min(len(made), len(against), len(real), MOST_TEXTS)
    if number < 2 * FOLDS:
        raise MetricError(f"fidelity.text needs {2 * FOLDS} texts a side and has {number}.", "Give more rows.")
    rng = np.random.default_rng(comparison.seed)
    beside = _some(against, number, rng)
    value, interval = _told_apart(_some(made, number, rng), beside, comparison.seed)
    baseline, _ = _told_apart(word_salad(real, min(number, BASELINE_TEXTS), rng), beside, comparison.seed)
    control = _told_apart(_some(real, number, rng), beside, comparison.seed)[0] if unseen is not None else None
    whom = "an unseen real one" if unseen is not None else "a training text (without a holdout this rewards copying)"
    headline = Score(
        "fidelity.text",
        value,
        0.5,
        interval,
        baseline,
        control,
        reading=f"Chance that a classifier of words and letters scores a synthetic text above {whom}; 0.5 means it "
        "cannot tell. The control puts training texts in their place, the baseline real words in random order.",
    )
    return headline, *_length(made, real, unseen, rng), *_words(read, rng), *_variety(read, rng)


def verbatim(comparison: Comparison) -> tuple[Score, ...]:
    """privacy.verbatim_text: share of synthetic rows with a run of 8 words of a training text that stands in no
    unseen text, or with a text of 4 to 7 words that equals such a training text whole; then privacy.exact_text
    (share that equal a training text) and privacy.longest_run (words of the longest run of any training text).

    Words are compared in lower case, punctuation aside. () without a column of text.
    """
    read = texts_of(comparison)
    if read is None:
        return ()
    streams = read.streams
    real, made, unseen = streams["real"], streams["synthetic"], streams.get("holdout")
    empty = [part for part, stream in streams.items() if not len(stream.words)]
    if empty:
        raise MetricError(f"The {empty[0]} data has no text in {read.columns}.", "Give rows with texts.")
    salad = real.shuffled(made, np.random.default_rng(comparison.seed))
    theirs = _runs(real)[0]
    common = _runs(unseen)[0] if unseen is not None else np.empty(0, dtype=np.uint64)
    private = np.setdiff1d(theirs, common)
    whole = _whole(real)[0]
    control = {"runs": None, "whole": None, "longest": None} if unseen is None else _unseen_copies(unseen, real)
    return (
        _share(
            "privacy.verbatim_text",
            [_rows_with(each, private, _runs) for each in (made, salad)],
            control["runs"],
            "Share of synthetic texts that repeat eight words or more, or a whole shorter text, of a training text and "
            "of no unseen one; the control is how frequently an unseen text does.",
        ),
        _share(
            "privacy.exact_text",
            [_rows_with(each, whole, _whole) for each in (made, salad)],
            control["whole"],
            "Share of synthetic texts that equal a training text, case and punctuation aside; the control is how "
            "frequently an unseen text does.",
        ),
        Score(
            "privacy.longest_run",
            float(longest_shared(made, real)),
            0.0,
            None,
            float(longest_shared(salad, real)),
            control["longest"],
            reading="Words of the longest run that a synthetic text shares with a training text; the control is that "
            "of the unseen texts.",
        ),
    )


@dataclass(frozen=True, eq=False)
class Read:
    """The texts of each part by row, missing ones and rows without any left out; which row of the part each is; their
    words; how many words."""

    columns: str
    texts: dict[str, Texts]
    rows: dict[str, np.ndarray]
    streams: dict[str, Stream]
    words: int


# Held as long as the comparison itself is, and no longer: these are private texts.
_KEPT: WeakKeyDictionary[Comparison, Read] = WeakKeyDictionary()


def texts_of(comparison: Comparison) -> Read | None:
    """The texts of a comparison, read once for all metrics; None without a column of text."""
    names = [column.name for column in comparison.real.only.schema.columns if column.kind == "text"]
    if not names:
        return None
    if comparison not in _KEPT:
        parts = alike(comparison, names)
        texts = {
            part: [[t for t in row if t and t.strip()] for row in frame.iter_rows()] for part, frame in parts.items()
        }
        filled = {part: np.flatnonzero([bool(row) for row in rows]) for part, rows in texts.items()}
        texts = {part: [row for row in rows if row] for part, rows in texts.items()}
        vocabulary = Vocabulary()
        streams = {part: vocabulary.stream(rows) for part, rows in texts.items()}
        _KEPT[comparison] = Read(", ".join(names), texts, filled, streams, len(vocabulary))
    return _KEPT[comparison]


def _joined(texts: Texts) -> list[str]:
    return ["\n".join(row) for row in texts]


def _some(texts: list[str], most: int, rng: np.random.Generator) -> list[str]:
    """At most so many of the texts, in random order."""
    return [texts[place] for place in rng.permutation(len(texts))[:most]]


def word_salad(real: list[str], number: int, rng: np.random.Generator) -> list[str]:
    """So many texts, of the real lengths, of real words in random order."""
    split = [text.split() for text in _some(real, MOST_TEXTS, rng)]
    pool = np.array([word for words in split for word in words] or [""], dtype=object)
    lengths = rng.choice([len(words) for words in split], number)
    drawn = rng.integers(0, len(pool), int(lengths.sum()))
    return [" ".join(pool[part]) for part in np.split(drawn, np.cumsum(lengths)[:-1])]


def _told_apart(one: list[str], other: list[str], seed: int) -> tuple[float, tuple[float, float]]:
    """Cross-fitted area under the curve of as many texts of each, and its interval.

    The vocabulary is that of these texts alone: rare words that a third group of texts made frequent enough to count
    would tell of the side that group was made from.
    """
    from scipy.sparse import hstack
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    number = min(len(one), len(other))
    texts = [text[:MOST_LETTERS] for text in (*one[:number], *other[:number])]
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, token_pattern=r"(?u)\S+")
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), min_df=3, sublinear_tf=True, max_features=30_000)
    try:
        table = hstack([words.fit_transform(texts), letters.fit_transform(texts)]).tocsr()
    except ValueError:
        # No word or no pair of letters is met three times: nothing to tell by.
        return 0.5, (0.0, 1.0)
    label = np.repeat([1, 0], number)
    scored = np.empty(len(label))
    for train, test in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(table, label):
        model = LogisticRegression(C=4.0, solver="liblinear", random_state=seed).fit(table[train], label[train])
        scored[test] = model.decision_function(table[test])
    return auc(scored[:number], scored[number:]), auc_interval(scored[:number], scored[number:])


def _length(made: list[str], real: list[str], unseen: list[str] | None, rng: np.random.Generator) -> tuple[Score, ...]:
    distance = of_numbers(_lengths(real))
    value, influence = distance(_lengths(made))
    drawn = _lengths(real)[rng.integers(0, len(real), len(made))]
    control = distance(_lengths(_some(unseen, len(made), rng)))[0] if unseen is not None else None
    reading = (
        "Difference of the distributions of text length in characters; 0 is equal. The control is what as many unseen "
        "real texts differ by chance, the baseline lengths drawn from the training texts."
    )
    interval = around(value, influence, 0.0, 1.0)
    return (Score("fidelity.text_length", value, 0.0, interval, distance(drawn)[0], control, reading=reading),)


def _lengths(texts: list[str]) -> np.ndarray:
    return np.array([len(text) for text in texts], dtype=float)


def _words(read: Read, rng: np.random.Generator) -> tuple[Score, ...]:
    """Total variation of the word frequencies, with the influence of each text."""
    real, made, unseen = read.streams["real"], read.streams["synthetic"], read.streams.get("holdout")
    truth = np.bincount(real.words, minlength=read.words) / len(real.words)

    def error(words: np.ndarray) -> tuple[float, np.ndarray]:
        gap = np.bincount(words, minlength=read.words) / max(len(words), 1) - truth
        return 0.5 * float(np.abs(gap).sum()), gap

    value, gap = error(made.words)
    sign = 0.5 * np.sign(gap)[made.words]
    text = np.repeat(np.arange(len(made.lengths)), made.lengths)
    influence = np.bincount(text, weights=sign - sign.mean()) * (len(made.lengths) / len(made.words))
    control = error(cut(unseen, len(made.words), rng))[0] if unseen is not None else None
    return (
        Score(
            "fidelity.text_words",
            value,
            0.0,
            around(value, influence, 0.0, 1.0),
            error(rng.choice(real.words, len(made.words)))[0],
            control,
            reading="Share of words that would have to be changed for every word to be as frequent as in the training "
            "texts. The control is that of as many unseen real words, the baseline of words drawn by themselves.",
        ),
    )


def _variety(read: Read, rng: np.random.Generator) -> tuple[Score, ...]:
    """Distinct-2 (Li et al. 2016): different word pairs over all word pairs, on equally many words."""
    compared = read.streams.get("holdout", read.streams["real"])
    made = read.streams["synthetic"]
    number = min(len(made.words), len(compared.words))
    if number < 2:
        return ()
    value, control = (_distinct(cut(stream, number, rng), read.words) for stream in (made, compared))
    baseline = _distinct(rng.choice(read.streams["real"].words, number), read.words)
    reading = (
        "Share of word pairs that are met once only or for the first time; the goal is that of as many real words."
    )
    return (Score("fidelity.text_variety", value, control, None, baseline, control, reading=reading),)


def cut(stream: Stream, number: int, rng: np.random.Generator) -> np.ndarray:
    """The first so many words of the texts in random order."""
    order = rng.permutation(len(stream.lengths))
    spans = [stream.words[stream.starts[place] : stream.ends[place]] for place in order]
    return np.concatenate(spans)[:number]


def _distinct(words: np.ndarray, vocabulary: int) -> float:
    pairs = words[:-1] * vocabulary + words[1:]
    return len(np.unique(pairs)) / len(pairs)


def _runs(stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    """Hashes of the runs that count as a copy, and the rows they are in."""
    sums = stream.sums()
    long, short = stream.runs(RUN, sums), stream.whole(SHORT, RUN, sums)
    return np.concatenate([long[0], short[0]]), np.concatenate([long[1], short[1]])


def _whole(stream: Stream) -> tuple[np.ndarray, np.ndarray]:
    return stream.whole(1, None, stream.sums())


def _rows_with(stream: Stream, wanted: np.ndarray, of: Callable[[Stream], tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(rows,) whether a row holds one of the hashes."""
    hashes, row = of(stream)
    found = np.zeros(stream.rows, dtype=bool)
    found[row[np.isin(hashes, wanted)]] = True
    return found


def _unseen_copies(unseen: Stream, real: Stream) -> dict[str, float]:
    """The same figures for the unseen texts: a run is common when another unseen text has it too."""
    hashes, row = _runs(unseen)
    pairs = np.unique(np.column_stack([hashes, row.astype(np.uint64)]), axis=0)
    values, times = np.unique(pairs[:, 0], return_counts=True)
    private = np.intersect1d(values[times == 1], _runs(real)[0])
    return {
        "runs": float(_rows_with(unseen, private, _runs).mean()),
        "whole": float(_rows_with(unseen, _whole(real)[0], _whole).mean()),
        "longest": float(longest_shared(unseen, real)),
    }


def _share(metric: str, copied: list[np.ndarray], control: float | None, reading: str) -> Score:
    made, salad = copied
    interval = wilson(int(made.sum()), len(made))
    return Score(metric, float(made.mean()), 0.0, interval, float(salad.mean()), control, reading=reading)
