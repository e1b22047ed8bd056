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
