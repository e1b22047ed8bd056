"""Tokens out of a network: those of transformers where nothing is drawn, the right shares where they are."""

import numpy as np
import pytest

from trasunto.language.continuation import _drawn, continued
from trasunto.language.pretrained import load_decoder

torch = pytest.importorskip("torch")
PROMPTS = ("the room was", "the", "we want our money back", "the food")


@pytest.fixture(scope="module")
def loaded(decoder):
    tokenizer, network, _ = load_decoder(decoder)
    return tokenizer, network, [tokenizer(each)["input_ids"] for each in PROMPTS]


def test_the_likeliest_tokens_are_those_of_transformers(loaded):
    _, network, prompts = loaded
    found = continued(network, prompts, (0, 1.0), 24, ends=[2], seeds=[(0, place) for place in range(4)])
    for tokens, prompt in zip(found, prompts, strict=True):
        inputs = torch.tensor([prompt])
        wanted = network.generate(
            inputs, attention_mask=torch.ones_like(inputs), max_new_tokens=24, do_sample=False, pad_token_id=1
        )
        assert tokens == wanted[0, len(prompt) :].tolist()
    # They end at different steps, so that what is over was dropped while others went on.
    assert len({len(each) for each in found}) > 1 and any(each[-1] == 2 for each in found)


def test_what_is_drawn_hangs_on_the_seed_and_the_place_alone(loaded):
    _, network, prompts = loaded
    many = [prompts[0]] * 24
    seeds = [(7, place) for place in range(24)]
    together = continued(network, many, (1.0, 0.97), 24, ends=[2], seeds=seeds)
    apart = [
        continued(network, [each], (1.0, 0.97), 24, ends=[2], seeds=[seed])[0]
        for each, seed in zip(many, seeds, strict=True)
    ]
    assert together == apart and len({tuple(each) for each in together}) > 12
    other = continued(network, many, (1.0, 0.97), 24, ends=[2], seeds=[(8, place) for place in range(24)])
    assert other != together


def test_draws_have_the_shares_of_their_tokens():
    shares = torch.tensor([0.5, 0.3, 0.15, 0.05])
    numbers = torch.from_numpy(np.random.default_rng(0).random(20_000))
    logits = shares.log().expand(len(numbers), -1)
    drawn = torch.bincount(_drawn(logits, (1.0, 1.0), numbers), minlength=4) / len(numbers)
    # Six standard errors of a share of 20,000 draws.
    assert torch.allclose(drawn, shares, atol=0.022)
    # Up to 0.75: the third would begin beyond it.
    cut = torch.bincount(_drawn(logits, (1.0, 0.75), numbers), minlength=4) / len(numbers)
    assert torch.allclose(cut, torch.tensor([0.625, 0.375, 0, 0]), atol=0.022)
    sharp = torch.bincount(_drawn(logits, (0.5, 1.0), numbers), minlength=4) / len(numbers)
    assert torch.allclose(sharp, shares.square() / shares.square().sum(), atol=0.022)
    assert set(_drawn(logits, (1.0, 1e-9), numbers).tolist()) == {0}
    for edge in (0.0, 1.0 - 1e-9):
        assert int(_drawn(logits[:1], (1.0, 1.0), torch.tensor([edge]).double())[0]) in range(4)
