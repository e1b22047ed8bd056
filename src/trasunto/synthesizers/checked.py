"""What settings may be: FitError that names the setting, its value and what is allowed, before anything is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trasunto.errors import FitError


def at_least(settings: Any, least: Mapping[str, float]) -> None:
    """Each of these settings is at least so much."""
    for name, lowest in least.items():
        if not getattr(settings, name) >= lowest:
            raise FitError(f"{name} is {getattr(settings, name)}; it must be at least {lowest:,}.")


def above_zero(settings: Any, names: Iterable[str]) -> None:
    """Each of these settings is above 0, or None."""
    for name in names:
        value = getattr(settings, name)
        if value is not None and not value > 0:
            raise FitError(f"{name} is {value}; it must be above 0.")


def shares(settings: Any, names: Iterable[str]) -> None:
    """Each of these settings is a share."""
    for name in names:
        if not 0 <= getattr(settings, name) <= 1:
            raise FitError(f"{name} is {getattr(settings, name)}; it is a share, from 0 to 1.")


def trainable(settings: Any, *rates: str) -> None:
    """The settings that every network has: epochs, learning_rate, max_seconds, precision; rates: more above 0."""
    if settings.epochs is not None and settings.epochs < 1:
        raise FitError(f"epochs is {settings.epochs}; it must be at least 1.", "Or None: the rows decide.")
    above_zero(settings, ("learning_rate", *rates, "max_seconds"))
    if settings.precision not in ("auto", "float32"):
        raise FitError(f"precision is {settings.precision!r}.", 'It is "auto" or "float32".')
