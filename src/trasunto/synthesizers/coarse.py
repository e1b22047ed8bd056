"""Columns of many codes drawn coarse to fine: first a group of codes, then the code within it.

A leaf that fits the shares of many codes must gain much to be worth its shares; one that fits those of a few groups
need not (nested dichotomies; Frank and Kramer 2004). A group is a column of its own in a chain, just before its column.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from trasunto.synthesizers.joint import Evidence

# Columns of at most so many codes are drawn at once; others have about so many groups.
GROUPS = 8
# What the name of a column's groups ends with.
MARK = "\x1e"


def groups_of(codes: np.ndarray, size: int, *, ordered: bool) -> np.ndarray | None:
    """(size,) the group of each code, from 0; None when the codes are few.

    codes: (n,), -1 for none. Groups of an ordered column are runs of codes of like weight, a heavy code is one by
    itself; those of an unordered one are its most frequent codes, and the rest together.
    """
    if size <= GROUPS:
        return None
    counts = np.bincount(codes[codes >= 0], minlength=size)
    found = np.zeros(size, dtype=np.int32)
    if not ordered:
        frequent = np.argsort(-counts, kind="stable")[: GROUPS - 1]
        found[:] = GROUPS - 1
        found[frequent] = np.arange(GROUPS - 1)
        return found
    part = counts.sum() / GROUPS
    group, held = 0, 0.0
    for code, count in enumerate(counts.tolist()):
        # A run ends before a heavy code, after one, and where it is full.
        if held and (count >= part or held + count / 2 > part):
            group, held = group + 1, 0.0
        found[code] = group
        held += count
    return found


def of(name: str) -> str:
    """The name of a column's groups."""
    return name + MARK


def marked(name: str) -> bool:
    """Whether a name is that of groups."""
    return name.endswith(MARK)


def spread(order: tuple[str, ...], groups: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """An order of columns with their groups in it."""
    return tuple(each for name in order for each in ((of(name), name) if name in groups else (name,)))


def told(evidence: Evidence, groups: Mapping[str, np.ndarray]) -> Evidence:
    """Evidence that says of groups what it says of their codes."""
    known, allowed = dict(evidence.known), dict(evidence.allowed)
    for name, group in groups.items():
        if name in known:
            codes = known[name]
            known[of(name)] = np.where(codes >= 0, group[codes], -1).astype(np.int32)
        if name in allowed:
            allowed[of(name)] = np.bincount(group, allowed[name]) > 0
    return Evidence(evidence.rows, known, allowed, evidence.temperature)
