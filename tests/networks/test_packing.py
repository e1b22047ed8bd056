"""Packs hold what fits, and attention in a pack is that of each sequence by itself."""

import numpy as np
import pytest

from trasunto.networks.packing import best_fit, laid, packed_attention

torch = pytest.importorskip("torch")


@pytest.mark.parametrize("room", [8, 40, 200])
def test_packs_hold_each_sequence_once_and_no_more_than_fits(room):
    lengths = np.random.default_rng(0).integers(1, 30, 300)
    packs = best_fit(lengths, room, np.random.default_rng(1))
    assert sorted(np.concatenate(packs)) == list(range(300))
    assert all(lengths[each].sum() <= room or len(each) == 1 for each in packs)
    if room > 30:
        # No order of packing can do with fewer than the sum needs; best fit comes near.
        assert len(packs) <= 1.05 * lengths.sum() / room + 1


def test_packs_are_the_same_for_the_same_seed_and_others_for_another():
    lengths = np.arange(1, 50)
    one, again, other = (best_fit(lengths, 60, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert all((a == b).all() for a, b in zip(one, again, strict=True))
    assert [each.tolist() for each in one] != [each.tolist() for each in other]


@pytest.mark.parametrize("sizes", [[5], [3, 1, 7, 7], [2, 70, 300, 5, 65, 129]])
@pytest.mark.parametrize("window", [None, 4])
def test_attention_in_a_pack_is_that_of_each_sequence(sizes, window):
    torch.manual_seed(0)
    total = sum(sizes)
    query = torch.randn(1, 4, total, 8, requires_grad=True)
    key, value = (torch.randn(1, 2, total, 8, requires_grad=True) for _ in range(2))
    pack = laid(sizes, torch.device("cpu"))
    found = packed_attention(query, key, value, pack, 0.3, window)
    expected, start = [], 0
    for size in sizes:
        part = slice(start, start + size)
        q, k, v = query[0, :, part], key[0, :, part].repeat_interleave(2, 0), value[0, :, part].repeat_interleave(2, 0)
        back = torch.arange(size)[:, None] - torch.arange(size)
        seen = (back >= 0) & (back < (window or size))
        scores = (q @ k.transpose(1, 2) * 0.3).masked_fill(~seen, -torch.inf)
        expected.append((scores.softmax(-1) @ v).transpose(0, 1))
        start += size
    expected = torch.cat(expected)[None]
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    slope = torch.randn_like(found)
    ours, theirs = (torch.autograd.grad((each * slope).sum(), (query, key, value)) for each in (found, expected))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)
    assert pack.positions[0].tolist() == [place for size in sizes for place in range(size)]
