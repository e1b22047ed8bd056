"""The judgement: every arm on the same unseen texts, in an honest order, and what synthetic texts are worth."""

import numpy as np
import pytest

from trasunto.errors import FitError
from trasunto.language.classify import ClassifySettings, train_classifier
from trasunto.language.corpus import Corpus
from trasunto.language.curve import Drawn, gain, learning_curve, with_synthetic, worth
from trasunto.language.evaluate import Chances
from trasunto.language.stages import Judging, judge


@pytest.fixture
def settings(encoder):
    return ClassifySettings(base=str(encoder))


@pytest.fixture
def parts(texts):
    corpus = Corpus(tuple(t for t, _ in texts), tuple(y for _, y in texts), "text")
    return corpus.take(range(0, len(corpus), 2)), corpus.take(range(1, len(corpus), 2))


@pytest.fixture(scope="module")
def judged(texts, encoder):
    corpus = Corpus(tuple(t for t, _ in texts), tuple(y for _, y in texts), "text")
    train, test = corpus.take(range(0, len(corpus), 2)), corpus.take(range(1, len(corpus), 2))
    nonsense = Corpus(train.texts, tuple(reversed(train.labels)), train.text, train.label)
    groups = {"place": [text.split()[1] for text in test.texts]}
    judging = Judging(draws=3, groups=groups)
    return judge(
        nonsense, train, test, settings=ClassifySettings(base=str(encoder)), curve=(2, 8), judging=judging, seed=0
    )


def test_the_judgement_has_every_arm_and_an_honest_order(judged):
    arms = {each.arm: each for each in judged.evaluations}
    assert list(arms) == [
        "synthetic", "real", "synthetic then real", "synthetic + real", "real + 0.5 synthetic",
        "synthetic + real, easy first", "tf-idf, synthetic", "tf-idf, real", "majority", "real, 2 per class",
        "real, 2 per class + synthetic", "real, 8 per class", "real, 8 per class + synthetic",
    ]  # fmt: skip
    assert arms["real"].macro_f1 > 0.9 > 0.5 > arms["synthetic"].macro_f1
    # Labels that are all wrong pull the mixture down, and fewer of them less.
    assert arms["real"].macro_f1 > arms["real + 0.5 synthetic"].macro_f1 > arms["synthetic"].macro_f1
    assert len({each.tested_on for each in judged.evaluations}) == 1
    assert arms["synthetic"].trained_on == arms["real"].trained_on
    assert arms["synthetic + real"].trained_on == 2 * arms["real"].trained_on
    assert arms["real, 8 per class"].trained_on == 16


def test_the_judgement_tells_what_a_person_asks(judged):
    arms, facts = {each.arm: each for each in judged.evaluations}, judged.facts
    assert facts["difference"]["interval"][1] < 0 and facts["difference"]["mcnemar"] < 0.01
    assert set(facts["differences"]) == {"synthetic", "synthetic then real", "synthetic + real"}
    assert facts["worth"]["side"] == "less" and "low" in facts["worth"]["open"]
    assert [each["size"] for each in facts["gains"]] == [2, 8]
    # The model of eight texts a class knows that the labels are wrong, and none is let in.
    assert facts["gains"][1]["value"] == pytest.approx(0.0, abs=0.05)
    assert arms["real"].auc > 0.95 > 0.5 > arms["synthetic"].auc
    assert {each.column for each in arms["synthetic"].groups} == {"place"}
    assert sum(each.rows for each in arms["synthetic"].groups) == arms["synthetic"].tested_on
    assert not arms["majority"].calibration and arms["real"].calibration
    assert len(arms["real, 2 per class"].facts["draws"]) == 3


def test_the_same_seed_gives_the_same_judgement(parts, settings):
    train, test = parts
    one, again = (judge(train, train, test, settings=settings, curve=(4,), seed=3) for _ in range(2))
    told = ("seconds",)
    assert [each.to_dict() | {"facts": 0} for each in one.evaluations] == [
        each.to_dict() | {"facts": 0} for each in again.evaluations
    ]
    assert {k: v for k, v in one.facts.items() if k not in told} == {
        k: v for k, v in again.facts.items() if k not in told
    }


