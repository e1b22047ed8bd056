"""Where chance comes from: a stream for each column and block of rows, weighted tables, shuffles without memory.

Rows are drawn in blocks of a fixed size. A stream depends on the seed, the number of the block and a name alone, so a
row is the same whether it is drawn early or late, by one thread or by two, with few other columns or with many.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

BLOCK = 32_768
SMALL = 1 << 20
_WORD = np.uint64(32)


def stream(seed: int, block: int, name: str) -> np.random.Generator:
    """The random stream of one name in one block (block counts from 0)."""
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence([seed, block, _key(name)])))


@lru_cache(maxsize=4096)
def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Weighted:
    """Tables of weights to draw from, one for each group, laid end to end.

    sizes, starts: (groups,) entries of each table and where it begins. keep: (entries,) uint32 share of 2**32 below
    which a bucket keeps its own entry, else `other`; None when all weights are equal. Walker's alias method
    (Vose 1991, "A linear algorithm for generating random numbers with a given distribution"): one 32-bit number a
    draw, so a probability is exact to about 2**-32 of the size of its table.
    """

    sizes: np.ndarray
    starts: np.ndarray
    keep: np.ndarray | None
    other: np.ndarray | None

    @staticmethod
    def of(*tables: Sequence[float] | np.ndarray) -> Weighted:
        """tables: weights of at least one entry each, 0 or more, not all 0."""
        sizes = np.array([len(table) for table in tables], dtype=np.uint64)
        starts = (np.cumsum(sizes) - sizes).astype(np.int32)
        if all(np.ptp(table) == 0 for table in tables):
            return Weighted(sizes, starts, None, None)
        if len(tables) == 1:
            # A power of two of buckets, so that a draw takes no multiplication; the added ones are never kept.
            padded = np.zeros(1 << max(1, len(tables[0]) - 1).bit_length())
            padded[: len(tables[0])] = tables[0]
            return Weighted(np.array([len(padded)], dtype=np.uint64), starts, *_alias(padded))
        made = [_alias(np.asarray(table, dtype=np.float64)) for table in tables]
        keep = np.concatenate([share for share, _ in made])
        other = np.concatenate([index + start for (_, index), start in zip(made, starts, strict=True)])
        return Weighted(sizes, starts, keep, other.astype(np.int32))

    def draw(self, rng: np.random.Generator, rows: int, groups: np.ndarray | None = None) -> np.ndarray:
        """(rows,) int32 entries, counted over all tables. groups: (rows,) int table of each row; None for the first."""
        if groups is None and self.sizes[0] == 1:
            return np.zeros(rows, dtype=np.int32)
        narrow = rng.integers(0, 1 << 32, rows, dtype=np.uint32)
        if groups is None and self.keep is not None and self.other is not None and len(self.sizes) == 1:
            bits = len(self.keep).bit_length() - 1
            bucket = (narrow >> np.uint32(32 - bits)).astype(np.int32)
            narrow <<= np.uint32(bits)
            return np.where(narrow < self.keep[bucket], bucket, self.other[bucket])
        wide = narrow.astype(np.uint64)
        wide *= self.sizes[0] if groups is None else self.sizes[groups]
        bucket = (wide >> _WORD).astype(np.int32)
        if groups is not None:
            bucket += self.starts[groups]
        if self.keep is None or self.other is None:
            return bucket
        # The lower half of the product is as random as the upper: it decides between a bucket's two entries.
        return np.where(wide.astype(np.uint32) < self.keep[bucket], bucket, self.other[bucket])


def _alias(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(share of 2**32 kept as uint32, other entry) for each bucket; a bucket kept whole has itself as other."""
    size = len(weights)
    scaled = (weights / weights.sum() * size).tolist()
    keep, other = [1.0] * size, list(range(size))
    small = [i for i, w in enumerate(scaled) if w < 1.0]
    large = [i for i, w in enumerate(scaled) if w >= 1.0]
    while small and large:
        low, high = small.pop(), large[-1]
        keep[low], other[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            small.append(large.pop())
    # What is left over differs from 1 by rounding alone.
    return np.minimum(np.array(keep) * 2.0**32, 2.0**32 - 1).astype(np.uint32), np.array(other, dtype=np.int32)


@dataclass(frozen=True)
class Shuffle:
    """A bijection of 0..size-1 chosen by a key, computed for any index alone.

    Small sizes are a table; larger ones a Feistel network over the next power of two, walked until it lands inside
    (Black and Rogaway 2002, "Ciphers with arbitrary finite domains").
    """

    size: int
    key: int

    def __call__(self, index: np.ndarray) -> np.ndarray:
        """(n,) uint64 images of (n,) uint64 indices; those from `size` on begin again."""
        if len(index) and index.max() >= np.uint64(self.size):
            index = index % np.uint64(self.size)
        if self.size <= SMALL:
            return _table(self.size, self.key)[index.astype(np.int64)]
        found = self._mixed(index)
        outside = np.flatnonzero(found >= np.uint64(self.size))
        while len(outside):
            found[outside] = self._mixed(found[outside])
            outside = outside[found[outside] >= np.uint64(self.size)]
        return found

    def _mixed(self, index: np.ndarray) -> np.ndarray:
        bits = int(self.size - 1).bit_length()
        low_bits = bits // 2
        low_mask, high_mask = np.uint64((1 << low_bits) - 1), np.uint64((1 << (bits - low_bits)) - 1)
        low, high = index & low_mask, index >> np.uint64(low_bits)
        for multiplier, addend in _rounds(self.key):
            high ^= ((low * multiplier + addend) >> _WORD) & high_mask
            low ^= ((high * multiplier + addend) >> _WORD) & low_mask
        return (high << np.uint64(low_bits)) | low


@lru_cache(maxsize=64)
def _table(size: int, key: int) -> np.ndarray:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(key))).permutation(size).astype(np.uint64)


@lru_cache(maxsize=64)
def _rounds(key: int) -> tuple[tuple[np.uint64, np.uint64], ...]:
    words = np.random.SeedSequence(key).generate_state(8, np.uint64)
    return tuple((word | np.uint64(1), addend) for word, addend in words.reshape(4, 2))


def shuffle(seed: int, name: str, size: int) -> Shuffle:
    """The shuffle of 0..size-1 that belongs to a seed and a name."""
    return Shuffle(size, int(np.random.SeedSequence([seed, _key(name)]).generate_state(1, np.uint64)[0]))
