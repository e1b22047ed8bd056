"""Generative models learn what counts, alone in their pack, and are the same however the work was cut up."""

import numpy as np
import pytest

from trasunto.errors import FitError, ModelError
from trasunto.language.decoder.decoder import load_decoder_model
from trasunto.language.decoder.packed import Packed, packed
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.decoder.start import scratch
from trasunto.language.decoder.tokens import code
from trasunto.language.decoder.train import train_decoder
from trasunto.networks.course import Watch, watched

torch = pytest.importorskip("torch")
SMALL = {"width": 32, "layers": 2, "heads": 2, "vocabulary": 320, "longest": 64, "batch_tokens": 256}


def examples(number=80):
    places, words = ("room", "food", "staff", "view"), ("lovely", "dirty", "clean", "awful", "fine")
    return [
        Example.of(f"{'good' if i % 2 else 'bad'}:", f" the {places[i % 4]} was {words[i % 5]}" + " again" * (i % 3))
        for i in range(number)
    ]


def small(method="scratch", **more):
    return DecoderSettings(**{"method": method, "epochs": 2, **SMALL, **more})


@pytest.fixture(scope="module")
def trained():
    return train_decoder(examples(), settings=small(epochs=12, learning_rate=1e-2), seed=0, test=examples(8))


def test_a_model_from_scratch_learns_and_writes(trained):
    curve = trained.facts["curves"]["training loss"]
    assert curve[-1] < 0.5 * curve[0] and trained.facts["test"]["loss"] < 0.5 * curve[0]
    good, bad = trained.generate(["good:", "bad:"], longest=20)
    assert good.startswith("the ") and bad.startswith("the ")
    assert len(set(trained.generate([""] * 4 + ["bad:"] * 4, temperature=1.0, seed=1))) > 1


def test_packed_losses_and_gradients_are_those_of_examples_alone():
    tokenizer, network = scratch(examples(), small())
    rows = code(tokenizer, examples(20), 64)
    network.requires_grad_(True)

    def found(mine, parts):
        network.zero_grad()
        total = sum(mine.loss(part)[0] for part in parts)
        total.backward()
        return float(total.detach()), [each.grad.clone() for each in network.parameters()]

    with packed(network, half=False) as mine:
        assert mine.whole
        whole, slopes = found(mine, [rows])
        each, counts = mine.losses(rows)
    alone, theirs = found(Packed(network, half=False, whole=False), [[each] for each in rows])
    total = 0.0
    for row in rows:
        tokens = torch.from_numpy(row.tokens)[None]
        with torch.no_grad():
            answers = tokens.masked_fill(~torch.from_numpy(row.counted), -100)
            total += float(network(input_ids=tokens, labels=answers).loss) * row.counted.sum()
    tokens = counts.sum()
    assert whole / tokens == pytest.approx(total / tokens, abs=1e-5)
    assert alone / tokens == pytest.approx(total / tokens, abs=1e-5)
    assert each.sum() == pytest.approx(total, rel=1e-5)
    for one, other in zip(slopes, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)


def test_saved_and_loaded_it_says_the_same(trained, tmp_path):
    trained.save(tmp_path / "lm")
    again = load_decoder_model(tmp_path / "lm")
    assert np.array_equal(again.losses(examples(5))[0], trained.losses(examples(5))[0])
    assert again.generate(["good:"]) == trained.generate(["good:"])
    with pytest.raises(ModelError, match="no generative model"):
        load_decoder_model(tmp_path)


def test_what_cannot_be_learned_is_refused():
    with pytest.raises(FitError, match="no examples"):
        train_decoder([])
    with pytest.raises(FitError, match="counts in the loss"):
        train_decoder([Example((("only a prompt", False),))], settings=small())
    with pytest.raises(FitError, match="lora"):
        DecoderSettings(method="prefix")


def test_an_interrupted_training_that_is_taken_up_ends_bit_for_bit_the_same(tmp_path):
    whole = train_decoder(examples(), settings=small(), seed=3)

    class Fell(Exception):
        """The machine went away."""

    def falls(what, done, total):
        if what == "train" and done == 5:
            raise Fell

    with watched(Watch(folder=tmp_path, every=0)), pytest.raises(Fell):
        train_decoder(examples(), settings=small(), seed=3, progress=falls)
    steps = []
    with watched(Watch(folder=tmp_path)):
        again = train_decoder(examples(), settings=small(), seed=3, progress=lambda *each: steps.append(each))
    assert next(done for what, done, _ in steps if what == "train") == 5
    for one, other in zip(whole.network.parameters(), again.network.parameters(), strict=True):
        assert torch.equal(one, other)
    assert whole.facts["curves"] == again.facts["curves"]


@pytest.mark.parametrize("method", ["lora", "qlora", "full"])
def test_a_base_is_adapted(decoder, method, tmp_path):
    settings = small(method, base=str(decoder), learning_rate=5e-3, epochs=3, rank=4)
    made = train_decoder(examples(), settings=settings, seed=0)
    curve = made.facts["curves"]["training loss"]
    assert curve[-1] < 0.9 * curve[0] and made.facts["packed"]
    learnt = made.facts["trained_parameters"]
    assert learnt == made.facts["parameters"] if method == "full" else learnt < made.facts["parameters"] / 2
    made.save(tmp_path / "lm")
    again = load_decoder_model(tmp_path / "lm")
    assert np.allclose(again.losses(examples(6))[0], made.losses(examples(6))[0], atol=1e-5)
    assert (tmp_path / "lm" / "adapter.safetensors").exists() == (method == "lora")


def test_training_goes_on_from_a_model(decoder, trained):
    base = {"base": str(decoder), "learning_rate": 5e-3, "rank": 4}
    first = train_decoder(examples(), settings=small("lora", **base), seed=0)
    more = train_decoder(examples(), settings=small("lora", **base), seed=1, start=first)
    before, after = (each.facts["curves"]["training loss"] for each in (first, more))
    assert after[0] < before[0] and after[-1] < before[-1]
    whole = train_decoder(examples(), settings=small(epochs=1, learning_rate=1e-4), seed=1, start=trained)
    assert whole.tokenizer is trained.tokenizer
    assert whole.facts["curves"]["training loss"][0] < 0.5 * trained.facts["curves"]["training loss"][0]
    adapted = train_decoder(examples(), settings=small("lora", epochs=1, rank=2), seed=1, start=trained)
    assert adapted.adapter is None and adapted.facts["curves"]["training loss"][0] < 2.5


def test_activations_that_are_computed_again_change_nothing():
    kept, again = (
        train_decoder(examples(), settings=small(checkpointing=each, epochs=1, precision="float32"), seed=0)
        for each in (False, True)
    )
    assert np.allclose(kept.facts["curves"]["training loss"], again.facts["curves"]["training loss"], atol=1e-4)