def test_fine_tuning_trains_the_usual_arms_and_one_draw_of_a_size(parts, encoder):
    train, test = parts
    settings = ClassifySettings(method="finetune", base=str(encoder), epochs=1)
    judged = judge(train, train, test, settings=settings, curve=(4,), seed=0)
    assert [each.arm for each in judged.evaluations] == [
        "synthetic", "real", "synthetic then real", "synthetic + real", "tf-idf, synthetic", "tf-idf, real",
        "majority", "real, 4 per class", "real, 4 per class + synthetic",
    ]  # fmt: skip
    assert len(judged.evaluations[-1].facts["draws"]) == 1


def test_training_texts_that_stand_in_the_test_are_left_out(texts, parts, settings):
    train, test = parts
    judged = judge(train.joined(test), train, test, settings=settings, curve=())
    assert judged.facts["prepare"]["synthetic"]["in_test"] == len(texts) // 2
    assert judged.facts["worth"] is None and judged.facts["gains"] == []


def test_one_class_and_settings_that_train_nothing_are_refused(parts, settings):
    train, test = parts
    good = train.take([place for place, label in enumerate(train.labels) if label == "good"])
    with pytest.raises(FitError, match="synthetic training texts have 1 label"):
        judge(good, train, test, settings=settings)
    with pytest.raises(FitError, match="0 draws"):
        Judging(draws=0)
    with pytest.raises(FitError, match="ratios"):
        Judging(ratios=(0.0,))


def test_bad_texts_leave_the_few_alone_and_labels_of_others_stay_out(parts, settings):
    train, test = parts
    few = train.draw(24, seed=0)
    alone = train_classifier(few, settings=settings)
    wrong = Corpus(test.texts, tuple({"good": "bad", "bad": "good"}[label] for label in test.labels), test.text)
    found, used = with_synthetic(alone, few, wrong, seed=0)
    assert used == 0 and found.head is alone.head
    strange = Corpus(test.texts, ("else",) * len(test), test.text)
    assert with_synthetic(alone, few, strange, seed=0)[1] == 0


def test_few_texts_are_not_joined_to_synthetic_ones_in_fine_tuning(parts, encoder):
    train, test = parts
    settings = ClassifySettings(method="finetune", base=str(encoder))
    with pytest.raises(FitError, match="as start"):
        learning_curve(train, test, (4,), settings=settings, draws=1, seed=0, made=train)


def test_a_size_that_few_classes_can_fill_is_left_out(parts, settings):
    train, test = parts
    found = learning_curve(train, test, (4, 10_000), settings=settings, draws=1, seed=0)
    assert [each.size for each in found] == [4]


LABELS = ("a", "b")
TEST = Corpus(("t",) * 400, tuple(LABELS * 200))


def drawn(arm, examples, *right):
    """Models that answer a share of the questions right; which ones is drawn."""
    truth = np.array(TEST.labels) == "b"
    made = []
    for place, share in enumerate(right):
        hit = np.random.default_rng([place, examples]).permutation(400) < share * 400
        called = np.where(hit, truth, ~truth).astype(float)
        made.append(Chances(LABELS, np.column_stack([1 - called, called])))
    return Drawn(arm, examples // 2, (examples,) * len(right), tuple(made))


def test_worth_reads_the_curve():
    curve = [drawn("real, 5 per class", 10, 0.60, 0.62, 0.58), drawn("real, 500 per class", 1000, 0.90)]
    found = worth(curve, drawn("synthetic", 800, 0.75), TEST)
    # Halfway up the curve is halfway in the logarithm: the root of 10 x 1,000.
    assert found["count"] == pytest.approx(100, rel=0.05)
    assert 10 < found["low"] < found["count"] < found["high"] < 1000
    assert (found["synthetic"], found["side"], found["open"]) == (800, "", [])
    assert worth(curve, drawn("synthetic", 800, 0.97), TEST)["side"] == "more"
    assert "high" in worth(curve, drawn("synthetic", 800, 0.97), TEST)["open"]
    below = worth(curve, drawn("synthetic", 800, 0.52), TEST)
    assert (below["side"], below["count"], below["open"]) == ("less", pytest.approx(10), ["low"])
    assert worth(curve[:1], drawn("synthetic", 800, 0.75), TEST) is None


def test_a_gain_is_that_of_the_same_draws():
    alone, more = drawn("real, 5 per class", 10, 0.6, 0.7), drawn("real, 5 per class + synthetic", 10, 0.7, 0.8)
    found = gain(alone, more, TEST)
    assert found["value"] == pytest.approx(0.1, abs=0.01)
    assert 0 < found["interval"][0] < 0.1 < found["interval"][1]
    assert gain(alone, alone, TEST)["interval"] == [0.0, 0.0]
