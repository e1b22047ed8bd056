"""Losses of a causal language model on examples laid end to end: no padding in its linear layers, output only where it
counts, and every example as if it were alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from trasunto.language.decoder.tokens import Coded
from trasunto.networks.accumulate import Pieces
from trasunto.networks.cross_entropy import losses, summed_loss
from trasunto.networks.packing import laid, packed_attention

ATTENTION = "trasunto"
# How far losses of packed examples may be from what the network says by itself, nats a token: with weights in float32,
# and in bfloat16, whose rounding alone makes a tenth. Examples that see each other are further off than either.
NEAR, NEAR_HALF = 2e-3, 0.2
TRIED = 24


@dataclass(frozen=True)
class Packed:
    """A network that is ready to be taught, inside `packed`.

    network: transformers' causal model. half: compute in bfloat16. whole: examples can be laid end to end; otherwise
    they go through one by one.
    """

    network: Any
    half: bool
    whole: bool = True

    def loss(self, rows: Sequence[Coded]) -> tuple[Any, float]:
        """(summed cross-entropy of the tokens that count, differentiable; how many these are)."""
        parts = [rows] if self.whole else [[each] for each in rows]
        found = [self._states(part) for part in parts]
        count = sum(len(wanted) for _, wanted in found)
        head, cap = self._head()
        total = sum(summed_loss(states, head, wanted, half=self.half, cap=cap) for states, wanted in found)
        return total, float(count)

    def losses(self, rows: Sequence[Coded]) -> tuple[np.ndarray, np.ndarray]:
        """(n,) summed cross-entropies of examples, (n,) how many tokens count in each. No gradient."""
        import torch

        counts = np.array([int(each.counted.sum()) for each in rows])
        head, cap = self._head()
        # No inference mode: layers that are shared out could not be taught with what was put together in it.
        with torch.no_grad():
            states = [self._states(part) for part in ([rows] if self.whole else [[each] for each in rows])]
            found = [losses(each, head, wanted, half=self.half, cap=cap) for each, wanted in states]
        flat = torch.cat(found).double().cpu().numpy()
        owners = np.repeat(np.arange(len(rows)), counts)
        return np.bincount(owners, flat, minlength=len(rows)), counts

    def _states(self, rows: Sequence[Coded]) -> tuple[Any, Any]:
        """States that foretell, and the tokens they should foretell."""
        import torch

        device = next(self.network.parameters()).device
        # Nothing is foretold from the last token that counts, nor from what stands behind it.
        ends = [int(np.flatnonzero(each.counted)[-1]) if each.counted.any() else 1 for each in rows]
        tokens = torch.from_numpy(np.concatenate([each.tokens[:end] for each, end in zip(rows, ends, strict=True)]))
        starts = np.cumsum([0, *ends[:-1]])
        places = [np.flatnonzero(each.counted) - 1 + start for each, start in zip(rows, starts, strict=True)]
        wanted = torch.from_numpy(np.concatenate([each.tokens[each.counted] for each in rows]))
        pack = laid(ends, device)
        more = {"packed": pack} if self.whole else {}
        with self.computing():
            states = self.network.get_decoder()(
                input_ids=tokens[None].to(device), position_ids=pack.positions, use_cache=False, **more
            ).last_hidden_state[0]
        return states.index_select(0, torch.from_numpy(np.concatenate(places)).to(device)), wanted.to(device)

    def computing(self) -> AbstractContextManager[Any]:
        """The precision of forward passes."""
        import torch

        place = next(self.network.parameters()).device.type
        return torch.autocast(place, dtype=torch.bfloat16) if self.half else nullcontext()

    def _head(self) -> tuple[Any, float | None]:
        """(weight of the output layer, cap of the logits)."""
        cap = getattr(self.network.config.get_text_config(), "final_logit_softcapping", None)
        return self.network.get_output_embeddings().weight, cap


@contextmanager
def packed(network: Any, half: bool) -> Iterator[Packed]:
    """The network with attention that keeps packed examples apart; its own is put back at the end.

    Whether that gives the network's own losses is tried out on a few tokens; where not, nothing is packed.
    """
    import torch

    before = network.config._attn_implementation
    # As exact as the weights are: products in bfloat16 would hide what is looked for.
    exact = Packed(network, half=False)
    _attention()
    training = network.training
    try:
        network.eval()
        truth = [_by_itself(network, each) for each in _trial(network)]
        try:
            network.set_attn_implementation(ATTENTION)
            found = exact.losses(_trial(network))[0]
            near = NEAR_HALF if next(network.parameters()).dtype == torch.bfloat16 else NEAR
            same = float(np.abs(found - np.array(truth)).max()) < near * (TRIED - 1)
        except (RuntimeError, TypeError, ValueError, KeyError, NotImplementedError):
            same = False
        if not same:
            network.set_attn_implementation(before)
        network.train(training)
        yield Packed(network, half, whole=same)
    finally:
        network.set_attn_implementation(before)


def losses_of(mine: Packed, rows: Sequence[Coded], tokens: int) -> tuple[np.ndarray, np.ndarray]:
    """(n,) summed losses, (n,) counts, so many tokens at a time."""
    lengths = np.array([len(each) for each in rows], dtype=np.int64)
    totals, counts = np.zeros(len(rows)), np.zeros(len(rows), dtype=np.int64)
    for piece in Pieces(tokens, lengths).of(np.arange(len(rows))):
        totals[piece], counts[piece] = mine.losses([rows[place] for place in piece])
    return totals, counts


def _trial(network: Any) -> list[Coded]:
    """Two short examples of tokens that every vocabulary has."""
    top = min(network.get_input_embeddings().weight.shape[0], 250)
    tokens = np.random.default_rng(0).integers(0, top, (2, TRIED))
    counted = np.arange(TRIED) > 0
    return [Coded(each, counted, False) for each in tokens]


def _by_itself(network: Any, example: Coded) -> float:
    """The summed loss of an example by the network's own forward pass."""
    import torch

    tokens = torch.from_numpy(example.tokens).to(next(network.parameters()).device)
    with torch.inference_mode():
        logits = network(input_ids=tokens[None], use_cache=False).logits[0, :-1].float()
    return float(torch.nn.functional.cross_entropy(logits, tokens[1:], reduction="sum"))


@cache
def _attention() -> None:
    """Make our attention known to transformers, under our name."""
    from transformers import AttentionInterface

    AttentionInterface.register(
        ATTENTION, lambda module, query, key, value, mask, **more: (_attend(query, key, value, more), None)
    )


def _attend(query: Any, key: Any, value: Any, more: dict[str, Any]) -> Any:
    """(1, tokens, heads, size). more: what transformers tells attention beside its inputs, the pack among it."""
    if more.get("dropout") or more.get("softcap") is not None or more.get("s_aux") is not None:
        raise NotImplementedError("attention with dropout, caps or sinks")
    scale = more["scaling"] if more.get("scaling") is not None else query.shape[-1] ** -0.5
    return packed_attention(query, key, value, more["packed"], scale, more.get("sliding_window"))
