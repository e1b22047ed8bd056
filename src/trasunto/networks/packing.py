"""Sequences of unlike length, laid end to end: which go together, and attention that keeps them apart."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from typing import Any

import numpy as np

# Widths up to this go through attention together: what padding costs there is less than another call.
NARROW = 64
# The widest rows whose attention is written out on a processor.
PLAIN = 512


def best_fit(lengths: np.ndarray, room: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Every sequence once, in packs of at most `room` tokens, in random order: each goes where it leaves the least
    room (best fit; Johnson 1974). A longer sequence has a pack of its own."""
    packs: list[list[int]] = []
    # (room left, pack), sorted.
    open_packs: list[tuple[int, int]] = []
    for place in rng.permutation(len(lengths)):
        size = int(lengths[place])
        found = bisect_left(open_packs, (size, -1))
        if found < len(open_packs):
            left, pack = open_packs.pop(found)
            packs[pack].append(int(place))
        else:
            left, pack = room, len(packs)
            packs.append([int(place)])
        if left > size:
            insort(open_packs, (left - size, pack))
    return [np.array(packs[place], dtype=np.int64) for place in rng.permutation(len(packs))]


@dataclass(frozen=True)
class Group:
    """Sequences that go through attention as rows of one width. places: (k,) of their tokens in the pack; cells: (k,)
    of these in the flat (rows x width) grid, the rest of which is padding behind a sequence."""

    places: Any
    cells: Any
    rows: int
    width: int


@dataclass(frozen=True)
class Laid:
    """How sequences lie in a pack. positions: (1, tokens), counted anew in each; groups: of like width."""

    positions: Any
    groups: tuple[Group, ...]


def laid(lengths: list[int], device: Any) -> Laid:
    """Sequences of these lengths, end to end."""
    import torch

    sizes = np.asarray(lengths)
    starts = np.cumsum(sizes) - sizes
    positions = np.arange(sizes.sum()) - np.repeat(starts, sizes)
    # Widths double from group to group, so that padding is less than half.
    kinds = np.maximum(np.ceil(np.log2(np.maximum(sizes, 1) / NARROW)), 0)
    groups = []
    for kind in np.unique(kinds):
        inside = np.flatnonzero(kinds == kind)
        own, width = sizes[inside], int(sizes[inside].max())
        within = np.arange(own.sum()) - np.repeat(np.cumsum(own) - own, own)
        places = np.repeat(starts[inside], own) + within
        cells = np.repeat(np.arange(len(inside)) * width, own) + within
        there, grid = (torch.from_numpy(each).to(device) for each in (places, cells))
        groups.append(Group(there, grid, len(inside), width))
    return Laid(torch.from_numpy(positions)[None].to(device), tuple(groups))


def packed_attention(query: Any, key: Any, value: Any, pack: Laid, scale: float, window: int | None = None) -> Any:
    """Causal attention inside each sequence of a pack: (1, tokens, heads, size) of (1, heads, tokens, size).

    key, value: of as many heads, or of a part that divides them. window: how far back a token may look; None as far
    as its sequence goes. Linear layers see no padding; here alone sequences are padded, to the width of their group.
    """
    import torch

    if len(pack.groups) == 1 and pack.groups[0].rows == 1:
        return _attended(query, key, value, scale, window).transpose(1, 2)
    flat = [each[0].transpose(0, 1) for each in (query, key, value)]
    found = torch.zeros_like(flat[2][:, :1]).expand(-1, query.shape[1], -1)
    for group in pack.groups:
        asked, known, said = (_spread(each, group).transpose(1, 2) for each in flat)
        made = _attended(asked, known, said, scale, window).transpose(1, 2).flatten(0, 1)
        own = made.index_select(0, group.cells)
        found = own if len(pack.groups) == 1 else found.index_copy(0, group.places, own)
    return found[None]


def _spread(flat: Any, group: Group) -> Any:
    """(rows, width, heads, size) of (tokens, heads, size); zeros behind the sequences."""
    own = flat if group.places.shape[0] == flat.shape[0] else flat.index_select(0, group.places)
    grid = own.new_zeros((group.rows * group.width, *own.shape[1:])).index_copy(0, group.cells, own)
    return grid.view(group.rows, group.width, *own.shape[1:])


def _attended(query: Any, key: Any, value: Any, scale: float, window: int | None) -> Any:
    """Causal attention in rows of one width."""
    import torch

    width, half = query.shape[2], value.dtype == torch.bfloat16
    place = torch.arange(width, device=query.device)
    back = place[:, None] - place
    seen = (back >= 0) & (back < (window or width))
    if half and query.device.type == "cpu" and width <= PLAIN:
        return _plain(query.to(value.dtype), key.to(value.dtype), value, scale, seen)
    narrow = window is not None and window < width
    return torch.nn.functional.scaled_dot_product_attention(
        query.to(value.dtype),
        key.to(value.dtype),
        value,
        seen if narrow else None,
        is_causal=not narrow,
        scale=scale,
        enable_gqa=query.shape[1] != key.shape[1],
    )


def _plain(query: Any, key: Any, value: Any, scale: float, seen: Any) -> Any:
    """Attention as it is written down: on a processor in bfloat16, torch's own kernel takes several times as long for
    short sequences, above all on the way back."""
    import torch

    rows, heads, width, size = query.shape
    shared = key.shape[1]
    # Queries that share a key stand below each other, so that nothing is repeated.
    below = (query * scale).reshape(rows, shared, -1, size)
    scores = torch.matmul(below, key.transpose(2, 3)).view(rows, shared, -1, width, width)
    weights = torch.softmax(scores.masked_fill(~seen, -torch.inf), -1, dtype=torch.float32).to(value.dtype)
    return torch.matmul(weights.view(rows, shared, -1, width), value).view(rows, heads, width, size)
