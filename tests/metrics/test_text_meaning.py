"""What synthetic texts say, how varied they are and whether they carry their labels: good ones, bad ones, few."""

import numpy as np
import pytest

from trasunto.errors import MetricError
from trasunto.metrics import text_classes, text_diversity, text_mauve, text_topics, text_vectors
from trasunto.metrics.measure import measure
from trasunto.metrics.score import Comparison

SUBJECTS = {
    "bank": ("card", "loan", "account", "transfer", "balance", "cash"),
    "trip": ("flight", "hotel", "beach", "visa", "luggage", "airport"),
    "food": ("soup", "bread", "salad", "cheese", "dinner", "recipe"),
    "home": ("lamp", "carpet", "kitchen", "sofa", "garden", "window"),
}
FRAMES = ("please help me with the {}", "I lost my {} again", "how much is a {} now", "is the {} any good today")
NAMES = (
    "fidelity.mauve", "fidelity.vendi", "fidelity.topics", "fidelity.class_balance", "fidelity.label_agreement",
    "fidelity.class_text",
)  # fmt: skip


def said(rows, seed, subjects=tuple(SUBJECTS), frames=FRAMES):
    """(texts, labels)."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(subjects, rows)
    return [
        f"{rng.choice(frames).format(rng.choice(SUBJECTS[label]))} and the {rng.choice(SUBJECTS[label])}"
        for label in labels
    ], labels.tolist()


@pytest.fixture
def compared(build):
    def make(made, labels=None, unseen=True, seed=0):
        real, truth = said(400, 0)
        other, theirs = said(400, 1)

        def part(texts, classes):
            return build(t=("text", texts), y=("category", classes))

        holdout = part(other, theirs) if unseen else None
        return Comparison(part(real, truth), part(made, labels or truth), holdout, seed=seed)

    return make


def by_name(scores):
    return {score.metric: score for score in scores if not score.subject}


def test_texts_of_the_same_kind_say_the_same(compared):
    found = by_name(measure(compared(*said(400, 2)), NAMES))
    assert set(NAMES) <= set(found)
    # 400 texts in 40 clusters: what the same texts reach by chance is the control.
    for name in ("fidelity.mauve", "fidelity.topic_precision"):
        assert found[name].value == pytest.approx(found[name].control, abs=0.06)
        assert found[name].value > found[name].baseline
    assert found["fidelity.topics"].value > 0.9
    for name in ("fidelity.vendi", "fidelity.self_bleu", "fidelity.distinct_1", "fidelity.distinct_3"):
        assert found[name].value == pytest.approx(found[name].goal, rel=0.1)
        assert found[name].control == found[name].goal
    assert found["fidelity.class_balance"].value < 0.1
    assert found["fidelity.label_agreement"].value > 0.95
    assert found["fidelity.class_text"].interval[0] < 0.56
    for score in found.values():
        low, high = score.interval or (score.value, score.value)
        assert low <= score.value <= high


def test_half_of_the_topics_and_one_sentence_over_and_over_are_seen(compared):
    found = by_name(measure(compared(*said(400, 2, ("bank", "trip"), FRAMES[:1])), NAMES))
    assert found["fidelity.mauve"].interval[1] < found["fidelity.mauve"].control - 0.2
    assert found["fidelity.topics"].interval[1] < 0.7 < found["fidelity.topics"].control
    assert found["fidelity.vendi"].interval[1] < found["fidelity.vendi"].goal
    assert found["fidelity.self_bleu"].interval[0] > found["fidelity.self_bleu"].goal
    assert found["fidelity.distinct_3"].value < 0.7 * found["fidelity.distinct_3"].goal
    assert found["fidelity.class_balance"].interval[0] > 0.4
    assert found["fidelity.class_text"].interval[0] > 0.6


def test_label_noise_is_seen_by_class(compared):
    texts, labels = said(400, 2)
    wrong = ["food" if label == "home" else label for label in labels]
    scores = text_classes.label_agreement(compared(texts, wrong))
    by_class = {score.subject: score for score in scores}
    assert by_class[""].value == pytest.approx(1 - labels.count("home") / 400, abs=0.04)
    assert by_class["class food"].value < 0.7 < by_class["class bank"].value
    assert by_class["class food"].control > 0.95


def test_vectors_of_an_encoder_are_used_where_they_are_given(compared):
    comparison = compared(*said(400, 2))
    lengths = {}

    def embed(texts):
        lengths[len(texts)] = texts
        return np.array([[sum(word in text for word in words) for words in SUBJECTS.values()] for text in texts])

    text_vectors.place(comparison, embed, "a test")
    (score,) = text_mauve.mauve(comparison)
    assert "a test" in score.reading and set(lengths) == {400}
    assert score.value > 0.9 > text_mauve.mauve(compared(*said(400, 2, ("bank",))))[0].value


def test_the_same_seed_gives_the_same_figures_and_without_a_holdout_there_is_no_control(compared):
    made = said(120, 2)
    one, again = (measure(compared(*made, unseen=False), NAMES) for _ in range(2))
    assert one == again
    assert {score.control for score in one if score.metric == "fidelity.mauve"} == {None}


def test_tables_have_no_texts_and_few_texts_say_nothing(build, compared):
    table = build(y=("category", ["a", "b"] * 20))
    comparison = Comparison(table, build(y=("category", ["b", "a", "a"] * 20)))
    for metric in (text_mauve.mauve, text_topics.topics, text_diversity.diversity, text_classes.class_balance):
        assert metric(comparison) == ()
    assert text_classes.label_agreement(comparison) == text_classes.class_text(comparison) == ()
    with pytest.raises(MetricError, match="there are 12"):
        text_mauve.mauve(compared(*said(12, 2)))


def test_texts_that_are_all_alike_or_have_no_words(build):
    def part(text):
        return build(t=("text", [text] * 30), y=("category", ["a", "b", "c"] * 10))

    for made in ("?!", "😀", "the same words"):
        comparison = Comparison(part("the same words"), part(made), part("other words here"))
        scores = measure(comparison, NAMES)
        assert {"fidelity.mauve", "fidelity.vendi", "fidelity.topics"} <= {score.metric for score in scores}
