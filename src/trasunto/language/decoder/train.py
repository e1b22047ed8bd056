"""Training of generative language models: from scratch, all weights of a base, or an adapter on it.

Examples are laid end to end without padding and never see each other; only what is to be learnt goes through the output
layer; a step is a number of tokens, made of as many micro-batches as memory asks for.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.errors import FitError
from trasunto.executors import check_several, current
from trasunto.language.decoder.decoder import Decoder
from trasunto.language.decoder.packed import packed
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.decoder.start import computes_halves, pretrained, scratch
from trasunto.language.decoder.tokens import Coded, code
from trasunto.language.finetune import Adapter, adapted
from trasunto.networks.accumulate import Pieces, stepping
from trasunto.networks.course import Curves, Loop
from trasunto.networks.four_bits import four_bits
from trasunto.networks.loop import train_steps
from trasunto.networks.ranks import joined, rank, summed, world
from trasunto.networks.shards import filled, hollow, share, through
from trasunto.progress import Progress, quiet


@dataclass(frozen=True)
class Beginning:
    """What training begins with. network: transformers' causal model; taught: the same with an adapter on it, or
    itself; folder: of the base, None for a model of one's own."""

    tokenizer: Any
    network: Any
    taught: Any
    folder: Path | None


def train_decoder(
    examples: Sequence[Example],
    *,
    settings: DecoderSettings = DecoderSettings(),  # noqa: B008
    seed: int = 0,
    start: Decoder | None = None,
    test: Sequence[Example] | None = None,
    progress: Progress = quiet,
) -> Decoder:
    """Train a generative language model on examples.

    start: a model to go on from, in the place of the base. test: examples that nothing is chosen by; what the model
    makes of them is told in `facts["test"]`. Checkpoints, callbacks and resuming come from the `watched` block around
    (networks/course.py); Ctrl-C keeps the best so far. Under torchrun, every process calls this and gets the same
    model. Inside `executing`, an executor of processes trains together in the same way (language/decoder/spread.py);
    callbacks are not told then. Raises FitError when there is nothing to learn from, an example alone is too much for
    the memory, or one process alone is asked to share out a network.
    """
    import torch

    if not examples:
        raise FitError("There are no examples to learn from.", "Give texts.")
    if settings.shard:
        check_several()
    if current().apart:
        from trasunto.language.decoder.spread import train_spread

        return train_spread(examples, settings, seed, start, test, progress)
    with joined(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        begun = _begun(examples, settings, start)
        coded = code(begun.tokenizer, examples, settings.longest)
        useful = [each for each in coded if each.counted.any()]
        if not useful:
            raise FitError(
                f"Not one token of {len(coded)} examples counts in the loss.",
                "Give texts after the prompts, or raise `longest`.",
            )
        telling = progress if rank() == 0 else quiet
        begun, curves, more = _taught(begun, useful, settings, seed, telling)
        facts = {
            "examples": len(examples),
            "without_answer": len(coded) - len(useful),
            "cut": sum(each.cut for each in coded),
            "tokens": int(sum(map(len, useful))),
            "counted_tokens": int(sum(each.counted.sum() for each in useful)),
            "parameters": sum(each.numel() for each in begun.taught.parameters()),
            "trained_parameters": sum(each.numel() for each in begun.taught.parameters() if each.requires_grad),
            "processes": world(),
            "hyperparameters": asdict(settings) | {"learning_rate": settings.rate},
            **more,
            **curves.to_dict(),
        }
        made = _finished(begun, settings, facts)
    if test:
        means, counts = made.losses(test)
        total = float(np.nansum(means * counts))
        facts["test"] = {"loss": total / max(int(counts.sum()), 1), "tokens": int(counts.sum())}
    return made


def _begun(examples: Sequence[Example], settings: DecoderSettings, start: Decoder | None) -> Beginning:
    """The tokenizer, the network, and what of it learns."""
    import torch

    half, adapter = computes_halves(settings), None
    folder: Path | None = None
    if start is not None and not (start.adapter is not None and settings.method == start.settings.method):
        tokenizer, network = start.tokenizer, copy.deepcopy(start.network)
        if settings.method in ("lora", "qlora") and half:
            network = network.bfloat16()
    elif settings.method == "scratch":
        tokenizer, network = scratch(examples, settings)
    else:
        folder, tokenizer, network = pretrained(settings)
        adapter = start.adapter if start is not None else None
    taught = network
    if settings.method in ("lora", "qlora"):
        taught = adapted(network, settings.rank, 2 * settings.rank)
        if adapter is not None:
            with torch.no_grad():
                for name, each in taught.named_parameters():
                    if each.requires_grad:
                        each.copy_(adapter.tensors[name])
        if settings.method == "qlora":
            for each in _under_adapters(taught):
                each.base_layer = four_bits(each.base_layer)
    else:
        taught.requires_grad_(True)
    if settings.checkpointing:
        _checkpointing(network, True)
    if settings.compile:
        for each in network.get_decoder().layers:
            each.compile(dynamic=True)
    return Beginning(tokenizer, network, taught, folder)


def _taught(
    begun: Beginning, coded: list[Coded], settings: DecoderSettings, seed: int, progress: Progress
) -> tuple[Beginning, Curves, dict[str, Any]]:
    """Train; a share of the examples is held out to stop in time. Returns what has learnt, the curves and facts."""
    order = np.random.default_rng(seed).permutation(len(coded))
    held = order[: int(len(coded) * settings.validation)] if len(coded) >= 40 else order[:0]
    inside = order[len(held) :]
    lengths = np.array([len(coded[place]) for place in inside])
    pieces = Pieces(settings.micro_tokens, lengths)
    loop = Loop(
        epochs=settings.epochs,
        tokens=settings.batch_tokens,
        learning_rate=settings.rate,
        warmup=settings.warmup,
        weight_decay=settings.weight_decay,
        patience=settings.patience,
        checks=settings.checks,
        max_seconds=settings.max_seconds or float("inf"),
    )
    counted = sum(int(coded[place].counted.sum()) for place in inside)
    # What a step of full size has in the mean: with its own count, a small last one would weigh as much.
    weight = max(counted * min(1.0, settings.batch_tokens / max(int(lengths.sum()), 1)), 1.0)
    empty = hollow(begun.network, begun.taught) if settings.shard else ()
    with packed(begun.network, computes_halves(settings)) as mine:
        loss, losses = mine.loss, mine.losses
        if settings.shard:
            share(begun.taught, begun.network.get_decoder().layers)
            loss, losses = through(begun.taught, loss), through(begun.taught, losses)
        parts, step = stepping(
            begun.taught,
            lambda batch: loss([coded[inside[place]] for place in batch]),
            pieces,
            loop,
            weight=weight,
        )
        validate = _validation(losses, [coded[place] for place in held], settings) if len(held) else None
        curves = train_steps(parts, step, lengths.tolist(), loop, seed=seed, validate=validate, progress=progress)
        facts = {"packed": mine.whole, "halved_for_memory": pieces.halved, "held_out": len(held)}
    if settings.shard:
        # What the optimizer remembers goes before the weights are put together.
        del parts, step
        filled(empty[1], begun.taught)
        begun = replace(begun, network=empty[0], taught=empty[1])
    return begun, curves, facts


def _validation(
    losses: Callable[[Sequence[Coded]], tuple[np.ndarray, np.ndarray]], held: list[Coded], settings: DecoderSettings
) -> Callable[[], float]:
    """Mean nats a token of held examples, each process taking its share of them."""
    every = Pieces(settings.micro_tokens, np.array([len(each) for each in held])).of(np.arange(len(held)))

    def validate() -> float:
        total, count = 0.0, 0.0
        # As many for all, since layers that are shared out are put together by all: the last may be of none.
        for first in range(0, len(every), world()):
            own = first + rank()
            totals, counts = losses([held[place] for place in every[own if own < len(every) else first]])
            if own < len(every):
                total, count = total + float(totals.sum()), count + float(counts.sum())
        total, count = summed(total, count)
        return total / max(count, 1.0)

    return validate


def _finished(begun: Beginning, settings: DecoderSettings, facts: dict[str, Any]) -> Decoder:
    """The model to use, its adapter worked into the weights."""
    network, adapter = begun.network, None
    if begun.taught is not begun.network:
        trained = {n: each.detach().cpu().clone() for n, each in begun.taught.named_parameters() if each.requires_grad}
        if begun.folder is not None and settings.method == "lora":
            adapter = Adapter(settings.rank, 2 * settings.rank, trained)
        for each in _under_adapters(begun.taught) if settings.method == "qlora" else ():
            each.base_layer = each.base_layer.plain()
        network = begun.taught.float().merge_and_unload()
    if settings.checkpointing:
        _checkpointing(network, False)
    if settings.compile:
        for each in network.get_decoder().layers:
            each._compiled_call_impl = None
    network.requires_grad_(False)
    half = adapter is not None and computes_halves(settings)
    return Decoder(settings, facts, begun.tokenizer, network.float().eval(), adapter, half=half)


def _under_adapters(taught: Any) -> list[Any]:
    """The layers that have an adapter on a base."""
    return [each for each in taught.modules() if hasattr(each, "base_layer")]


def _checkpointing(network: Any, on: bool) -> None:
    """Compute activations again on the way back, or keep them."""
    with warnings.catch_warnings():
        # Newer releases have another name for it, older ones only this.
        warnings.simplefilter("ignore", FutureWarning)
        if on:
            network.gradient_checkpointing_enable({"use_reentrant": False})
        else:
            network.gradient_checkpointing_disable()
