"""How fast labelled texts are written: our Writer beside `transformers.generate`, same model, one run, one thread.

    python benchmarks/writing.py [--texts 1000] [--peer-texts 128] [--batches 128,256] [--seconds 60] [--torch]

First texts of exactly --tokens tokens by the base, then texts that end by themselves by a model fine-tuned for
--seconds of `packaged:sms` (0 leaves this out). Times are CPU seconds of the process, pinned to one core; getting ready
(loading, conversion to 8-bit) is told apart. The peer samples in batches of 32 with the same temperature, top-p and
number of candidates. Prints a line for each way and one JSON line at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import trasunto as tr
from trasunto.language import generate
from trasunto.language.continuation import CANDIDATES
from trasunto.language.finetune import Adapter, merged
from trasunto.language.generate import Sampling, Writer
from trasunto.language.offline import find
from trasunto.language.pretrained import load_decoder

PEER_BATCH = 32
PROMPTS = ("ham:", "spam:")


def main() -> None:
    asked = _arguments()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    import torch

    torch.set_num_threads(1)
    found = {"fixed": _raced(asked, lambda: load_decoder(find(asked.base)), asked.tokens, asked.tokens)}
    if asked.seconds:
        adapter = _tuned(asked)
        found["ending"] = _raced(asked, lambda: merged(find(asked.base), adapter), 96, 0)
    print(json.dumps({"base": asked.base, "texts": asked.texts, **found}))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--base", default="smollm2-135m")
    for name, usual in (("--texts", 1000), ("--peer-texts", 128), ("--tokens", 40), ("--seconds", 60)):
        parser.add_argument(name, type=int, default=usual)
    parser.add_argument("--batches", default=str(generate.BATCH), help="of our Writer, with CTranslate2")
    parser.add_argument("--torch", action="store_true", help="also our Writer without CTranslate2")
    return parser.parse_args()


def _tuned(asked: argparse.Namespace) -> Adapter:
    real = tr.read("packaged:sms").with_role("label", "label")
    settings = {"base": asked.base, "max_seconds": float(asked.seconds), "agree": False}
    adapter: Adapter = tr.fit(real, "lm-finetune", seed=0, settings=settings).adapter
    return adapter


def _raced(
    asked: argparse.Namespace, load: Callable[[], tuple[Any, Any, str]], longest: int, least: int
) -> dict[str, Any]:
    """By way of writing: tokens, CPU seconds, tokens a CPU second, CPU seconds of getting ready, tokens a text."""
    found = {}
    for half in (False, True):
        found[f"transformers.generate {'bfloat16' if half else 'float32'}"] = _by_peer(
            asked, load, longest, least, half
        )
    sampling = Sampling(longest=longest, unfinished=True)
    for batch in map(int, asked.batches.split(",")):
        with patch.object(generate, "BATCH", batch):
            found[f"Writer, CTranslate2, {batch}"] = _by_writer(asked, load, sampling, asked.texts)
    if asked.torch:
        with patch.object(generate, "_has_ctranslate2", lambda: False):
            found["Writer, PyTorch"] = _by_writer(asked, load, sampling, asked.peer_texts * 2)
    slow = found["transformers.generate float32"]["rate"]
    for name, each in found.items():
        each["ratio"] = round(each["rate"] / slow, 2)
        print(f"{name:34s} {each}", flush=True)
    return found


def _by_writer(
    asked: argparse.Namespace, load: Callable[[], tuple[Any, Any, str]], sampling: Sampling, texts: int
) -> dict[str, float]:
    started = time.process_time()
    with Writer(*load()) as writer:
        ready = time.process_time()
        writer.write([PROMPTS[place % 2] for place in range(texts)], sampling, seed=0)
        return _told(writer.tokens, texts, time.process_time() - ready, ready - started)


def _by_peer(
    asked: argparse.Namespace, load: Callable[[], tuple[Any, Any, str]], longest: int, least: int, half: bool
) -> dict[str, float]:
    import torch

    started = time.process_time()
    tokenizer, network, _ = load()
    network = network.bfloat16() if half else network
    tokenizer.padding_side = "left"
    ready = time.process_time()
    tokens = 0
    with torch.inference_mode():
        torch.manual_seed(0)
        for first in range(0, asked.peer_texts, PEER_BATCH):
            part = [PROMPTS[place % 2] for place in range(first, min(first + PEER_BATCH, asked.peer_texts))]
            inputs = tokenizer(part, padding=True, add_special_tokens=False, return_tensors="pt")
            made = network.generate(
                **inputs, do_sample=True, temperature=1.0, top_p=0.97, top_k=CANDIDATES, max_new_tokens=longest,
                min_new_tokens=least, pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id,
            )[:, inputs["input_ids"].shape[1] :]  # fmt: skip
            for numbers in made.tolist():
                end = tokenizer.eos_token_id
                tokens += numbers.index(end) + 1 if end in numbers else len(numbers)
    return _told(tokens, asked.peer_texts, time.process_time() - ready, ready - started)


def _told(tokens: int, texts: int, seconds: float, ready: float) -> dict[str, float]:
    return {
        "tokens": tokens,
        "seconds": round(seconds, 1),
        "rate": round(tokens / seconds, 1),
        "ready": round(ready, 1),
        "tokens_a_text": round(tokens / texts, 1),
    }


if __name__ == "__main__":
    main()
