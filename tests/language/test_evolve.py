"""A public model that writes, and private texts that count and vote: counts, votes, the tilt, and what is promised."""

from dataclasses import replace
from functools import partial

import numpy as np
import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.errors import BudgetError, FitError, SampleError
from trasunto.language.evolve import listed, nearest_votes, tilt, token_counts
from trasunto.language.generate import Sampling, Writer
from trasunto.language.pretrained import load_decoder
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import injected
from trasunto.synthesizers import lm_evolved
from trasunto.synthesizers.lm_evolve import LmEvolve
from trasunto.synthesizers.lm_evolved import opening_of, prompts_of
from trasunto.synthesizers.model import load_model

torch = pytest.importorskip("torch")
pytest.importorskip("opacus")


@pytest.fixture(scope="module")
def reviews(texts):
    dataset = tr.read(pl.DataFrame({"text": [t for t, _ in texts], "label": [each for _, each in texts]}))
    columns = tuple(
        replace(each, declared=True, categories=("bad", "good")) if each.name == "label" else each
        for each in dataset.only.schema.columns
    )
    return Dataset.of(Table(replace(dataset.only.schema, columns=columns), dataset.rows), "reviews")


@pytest.fixture(scope="module", autouse=True)
def unfinished():
    """A model with random weights hardly ever ends a text: what it writes is kept as it stands."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lm_evolved, "Sampling", partial(Sampling, unfinished=True))
        yield


@pytest.fixture(scope="module")
def small(encoder, decoder):
    return LmEvolve(
        base=str(decoder), encoder=str(encoder), candidates=24, longest=12, sure=0.0, steps=20, most=8, examples=2
    )


@pytest.fixture(scope="module")
def private(small, reviews):
    with injected(np.random.default_rng(0)):
        return small.fit(reviews, seed=0, budget=Budget(8.0, 1e-5, rows=len(reviews)))


def test_a_text_adds_one_to_at_most_so_many_tokens_of_its_group(decoder):
    tokenizer, network, _ = load_decoder(decoder)
    said = ["the room was clean the room", "the pool", "the bar was dirty"]
    found = token_counts(said, np.array([0, 1, -1]), 2, tokenizer, network.config.vocab_size, 100)
    for row, text in enumerate(said[:2]):
        own = set(tokenizer(f" {text}", add_special_tokens=False)["input_ids"])
        assert {int(each) for each in np.flatnonzero(found[row])} == own
    assert found.max() == 1
    few = token_counts(said, np.array([0, 0, 0]), 1, tokenizer, network.config.vocab_size, 3)
    # One text away changes at most three counts, by one each.
    fewer = token_counts(said[:2], np.array([0, 0]), 1, tokenizer, network.config.vocab_size, 3)
    assert np.abs(few - fewer).sum() <= 3


def test_each_text_votes_once_for_the_nearest_of_its_group():
    rng = np.random.default_rng(1)
    vectors, candidates = (
        each / np.linalg.norm(each, axis=1, keepdims=True)
        for each in (rng.normal(size=(50, 4)), rng.normal(size=(9, 4)))
    )
    groups, called = rng.integers(-1, 3, 50), rng.integers(0, 2, 9)
    votes = nearest_votes(vectors, groups, candidates, called)
    expected = np.zeros(9, dtype=int)
    for vector, group in zip(vectors, groups, strict=True):
        theirs = [place for place in range(9) if called[place] == group]
        if theirs:
            expected[max(theirs, key=lambda place: float(vector @ candidates[place]))] += 1
    assert votes.tolist() == expected.tolist()
    # Nobody is called 2, and -1 counts nowhere.
    assert votes.sum() == np.isin(groups, [0, 1]).sum()


def test_a_tilt_raises_what_is_frequent_and_leaves_what_nobody_uses():
    counts, usual = np.array([0.0, 90.0, 9.0, 0.0]), np.array([0, 10, 80, 0])
    bias = tilt(counts, 0.0, usual, 1.0)
    assert bias[1] > 1.0 and bias[2] < -1.0
    assert abs(bias[0] - bias[3]) < 1e-6 and abs(bias[0]) < 1.5
    assert np.allclose(tilt(counts, 0.0, usual, 0.5), bias / 2)
    # Below four standard deviations of the noise a count says nothing.
    assert tilt(counts, 30.0, usual, 1.0)[1] < tilt(counts, 3.0, usual, 1.0)[1]


@pytest.mark.parametrize("fast", [True, False])
def test_a_bias_of_the_output_layer_is_obeyed(decoder, fast, monkeypatch):
    if fast:
        pytest.importorskip("ctranslate2")
    monkeypatch.setattr("trasunto.language.generate._has_ctranslate2", lambda: fast)
    tokenizer, network, device = load_decoder(decoder)
    token = tokenizer(" room", add_special_tokens=False)["input_ids"][0]
    bias = np.zeros(network.config.vocab_size, dtype=np.float32)
    bias[token] = 50.0
    before = network.get_output_embeddings().weight.clone()
    with Writer(tokenizer, network, device, bias) as writer:
        said = writer.write(["the"] * 3, Sampling(longest=4, unfinished=True), seed=0)
    assert said == [tokenizer.decode([token] * 4).strip()] * 3
    assert torch.equal(before, network.get_output_embeddings().weight) and network.get_output_embeddings().bias is None


def test_prompts_hold_an_opening_and_chosen_texts():
    rng = np.random.default_rng(0)
    prompts = prompts_of("Reviews:", ("one", "two", "three"), np.array([1.0, 1.0, 8.0]), 2, 40, rng)
    assert all(each.startswith("Reviews:\n- ") and each.endswith("\n-") and each.count("\n- ") == 2 for each in prompts)
    assert sum("- three\n" in each for each in prompts) > 30
    assert prompts_of("Reviews:", (), np.array([]), 2, 2, rng) == ["Reviews:\n-"] * 2
    assert listed("A:", ["b\nc"]) == "A:\n- b c\n-"
    assert opening_of({"x": "Mine:"}, "x") == "Mine:" and '"y"' in opening_of({"x": "Mine:"}, "y")


def test_a_private_fit_promises_what_it_spent_and_writes(private, reviews):
    promised = private.guarantee
    assert promised.spent.epsilon == 8.0 and promised.unit == "row"
    what = [each.what for each in promised.spending]
    assert "how often texts hold each token" in what and "votes of texts for written ones" in what
    assert "the classifier that labels what is written" in what
    assert sum(each.epsilon or 0 for each in promised.spending[-3:]) < 8.0
    assert any("openings" in each for each in promised.assumptions)
    made = private.sample(12, seed=3)
    assert made.rows.columns == ["text", "label"] and len(made) == 12
    assert made.rows["text"].str.len_chars().min() > 0
    assert made.rows.equals(private.sample(12, seed=3).rows)
    assert not made.rows.equals(private.sample(12, seed=4).rows)


def test_counts_are_told_and_rows_can_be_given(private):
    given = {"label": ["good"] * 4}
    made, curation = private.sample_with_curation(4, seed=1, given=given)
    assert made.rows["label"].to_list() == ["good"] * 4
    assert curation.kept == 4 and curation.written >= 4
    with pytest.raises(SampleError):
        private.sample(-1, seed=0)


def test_it_is_saved_and_loaded(private, tmp_path):
    private.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.guarantee == private.guarantee
    assert again.sample(6, seed=5).rows.equals(private.sample(6, seed=5).rows)
    assert again.describe()["labels"] == ["bad", "good"]


def test_without_a_budget_or_labels_nothing_is_promised(small, reviews):
    texts = Dataset.of(
        Table(replace(reviews.only.schema, columns=reviews.only.schema.columns[:1]), reviews.rows.select("text")), "t"
    )
    model = small.fit(texts, seed=0)
    assert model.guarantee is None
    assert model.sample(3, seed=0).rows.columns == ["text"]


def test_what_is_not_public_or_not_there_is_refused(small, reviews):
    plain = tr.read(reviews.rows)
    with pytest.raises(BudgetError, match="label"):
        small.fit(plain, seed=0, budget=Budget(1.0, 1e-5, rows=len(plain)))
    with pytest.raises(FitError, match="opening"):
        replace(small, openings={"ugly": "Ugly ones:"}).fit(plain, seed=0)
    with pytest.raises(FitError, match="Shares"):
        LmEvolve(words=0.6, votes=0.5)
