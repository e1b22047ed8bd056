"""Tokens a second in training a generative language model, beside Hugging Face's Trainer with its defaults.

    python benchmarks/training.py --data texts.csv --text text --label label [--base smollm2-135m] [--steps 12]
        [--batch 16] [--methods full,lora,scratch] [--threads 1]

Both get the same texts (label as prompt, loss on the text alone), the same first weights, AdamW, learning rate,
schedule and number of steps, and as many texts a step in the mean. Trainer pads a batch to its longest text, computes
all logits and does so in float32: its defaults. Ours lays texts end to end, computes what counts, in bfloat16 where the
machine has it. The first steps warm up and are not measured. Tokens are those of texts, padding left out; time is CPU
time where there is no accelerator. The held-out loss of both ends, by one and the same evaluation, shows that speed was
not bought with wrong learning. On an accelerator whose peak is given (--peak, TFLOP/s in bfloat16) the share of it that
is used (MFU; Chowdhery et al. 2022, appendix B, attention left out) is told too.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

import trasunto as tr
from trasunto.language.decoder.decoder import Decoder
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.decoder.start import pretrained, scratch
from trasunto.language.decoder.tokens import Coded, code
from trasunto.language.decoder.train import train_decoder
from trasunto.language.finetune import adapted

WARM = 2
RATES = {"full": 5e-5, "lora": 5e-4, "scratch": 1e-3}


@dataclass(frozen=True)
class Measured:
    """Of one trainer. seconds, tokens: of the steps behind the warm-up; loss: on texts held out, nats a token."""

    steps: int
    tokens: int
    seconds: float
    loss: float
    parameters: int

    @property
    def speed(self) -> float:
        return self.tokens / self.seconds


def main() -> None:
    import torch

    asked = _arguments()
    torch.set_num_threads(asked.threads)
    rows = tr.read(asked.data).rows.select(pl.col(asked.text).cast(pl.String), pl.col(asked.label).cast(pl.String))
    order = np.random.default_rng(0).permutation(len(rows))
    number = asked.batch * asked.steps
    examples = [Example.of(f"{label}:", f" {text}") for text, label in (rows.row(int(place)) for place in order)]
    if len(examples) < number + 64:
        raise SystemExit(f"{len(examples)} texts are too few for {asked.steps} steps of {asked.batch}.")
    train, test = examples[:number], examples[number : number + 64]
    for method in asked.methods.split(","):
        settings = DecoderSettings(
            method=method,
            base=asked.base,
            epochs=1,
            learning_rate=RATES[method],
            # As Trainer: at full rate from the first step.
            warmup=0.0,
            validation=0.0,
            longest=asked.longest,
        )
        theirs = _trainer(train, test, settings, asked)
        ours = _ours(train, test, settings, asked)
        ratio = ours.speed / theirs.speed
        told = {"method": method, "trainer": _told(theirs), "ours": _told(ours), "ratio": round(ratio, 2)}
        if asked.peak is not None:
            # Two operations a weight forward, four back; two back when the weights get no gradient.
            work = (4 if method == "lora" else 6) * ours.parameters
            told["mfu"] = round(ours.speed * work / (asked.peak * 1e12), 3)
        print(json.dumps(told), flush=True)


def _told(found: Measured) -> dict[str, Any]:
    return {**asdict(found), "tokens_per_second": round(found.speed, 1)}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("--data", "--text", "--label"):
        parser.add_argument(name, required=True)
    parser.add_argument("--base", default="smollm2-135m")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--longest", type=int, default=512)
    parser.add_argument("--methods", default="full,lora,scratch")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--peak", type=float, default=None, help="TFLOP/s of the accelerator in bfloat16")
    return parser.parse_args()


def _clock() -> float:
    """Seconds of this process on the processor; on an accelerator, by the clock when it is done."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def _ours(train: Sequence[Example], test: Sequence[Example], settings: DecoderSettings, asked: Any) -> Measured:
    times: list[float] = []

    def note(what: str, done: int, total: int) -> None:
        if what == "train" and len(times) < done:
            times.append(_clock())

    tokenizer = _start(train, settings)[0]
    lengths = np.array([len(each) for each in code(tokenizer, train, settings.longest)])
    # As many texts a step as the other has, in the mean: packs are not filled to the last token.
    settings = replace(settings, batch_tokens=math.ceil(float(lengths.mean()) * asked.batch))
    made = train_decoder(train, settings=settings, seed=0, progress=note)
    steps = len(times)
    return Measured(
        steps,
        int(lengths.sum() * (steps - WARM) / steps),
        times[-1] - times[WARM - 1],
        _loss(made, test),
        made.facts["parameters"],
    )


def _start(train: Sequence[Example], settings: DecoderSettings) -> tuple[Any, Any]:
    """(tokenizer, network) as the method begins with, in float32."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        if settings.method == "scratch":
            return scratch(train, settings)
        return pretrained(replace(settings, method="full"))[1:]


def _trainer(train: Sequence[Example], test: Sequence[Example], settings: DecoderSettings, asked: Any) -> Measured:
    """Hugging Face's Trainer, its defaults but for the optimizer's settings, which are ours."""
    import torch
    import transformers

    tokenizer, network = _start(train, settings)
    network.train()
    network.requires_grad_(True)
    coded = code(tokenizer, train, settings.longest)
    taught = network
    if settings.method == "lora":
        taught = adapted(network, settings.rank, 2 * settings.rank)
    times: list[float] = []
    used: list[int] = []

    def collate(rows: list[Coded]) -> dict[str, Any]:
        width = max(map(len, rows))
        tokens = torch.full((len(rows), width), tokenizer.pad_token_id or 0)
        labels, mask = torch.full((len(rows), width), -100), torch.zeros((len(rows), width), dtype=torch.int64)
        for number, each in enumerate(rows):
            whole = torch.from_numpy(each.tokens)
            tokens[number, : len(each)], mask[number, : len(each)] = whole, 1
            labels[number, : len(each)] = whole.masked_fill(~torch.from_numpy(each.counted), -100)
        used.append(sum(map(len, rows)))
        return {"input_ids": tokens, "attention_mask": mask, "labels": labels}

    class Clock(transformers.TrainerCallback):
        """Takes the time behind every step."""

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            times.append(_clock())

    with tempfile.TemporaryDirectory() as folder:
        told = transformers.TrainingArguments(
            output_dir=folder,
            per_device_train_batch_size=asked.batch,
            num_train_epochs=1,
            learning_rate=settings.rate,
            weight_decay=settings.weight_decay,
            report_to="none",
            save_strategy="no",
            logging_strategy="no",
            remove_unused_columns=False,
            disable_tqdm=True,
            use_cpu=not torch.cuda.is_available(),
            seed=0,
        )
        trainer = transformers.Trainer(
            model=taught, args=told, train_dataset=coded, data_collator=collate, callbacks=[Clock]
        )
        trainer.train()
    whole = taught.merge_and_unload() if settings.method == "lora" else network
    made = Decoder(settings, {}, tokenizer, whole.eval())
    size = sum(each.numel() for each in whole.parameters())
    return Measured(len(times), sum(used[WARM:]), times[-1] - times[WARM - 1], _loss(made, test), size)


def _loss(made: Decoder, test: Sequence[Example]) -> float:
    means, counts = made.losses(test)
    return round(float((means * counts).sum() / counts.sum()), 4)


if __name__ == "__main__":
    main()
