"""A classifier as an ONNX graph: tokens in, logits out."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from trasunto import registry


def write_onnx(tokenizer: Any, encoder: Any, head: tuple[np.ndarray, np.ndarray], path: Path) -> None:
    """Write encoder, mean over tokens, length one and linear layer as one graph, whose batch and length are free.

    head: weight (labels, width) and bias (labels,). Inputs: input_ids and attention_mask (rows, tokens) int64; output:
    logits (rows, labels) float32. Raises MissingLibraryError without `onnx` and `onnxscript`.
    """
    try:
        import onnx  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise registry.missing(error, "an ONNX file") from error
    import torch

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder
            self.linear = torch.nn.Linear(head[0].shape[1], head[0].shape[0])
            self.linear.load_state_dict({"weight": torch.from_numpy(head[0]), "bias": torch.from_numpy(head[1])})

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(states.dtype)
            mean = (states * mask).sum(1) / mask.sum(1)
            return self.linear(torch.nn.functional.normalize(mean, dim=1))

    sample = tokenizer(["a text to follow", "another"], padding=True, return_tensors="pt")
    place = next(encoder.parameters()).device
    rows, tokens = torch.export.Dim("rows"), torch.export.Dim("tokens")
    before = encoder.config._attn_implementation
    encoder.set_attn_implementation("eager")
    levels = {name: logging.getLogger(name).level for name in ("torch.onnx", "onnxscript")}
    try:
        for name in levels:
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), torch.no_grad():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                Graph().to(place).eval(),
                (sample["input_ids"].to(place), sample["attention_mask"].to(place)),
                str(path),
                input_names=["input_ids", "attention_mask"],
                output_names=["logits"],
                dynamic_shapes={"input_ids": {0: rows, 1: tokens}, "attention_mask": {0: rows, 1: tokens}},
                dynamo=True,
                external_data=False,
                verbose=False,
            )
    finally:
        encoder.set_attn_implementation(before)
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
