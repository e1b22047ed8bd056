"""An adapter of a generative model under a budget: examples by themselves, and a guarantee of what was spent."""

from dataclasses import replace

import numpy as np
import pytest

from trasunto.errors import BudgetError
from trasunto.language.decoder.decoder import load_decoder_model
from trasunto.language.decoder.packed import packed
from trasunto.language.decoder.private import padded_loss, train_decoder_private
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.decoder.tokens import code
from trasunto.language.pretrained import load_decoder
from trasunto.language.private import Granted
from trasunto.networks.private import Descent
from trasunto.privacy.accountant import dpsgd_epsilon
from trasunto.privacy.budget import Budget
from trasunto.privacy.mechanisms import injected

torch = pytest.importorskip("torch")
pytest.importorskip("opacus")
EXAMPLES = [
    Example.of("good:", f" the {place} was lovely" + " again" * (n % 3)) for n, place in enumerate("abcdefgh" * 4)
]


def test_padded_and_packed_losses_agree(decoder):
    tokenizer, network, _ = load_decoder(decoder)
    rows = code(tokenizer, EXAMPLES[:6], 40)
    with torch.no_grad():
        found = float(padded_loss(network, rows, half=False))
    with packed(network, half=False) as mine:
        assert found == pytest.approx(mine.losses(rows)[0].sum(), rel=1e-2)


def test_the_guarantee_is_that_of_the_steps_made(decoder, tmp_path):
    budget = Budget(4.0, 1e-5, rows=32)
    plan = Descent(rate=0.25, steps=6, clip=1.0, noise=1.5, batch=8.0)
    settings = DecoderSettings(method="lora", base=str(decoder), rank=2, longest=40, learning_rate=5e-3)
    with injected(np.random.default_rng(0)):
        granted = Granted(budget, budget, 32, None, (), ())
        made = train_decoder_private(EXAMPLES, granted, plan, settings=settings)
    spent = dpsgd_epsilon(1.5, rate=0.25, steps=6, delta=1e-5)[0]
    assert made.guarantee is not None and made.facts["steps"] == 6
    assert any(each.epsilon == pytest.approx(spent) for each in made.guarantee.spending)
    # Nothing that was measured on the texts is told.
    assert set(made.facts["curves"]) == {"norm of the noisy gradient"} and "tokens" not in made.facts
    made.save(tmp_path / "lm")
    assert load_decoder_model(tmp_path / "lm").guarantee == made.guarantee
    with pytest.raises(BudgetError, match="full"):
        train_decoder_private(EXAMPLES, granted, plan, settings=replace(settings, method="full"))
