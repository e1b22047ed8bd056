"""Texts out of a language model, in batches: CTranslate2 in 8-bit where it is installed, else PyTorch.

A machine that has no memory for a batch gets half of it, and again. Ctrl-C is the caller's: `stop` is asked after
each batch, and what was written by then is returned.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from trasunto.errors import ModelError
from trasunto.language.continuation import CANDIDATES, continued
from trasunto.language.pretrained import fast_halves
from trasunto.machine import cores
from trasunto.progress import Progress, quiet

# Texts written at a time, by CTranslate2 and by PyTorch: beyond this little is gained.
BATCH, TORCH_BATCH = 128, 64
MEMORY = ("out of memory", "failed to allocate", "can't allocate memory", "not enough memory")


@dataclass(frozen=True)
class Sampling:
    """temperature: below 1 keeps to the likely, 0 takes the likeliest token each time. top_p: drop the tail beyond
    this probability. longest: tokens. cut: keep a text that did not end by then as far as its last sentence goes;
    unfinished: keep it as it stands; otherwise it is thrown away. ends: tokens that end a text beside the model's
    own."""

    temperature: float = 1.0
    top_p: float = 0.97
    longest: int = 96
    cut: bool = False
    unfinished: bool = False
    ends: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """What was written after a prompt. ended: by itself, not by the longest length. tokens_in, tokens: of the prompt
    and of what was written, the end mark included."""

    text: str
    ended: bool
    tokens_in: int
    tokens: int


def never() -> bool:
    """Go on to the end."""
    return False


class Writer:
    """A language model that is ready to write; a context manager, because it may hold files for a while.

    bias: (vocabulary,) added to what the output layer says of each token. tokens: written so far.
    """

    def __init__(self, tokenizer: Any, network: Any, device: str, bias: np.ndarray | None = None) -> None:
        self.tokenizer = tokenizer
        self.network = network if bias is None else _biased(network, bias)
        self.device = device
        self.tokens = 0
        self.folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Writer:
        if self.device == "cpu" and _has_ctranslate2():
            self.folder = _converted(self.tokenizer, self.network)
        if self.folder is None and (self.device != "cpu" or fast_halves()):
            import torch

            # A copy: the network is the caller's.
            self.network = copy.deepcopy(self.network).to(torch.bfloat16)
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.folder is not None:
            self.folder.cleanup()

    def write(
        self,
        prompts: Sequence[str],
        settings: Sampling,
        *,
        seed: int,
        progress: Progress = quiet,
        stop: Callable[[], bool] = never,
    ) -> list[str]:
        """One text a prompt, without the prompt; "" for what is thrown away and, after a stop, for what is not written.

        Same prompts, settings and seed, same texts on one machine. Raises what `complete` does.
        """
        written = self.complete(prompts, settings, seed=seed, progress=progress, stop=stop)
        return [kept_text(each, settings).strip() for each in written]

    def complete(
        self,
        prompts: Sequence[str],
        settings: Sampling,
        *,
        seed: int,
        progress: Progress = quiet,
        stop: Callable[[], bool] = never,
    ) -> list[Written]:
        """What was written after each prompt, as it is; no token for what is not written because of a stop.

        stop: asked after each batch. Raises ModelError for a prompt that leaves no room in the model's context, and
        when there is no memory for a single text.
        """
        if not prompts:
            return []
        # Nothing can go on from nothing: the mark of an end stands before a beginning, too.
        coded = [prompt_tokens(self.tokenizer, each) or [self.tokenizer.eos_token_id] for each in prompts]
        longest = self._room(coded, settings.longest)
        # Prompts of one length are written together; what is written does not depend on how they came.
        order = np.argsort([len(each) for each in coded], kind="stable")
        ends = [self.tokenizer.eos_token, *settings.ends]
        last = [int(each) for each in self.tokenizer.convert_tokens_to_ids(ends)]
        batch = BATCH
        if self.folder is not None:
            write = self._by_ctranslate2(settings, longest, ends, seed)
        else:
            batch = TORCH_BATCH
            write = self._by_torch(settings, longest, last, seed)
        texts = [Written("", False, len(each), 0) for each in coded]
        first = 0
        while first < len(order) and not (first and stop()):
            progress("write texts", first, len(order))
            places = order[first : first + batch].tolist()
            try:
                found = write([coded[place] for place in places], places)
            except (MemoryError, RuntimeError) as error:
                batch = _halved(error, len(places))
                continue
            first += len(places)
            for place, numbers in zip(places, found, strict=True):
                ended = bool(numbers) and numbers[-1] in last
                text = self.tokenizer.decode(numbers, skip_special_tokens=True)
                texts[place] = Written(text, ended, len(coded[place]), len(numbers))
                self.tokens += len(numbers)
        progress("write texts", min(first, len(order)), len(order))
        return texts

    def _room(self, coded: list[list[int]], longest: int) -> int:
        """So many tokens, or as many as the context leaves after the longest prompt."""
        context = getattr(self.network.config, "max_position_embeddings", None) or longest + max(map(len, coded))
        left = int(context) - max(map(len, coded))
        if left < 1:
            raise ModelError(
                f"A prompt of {int(context) - left} tokens leaves no room to write: the model reads {context}.",
                "Write to fewer columns, or choose a base with a longer context.",
            )
        return min(longest, left)

    def _by_ctranslate2(
        self, settings: Sampling, longest: int, ends: list[str], seed: int
    ) -> Callable[[list[list[int]], list[int]], list[list[int]]]:
        import ctranslate2

        assert self.folder is not None
        # The seed counts for generators that are built after it; more than one worker would share it out by chance.
        ctranslate2.set_random_seed(seed)
        generator = ctranslate2.Generator(
            f"{self.folder.name}/int8", device="cpu", compute_type="int8", inter_threads=1, intra_threads=cores()
        )

        def write(prompts: list[list[int]], places: list[int]) -> list[list[int]]:
            shortest = min(map(len, prompts))
            results = generator.generate_batch(
                [self.tokenizer.convert_ids_to_tokens(each) for each in prompts],
                max_length=longest + max(map(len, prompts)) - shortest,
                sampling_temperature=settings.temperature or 1.0,
                # Few candidates first: sorting the whole vocabulary for top-p costs more than the network.
                sampling_topk=CANDIDATES if settings.temperature else 1,
                sampling_topp=settings.top_p,
                include_prompt_in_result=False,
                end_token=ends,
                return_end_token=True,
            )
            # What a prompt is longer than the shortest of its batch comes back as if it had been written.
            rests = [prompt[shortest:] for prompt in prompts]
            found = [result.sequences_ids[0] for result in results]
            return [
                each[len(rest) if each[: len(rest)] == rest else 0 :][:longest]
                for each, rest in zip(found, rests, strict=True)
            ]

        return write

    def _by_torch(
        self, settings: Sampling, longest: int, ends: list[int], seed: int
    ) -> Callable[[list[list[int]], list[int]], list[list[int]]]:
        def write(prompts: list[list[int]], places: list[int]) -> list[list[int]]:
            chance = (settings.temperature, settings.top_p)
            return continued(self.network, prompts, chance, longest, ends=ends, seeds=[(seed, each) for each in places])

        return write


def prompt_tokens(tokenizer: Any, prompt: str) -> list[int]:
    """The tokens of a prompt; before them the mark of a beginning, where the tokenizer of this model sets one."""
    found: list[int] = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    first = tokenizer("a")["input_ids"][:1]
    begins = tokenizer.bos_token_id is not None and first == [tokenizer.bos_token_id]
    return [*first, *found] if begins and found[:1] != first else found


def _halved(error: BaseException, batch: int) -> int:
    """Half a batch, after an error that says that memory ran out; every other error goes on up."""
    name = type(error).__name__
    known = isinstance(error, MemoryError) or name == "OutOfMemoryError" or any(m in str(error).lower() for m in MEMORY)
    if not known:
        raise error
    if batch <= 1:
        raise ModelError(
            "There is not enough memory to write a single text.",
            "Free memory, write shorter texts (longest), or choose a smaller base.",
        ) from error
    if name == "OutOfMemoryError":
        import torch

        torch.cuda.empty_cache()
    return batch // 2


def _biased(network: Any, bias: np.ndarray) -> Any:
    """A copy of the network whose output layer has this bias."""
    import torch

    made = copy.deepcopy(network)
    old = made.get_output_embeddings()
    new = torch.nn.Linear(old.in_features, old.out_features, dtype=old.weight.dtype, device=old.weight.device)
    with torch.no_grad():
        new.weight.copy_(old.weight)
        new.bias.copy_(torch.from_numpy(bias))
    made.set_output_embeddings(new)
    return made


def _has_ctranslate2() -> bool:
    from importlib.util import find_spec

    return find_spec("ctranslate2") is not None


def _converted(tokenizer: Any, network: Any) -> tempfile.TemporaryDirectory[str] | None:
    """The network in 8-bit, in a folder; None for a kind that CTranslate2 does not know."""
    from ctranslate2.converters import TransformersConverter

    folder = tempfile.TemporaryDirectory(prefix="trasunto-")
    source = Path(folder.name) / "merged"
    network.save_pretrained(source)
    tokenizer.save_pretrained(source)
    converter = TransformersConverter(str(source))
    bias = getattr(network.get_output_embeddings(), "bias", None)
    if bias is not None:
        # Its loaders leave out a bias that the kind of network does not have of itself.
        load = converter._load

        def biased() -> Any:
            spec = load()
            spec.decoder.projection.bias = bias.detach().float().cpu().numpy()
            return spec

        converter._load = biased
    try:
        converter.convert(f"{folder.name}/int8", quantization="int8")
    except (ValueError, NotImplementedError):
        folder.cleanup()
        return None
    return folder


def kept_text(written: Written, settings: Sampling) -> str:
    """The text, or as far as its last sentence goes: one that did not end by itself breaks off in mid-sentence."""
    if written.ended or settings.unfinished:
        return written.text
    return written.text[: max(written.text.rfind(mark) for mark in ".!?") + 1] if settings.cut else ""
