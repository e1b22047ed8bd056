"""Noise that a private release may use: exact over whole numbers by OpenDP, from the operating system's randomness.

Counts get discrete Laplace or Gaussian noise and choices are made by the exponential mechanism, all sampled by OpenDP
without rounding (Canonne, Kamath and Steinke 2020), so that attacks on the digits of floats (Mironov 2012) find
nothing. DP-SGD needs noise on floats: `normals` adds up four draws of 53 random bits each, after which finding the
bits behind a sum is out of reach (Holohan and Braghin 2021, "Secure random sampling in differential privacy", section
4). That hardens it; it is no proof that rounding leaks nothing, and timing is not hidden either.

No seed reaches this file. Tests put a generator of their own in place with `injected`; a guarantee made under it says
so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.errors import BudgetError
from trasunto.registry import missing

INJECTED = "Noise came from a generator that was injected for a test: nothing is guaranteed."
FLOATS = (
    "Noise of the gradients is floating-point, of the operating system's randomness, each the sum of four draws "
    "(Holohan and Braghin 2021): hardened against reading its bits, not exact."
)

_injected: ContextVar[np.random.Generator | None] = ContextVar("injected", default=None)
_payment: ContextVar[Callable[[], None] | None] = ContextVar("payment", default=None)


@contextmanager
def injected(rng: np.random.Generator) -> Iterator[None]:
    """For tests alone: inside, `noise()` draws from this generator, approximately, and nothing is private."""
    token = _injected.set(rng)
    try:
        yield
    finally:
        _injected.reset(token)


@contextmanager
def paid_by(charge: Callable[[], None]) -> Iterator[None]:
    """Inside, `charge` is called once, right before the first noise under which anything is released.

    What it raises goes up, and nothing is drawn; a fit that is refused before it draws noise costs nothing.
    """
    done: list[bool] = []

    def pay() -> None:
        if not done:
            charge()
            done.append(True)

    token = _payment.set(pay)
    try:
        yield
    finally:
        _payment.reset(token)


def noise() -> Noise:
    """The source of noise: secure, unless a test has injected its own."""
    return Noise(_injected.get())


@dataclass(frozen=True)
class Noise:
    """A source of noise. rng: None for the secure one."""

    rng: np.random.Generator | None = None

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What a guarantee must say of the source."""
        return () if self.rng is None else (INJECTED,)

    def gaussian(self, counts: np.ndarray, sigma: float) -> np.ndarray:
        """Counts with discrete Gaussian noise, same shape, int64; sensitivity**2 / (2 sigma**2)-zCDP (L2).

        counts: whole numbers, int64. sigma: above 0, finite. About 80,000 cells a second.
        """
        _scale(sigma, counts)
        _pay()
        if self.rng is not None:
            drawn: np.ndarray = counts + np.rint(self.rng.normal(0.0, sigma, counts.shape)).astype(np.int64)
            return drawn
        dp = _opendp()
        space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float)
        return _released(dp.m.make_gaussian(*space, scale=float(sigma)), counts)

    def laplace(self, counts: np.ndarray, scale: float) -> np.ndarray:
        """Counts with discrete Laplace noise, same shape, int64; epsilon = sensitivity / scale (L1).

        counts: whole numbers, int64. scale: above 0, finite. About 140,000 cells a second.
        """
        _scale(scale, counts)
        _pay()
        if self.rng is not None:
            drawn: np.ndarray = counts + np.rint(self.rng.laplace(0.0, scale, counts.shape)).astype(np.int64)
            return drawn
        dp = _opendp()
        space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l1_distance(T="i64")
        return _released(dp.m.make_laplace(*space, scale=float(scale)), counts)

    def choose(self, scores: np.ndarray, *, sensitivity: float, epsilon: float) -> int:
        """The place of a high score, by the exponential mechanism (McSherry and Talwar 2007): epsilon-private, and
        epsilon**2 / 8-zCDP (Cesar and Rogers 2021).

        scores: (k,) finite numbers. sensitivity: most that a row moves any of them. It is the highest of the scores
        with Gumbel noise of scale 2 sensitivity / epsilon.
        """
        values = np.asarray(scores, dtype=np.float64)
        if values.ndim != 1 or not values.size or not np.isfinite(values).all():
            raise BudgetError(f"Cannot choose among scores of shape {values.shape}.", "Give finite numbers.")
        scale = 2 * sensitivity / epsilon
        _scale(scale, np.zeros(1, dtype=np.int64))
        _pay()
        if self.rng is not None:
            return int(np.argmax(values / scale + self.rng.gumbel(size=values.size)))
        dp = _opendp()
        space = dp.vector_domain(dp.atom_domain(T=float, nan=False)), dp.linf_distance(T=float)
        chosen = dp.m.make_noisy_max(*space, dp.zero_concentrated_divergence(), scale=float(scale))
        return int(chosen(values.tolist()))

    def normals(self, shape: int | tuple[int, ...]) -> np.ndarray:
        """float64 draws of N(0, 1), each the sum of four from 53 random bits each, for noise on gradients."""
        _pay()
        if self.rng is not None:
            return self.rng.normal(size=shape)
        size = int(np.prod(shape))
        # Box and Muller 1958: two even draws make two normal ones.
        far = np.sqrt(-2.0 * np.log(self._even(2 * size)))
        turn = 2.0 * np.pi * self._even(2 * size)
        four = np.concatenate([far * np.cos(turn), far * np.sin(turn)]).reshape(4, size)
        summed: np.ndarray = four.sum(axis=0) / 2.0
        return summed.reshape(shape)

    def bernoulli(self, p: float, size: int) -> np.ndarray:
        """(size,) bool, each True with chance p: who is in a batch (Poisson sampling)."""
        if not 0 <= p <= 1:
            raise BudgetError(f"The sampling rate is {p}; it must lie between 0 and 1.")
        drawn: np.ndarray = (self.rng.random(size) if self.rng is not None else self._even(size)) < p
        return drawn

    def ranks(self, size: int) -> np.ndarray:
        """(size,) int64, a random order: which rows of a person stay."""
        drawn = self.rng.random(size) if self.rng is not None else self._even(size)
        placed: np.ndarray = np.argsort(np.argsort(drawn, kind="stable"), kind="stable")
        return placed

    def pick(self, shares: np.ndarray, size: int) -> np.ndarray:
        """(size,) int64 draws of 0 ... k - 1 in proportion to (k,) shares, for values outside a domain."""
        drawn = self.rng.random(size) if self.rng is not None else self._even(size)
        steps = np.cumsum(shares) / np.sum(shares)
        placed: np.ndarray = np.minimum(np.searchsorted(steps, drawn, side="right"), len(shares) - 1)
        return placed

    def _even(self, size: int) -> np.ndarray:
        """(size,) float64 between 0 and 1, both excluded, of 53 bits from the operating system."""
        bits = np.frombuffer(os.urandom(8 * size), dtype=np.uint64)
        drawn: np.ndarray = ((bits >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53
        return drawn


def _pay() -> None:
    """Have what is about to be released charged, where somebody asked for it."""
    pay = _payment.get()
    if pay is not None:
        pay()


def _released(measurement: Any, counts: np.ndarray) -> np.ndarray:
    flat = np.asarray(measurement(counts.ravel().tolist()), dtype=np.int64)
    return flat.reshape(counts.shape)


def _scale(scale: float, counts: np.ndarray) -> None:
    if not (scale > 0 and np.isfinite(scale)):
        raise BudgetError(f"The scale of noise is {scale}; it must be a finite number above 0.")
    if not np.issubdtype(counts.dtype, np.integer):
        raise BudgetError(f"Exact noise is for whole numbers, not {counts.dtype}.", "Give counts as int64.")


def _opendp() -> Any:
    """OpenDP with its measurements switched on, or MissingLibraryError."""
    try:
        import opendp.prelude as dp
    except ImportError as error:
        raise missing(error, "Private noise") from error
    dp.enable_features("contrib")
    return dp
