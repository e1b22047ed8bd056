"""Texts out of a language model, in batches: CTranslate2 in 8-bit where it is installed, else PyTorch."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from trasunto.machine import cores
from trasunto.progress import Progress, quiet

BATCH = 128
CANDIDATES = 256


@dataclass(frozen=True)
class Sampling:
    """temperature: below 1 keeps to the likely. top_p: drop the tail beyond this probability. longest: tokens. cut:
    keep a text that did not end by then as far as its last sentence goes; otherwise it is thrown away."""

    temperature: float = 1.0
    top_p: float = 0.97
    longest: int = 96
    cut: bool = False


class Writer:
    """A language model that is ready to write; a context manager, because it may hold files for a while."""

    def __init__(self, tokenizer: Any, network: Any, device: str) -> None:
        self.tokenizer = tokenizer
        self.network = network
        self.device = device
        self.folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Writer:
        if self.device == "cpu" and _has_ctranslate2():
            self.folder = tempfile.TemporaryDirectory(prefix="trasunto-")
            _convert(self.tokenizer, self.network, Path(self.folder.name))
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.folder is not None:
            self.folder.cleanup()

    def write(self, prompts: Sequence[str], settings: Sampling, *, seed: int, progress: Progress = quiet) -> list[str]:
        """One text a prompt, without the prompt. Same prompts, settings and seed, same texts on one machine."""
        # Prompts of one length are written together; what is written does not depend on how they came.
        order = np.argsort([len(prompt) for prompt in prompts], kind="stable")
        sorted_prompts = [prompts[place] for place in order]
        if self.folder is not None:
            written = _by_ctranslate2(self.tokenizer, self.folder.name, sorted_prompts, settings, seed, progress)
        else:
            written = _by_torch(self.tokenizer, self.network, sorted_prompts, settings, seed, progress)
        texts = [""] * len(prompts)
        for place, text in zip(order, written, strict=True):
            texts[place] = text.strip()
        return texts


def _has_ctranslate2() -> bool:
    from importlib.util import find_spec

    return find_spec("ctranslate2") is not None


def _convert(tokenizer: Any, network: Any, folder: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    source = folder / "merged"
    network.save_pretrained(source)
    tokenizer.save_pretrained(source)
    TransformersConverter(str(source)).convert(str(folder / "int8"), quantization="int8")


def _by_ctranslate2(
    tokenizer: Any, folder: str, prompts: list[str], settings: Sampling, seed: int, progress: Progress
) -> list[str]:
    import ctranslate2

    # The seed counts for generators that are built after it; more than one worker would share it out by chance.
    ctranslate2.set_random_seed(seed)
    generator = ctranslate2.Generator(
        f"{folder}/int8", device="cpu", compute_type="int8", inter_threads=1, intra_threads=cores()
    )
    coded = [
        tokenizer.convert_ids_to_tokens(tokenizer(each, add_special_tokens=False)["input_ids"]) for each in prompts
    ]
    texts: list[str] = []
    for first in range(0, len(coded), BATCH):
        progress("write texts", first, len(coded))
        results = generator.generate_batch(
            coded[first : first + BATCH],
            max_length=settings.longest,
            sampling_temperature=settings.temperature,
            # Few candidates first: sorting the whole vocabulary for top-p costs more than the network.
            sampling_topk=CANDIDATES,
            sampling_topp=settings.top_p,
            include_prompt_in_result=False,
            end_token=tokenizer.eos_token,
            return_end_token=True,
        )
        for result in results:
            numbers = result.sequences_ids[0]
            ended = bool(numbers) and numbers[-1] == tokenizer.eos_token_id
            texts.append(_whole(tokenizer.decode(numbers, skip_special_tokens=True), ended, settings.cut))
    progress("write texts", len(coded), len(coded))
    return texts


def _whole(text: str, ended: bool, cut: bool) -> str:
    """The text, or as far as its last sentence goes: one that did not end by itself breaks off in mid-sentence."""
    if ended:
        return text
    return text[: max(text.rfind(mark) for mark in ".!?") + 1] if cut else ""


def _by_torch(
    tokenizer: Any, network: Any, prompts: list[str], settings: Sampling, seed: int, progress: Progress
) -> list[str]:
    import torch

    texts: list[str] = []
    tokenizer.padding_side = "left"
    device = next(network.parameters()).device
    with torch.random.fork_rng(), torch.inference_mode():
        torch.manual_seed(seed)
        for first in range(0, len(prompts), BATCH // 2):
            progress("write texts", first, len(prompts))
            part = prompts[first : first + BATCH // 2]
            inputs = tokenizer(part, padding=True, add_special_tokens=False, return_tensors="pt").to(device)
            found = network.generate(
                **inputs,
                do_sample=True,
                temperature=settings.temperature,
                top_p=settings.top_p,
                top_k=CANDIDATES,
                max_new_tokens=settings.longest,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )[:, inputs["input_ids"].shape[1] :]
            for numbers in found.tolist():
                ended = tokenizer.eos_token_id in numbers
                texts.append(_whole(tokenizer.decode(numbers, skip_special_tokens=True), ended, settings.cut))
    progress("write texts", len(prompts), len(prompts))
    return texts
