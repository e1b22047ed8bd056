"""Cross-entropy in chunks: torch's own, value and gradients."""

import pytest

from trasunto.networks import cross_entropy
from trasunto.networks.cross_entropy import losses, summed_loss

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(cross_entropy, "CHUNK", 7)


@pytest.mark.parametrize("cap", [None, 2.0])
@pytest.mark.parametrize("count", [0, 1, 30])
def test_value_and_gradients_are_those_of_the_whole_logits(cap, count):
    torch.manual_seed(0)
    states = torch.randn(count, 16, requires_grad=True)
    weight = torch.randn(50, 16, requires_grad=True)
    targets = torch.randint(50, (count,))
    logits = states @ weight.T
    logits = logits if cap is None else cap * torch.tanh(logits / cap)
    each = torch.nn.functional.cross_entropy(logits, targets, reduction="none")
    expected = torch.autograd.grad(each.sum() * 3, (states, weight))
    loss = summed_loss(states, weight, targets, cap=cap)
    torch.testing.assert_close(loss, each.sum())
    torch.testing.assert_close(losses(states, weight, targets, cap=cap), each)
    for one, other in zip(torch.autograd.grad(loss * 3, (states, weight)), expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_in_bfloat16_it_is_near_and_a_weight_that_stays_gets_no_gradient():
    torch.manual_seed(0)
    states, weight = torch.randn(30, 16, requires_grad=True), torch.randn(50, 16)
    targets = torch.randint(50, (30,))
    exact, near = (summed_loss(states, weight, targets, half=half) for half in (False, True))
    assert near.dtype == torch.float32
    assert abs(float(near.detach()) / float(exact.detach()) - 1) < 0.01
    near.backward()
    assert states.grad.dtype == torch.float32 and weight.grad is None


def test_a_token_without_a_chance_costs_much_but_not_everything():
    weight = torch.tensor([[400.0], [-400.0]])
    found = losses(torch.ones(1, 1), weight, torch.tensor([1]))
    assert 80 < float(found) < 100
