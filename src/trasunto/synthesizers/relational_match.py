"""Rows matched to the parents that they point to: by cell, within groups, as often as each parent is to be pointed to.

Every parent has so many free places as its drawn number of children (the stubs of the configuration model, Molloy and
Reed 1995); children take places of their cell at random. Pairs that may not repeat are exchanged until none does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# How many partners a row tries to exchange its parent with.
PARTNERS = 60


@dataclass(frozen=True)
class Side:
    """Children or parents to be matched. cell: (n,) int, below 0 for any. group: (n,) int: only equal groups match."""

    cell: np.ndarray
    group: np.ndarray


def matched(
    children: Side,
    parents: Side,
    places: np.ndarray,
    rng: np.random.Generator,
    *,
    most: int | None = None,
    firm: bool = False,
) -> np.ndarray:
    """(children,) the parent of each, -1 where its group has none left.

    places: (parents,) how often each is to be pointed to; scaled to the children that want its cell. most: how often at
    most. firm: places are kept to, and children for which their cell has none go to another.
    """
    found = np.full(len(children.cell), -1, dtype=np.int64)
    for group in np.unique(children.group):
        mine = np.flatnonzero(children.group == group)
        theirs = np.flatnonzero(parents.group == group)
        if theirs.size:
            inside = _in_group(children.cell[mine], parents.cell[theirs], places[theirs], rng, most, firm)
            found[mine] = np.where(inside >= 0, theirs[inside], -1)
    return found


def _in_group(
    wanted: np.ndarray,
    cell: np.ndarray,
    places: np.ndarray,
    rng: np.random.Generator,
    most: int | None,
    firm: bool,
) -> np.ndarray:
    found = np.full(len(wanted), -1, dtype=np.int64)
    left = fitted(places, len(wanted), rng, 0, most)
    for each in np.unique(wanted[wanted >= 0]):
        rows, rooms = rng.permutation(np.flatnonzero(wanted == each)), np.flatnonzero(cell == each)
        if not rooms.size:
            continue
        counts = left[rooms] if firm else fitted(left[rooms], len(rows), rng, 0, most)
        stubs = rng.permutation(np.repeat(rooms, counts))[: len(rows)]
        found[rows[: len(stubs)]] = stubs
        left[rooms] -= np.bincount(stubs, minlength=len(places))[rooms]
    rest = np.flatnonzero(found < 0)
    used = np.bincount(found[found >= 0], minlength=len(places))
    high = None if most is None else most - used
    counts = fitted(np.maximum(left, 0), len(rest), rng, 0, None if high is None else high)
    stubs = rng.permutation(np.repeat(np.arange(len(places)), counts))[: len(rest)]
    found[rest[: len(stubs)]] = stubs
    return found


def fitted(
    counts: np.ndarray, total: int, rng: np.random.Generator, least: int = 0, most: int | np.ndarray | None = None
) -> np.ndarray:
    """(n,) whole numbers near `counts` that add up to `total`, each within least and most.

    A small difference is spread one by one over rows by chance, those with many more often; a large one scales all.
    The sum is as near to `total` as the limits allow.
    """
    high = np.iinfo(np.int64).max if most is None else most
    made = np.clip(counts.astype(np.int64), least, high)
    if not len(made):
        return made
    if made.sum() == 0:
        made = np.clip(np.ones_like(made), least, high) if total else made
    if made.sum() == 0:
        return made
    if not 0.8 <= total / max(int(made.sum()), 1) <= 1.25:
        exact = made * (total / int(made.sum()))
        made = np.clip(np.floor(exact + rng.random(len(made))).astype(np.int64), least, high)
    while (missing := total - int(made.sum())) != 0:
        if missing > 0:
            free = np.flatnonzero(made < high)
            weights = np.maximum(made[free], 1e-3).astype(float)
        else:
            free = np.flatnonzero(made > least)
            weights = made[free].astype(float)
        if not free.size:
            break
        chosen = rng.choice(free, min(abs(missing), free.size), replace=False, p=weights / weights.sum())
        made[chosen] += np.sign(missing)
    return made


def quota(shares: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in these proportions that add up to `total` (largest remainders)."""
    exact = shares / shares.sum() * total if shares.sum() else np.full(len(shares), total / max(len(shares), 1))
    whole = np.floor(exact).astype(np.int64)
    whole[np.argsort(-(exact - whole), kind="stable")[: total - int(whole.sum())]] += 1
    return whole


def apart(at: np.ndarray, owner: np.ndarray, group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The parents of rows, exchanged within groups so that no two rows of one owner have the same one where it can be
    helped; rows for which it cannot are -1."""
    made = at.copy()
    seen: set[tuple[int, int]] = set()
    again = []
    for row in np.flatnonzero(made >= 0).tolist():
        pair = (int(owner[row]), int(made[row]))
        if pair in seen:
            again.append(row)
        else:
            seen.add(pair)
    if not again:
        return made
    members = {each: np.flatnonzero((group == each) & (made >= 0)) for each in np.unique(group[again])}
    waiting = set(again)
    for row in again:
        mine, here = int(owner[row]), int(made[row])
        waiting.discard(row)
        for other in rng.choice(members[group[row]], PARTNERS).tolist():
            theirs, there = int(owner[other]), int(made[other])
            if other in waiting or (mine, there) in seen or (theirs, here) in seen or mine == theirs or there < 0:
                continue
            seen.discard((theirs, there))
            seen |= {(mine, there), (theirs, here)}
            made[row], made[other] = there, here
            break
        else:
            every = np.unique(made[members[group[row]]])
            free = [each for each in every.tolist() if each >= 0 and (mine, each) not in seen]
            made[row] = int(rng.choice(free)) if free else -1
            seen.add((mine, int(made[row])))
    return made
