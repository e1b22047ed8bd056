"""Four bits a weight: near to the weight, the same on the way there and back, and as small as said."""

import pytest

from trasunto.networks.four_bits import BLOCK, LEVELS, coded, four_bits, spread

torch = pytest.importorskip("torch")


def test_levels_come_back_as_they_are_and_others_as_the_nearest():
    levels = torch.tensor(LEVELS)
    weight = torch.cat([levels * 2.0] * 4).view(2, 32)
    assert torch.equal(spread(*coded(weight), (2, 32), torch.float32), weight)
    torch.manual_seed(0)
    weight = torch.randn(3, BLOCK)
    found = spread(*coded(weight), (3, BLOCK), torch.float32)
    scales = coded(weight)[1].float()[:, None]
    nearest = (weight / scales).unsqueeze(-1).sub(levels).abs().argmin(-1)
    torch.testing.assert_close(found, levels[nearest] * scales)


def test_a_layer_of_normal_weights_is_near_in_an_eighth_of_the_memory():
    torch.manual_seed(0)
    linear = torch.nn.Linear(200, 100)
    linear.requires_grad_(False)
    small = four_bits(linear)
    inputs = torch.randn(5, 200, requires_grad=True)
    found = small(inputs)
    expected = linear(inputs)
    # NF4 keeps a normal weight to about a tenth of its deviation.
    assert float(((found - expected).std() / expected.std()).detach()) < 0.15
    plain = small.plain()
    torch.testing.assert_close(found, plain(inputs))
    ours, theirs = (torch.autograd.grad(each.square().sum(), inputs)[0] for each in (found, plain(inputs)))
    torch.testing.assert_close(ours, theirs)
    held = sum(each.numel() * each.element_size() for each in (small.codes, small.scales))
    assert held < linear.weight.numel() * 4.3 / 8


def test_products_are_in_the_precision_around():
    linear = torch.nn.Linear(64, 8, bias=False).requires_grad_(False)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert four_bits(linear)(torch.randn(2, 64)).dtype == torch.bfloat16
