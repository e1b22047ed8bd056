"""How many texts of each label are kept, and which: those that together are most like the training texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

# Sharpness of the likeness of two vectors: exp(SHARPNESS * (cosine - 1)).
SHARPNESS = 3.0
# Training texts of a label that are matched.
MOST_REAL = 4_000


def quotas(labels: Sequence[str], real: Sequence[str], balance: str, rows: int | None) -> dict[str, int]:
    """How many texts of each label to keep.

    "keep": all, or `rows` in the mix they have; "real": in the mix of the `real` labels, "equal": as many of each; both
    as many as there are for that, `rows` at most. A label that no real text has gets none under "real".
    """
    there = Counter(labels)
    if not there:
        return {}
    wanted = {"keep": there, "real": Counter(real) or there, "equal": Counter(dict.fromkeys(there, 1))}[balance]
    total = sum(wanted.values())
    shares = {label: wanted[label] / total for label in sorted({*wanted, *there})}
    # A label without a text cannot be had at any size: what is left of the others keeps its mix.
    have = [label for label, share in shares.items() if share > 0 and there[label]]
    if not have:
        return {}
    if balance == "keep":
        most = len(labels)
    else:
        most = int(min(there[label] / shares[label] for label in have) + 1e-9)
    size = min(most, rows) if rows is not None else most
    parts = {label: size * shares[label] for label in have}
    whole = {label: int(part + 1e-9) for label, part in parts.items()}
    # Largest remainders get what rounding left over, where there are texts for it.
    for label in sorted(have, key=lambda each: whole[each] - parts[each]):
        if sum(whole.values()) < size and whole[label] < there[label]:
            whole[label] += 1
    return whole


def herded(candidates: np.ndarray, real: np.ndarray, number: int) -> np.ndarray:
    """(number,) places of the candidates whose kernel mean comes nearest to that of the real vectors, chosen one by one
    (kernel herding: Chen, Welling and Smola 2010). candidates, real: (n, width), each of length one."""
    number = min(number, len(candidates))
    if not len(real) or number == len(candidates):
        return np.arange(number)
    if len(real) > MOST_REAL:
        real = real[np.linspace(0, len(real) - 1, MOST_REAL).astype(int)]
    pull = np.exp(SHARPNESS * (candidates @ real.T - 1)).mean(axis=1)
    push = np.zeros(len(candidates))
    free = np.ones(len(candidates), dtype=bool)
    chosen = np.empty(number, dtype=np.int64)
    for place in range(number):
        best = int(np.where(free, pull - push / (place + 1), -np.inf).argmax())
        chosen[place], free[best] = best, False
        push += np.exp(SHARPNESS * (candidates @ candidates[best] - 1))
    return np.sort(chosen)
