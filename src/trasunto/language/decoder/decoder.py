"""A generative language model that was trained here: it writes, judges texts by their losses, lies in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trasunto.errors import ModelError
from trasunto.language.decoder.packed import losses_of, packed
from trasunto.language.decoder.settings import DecoderSettings, Example, spoken
from trasunto.language.decoder.tokens import code, written
from trasunto.language.finetune import Adapter, adapted
from trasunto.language.generate import Sampling, Writer
from trasunto.language.offline import find
from trasunto.language.pretrained import load_decoder
from trasunto.privacy.budget import Guarantee
from trasunto.progress import Progress, quiet
from trasunto.writing import aside

DOCUMENT = "decoder.json"


@dataclass(frozen=True)
class Decoder:
    """A trained model. facts: JSON values for the report; tokenizer, network: of transformers, in float32, the adapter
    worked in; adapter: where one was trained on a base that has a name; guarantee: of differential privacy;
    half: whether the base of the adapter was in bfloat16 when it learned."""

    settings: DecoderSettings
    facts: dict[str, Any]
    tokenizer: Any
    network: Any
    adapter: Adapter | None = None
    guarantee: Guarantee | None = None
    half: bool = False

    def generate(
        self,
        prompts: Sequence[str],
        *,
        seed: int = 0,
        temperature: float = 0.0,
        longest: int = 128,
        top_p: float = 1.0,
        progress: Progress = quiet,
    ) -> list[str]:
        """One text a prompt, without the prompt; "" for a prompt writes from nothing.

        temperature: 0 takes the likeliest token each time. longest: tokens after which a text ends where it stands.
        Same prompts and seed, same texts on one machine.
        """
        with self.writer() as writer:
            sampling = Sampling(temperature, top_p, longest, unfinished=True)
            return self.write(writer, prompts, seed=seed, sampling=sampling, progress=progress)

    def write(
        self, writer: Writer, prompts: Sequence[str], *, seed: int, sampling: Sampling, progress: Progress = quiet
    ) -> list[str]:
        """As `generate`, by a writer that is used for many calls: `with decoder.writer() as writer:`."""
        return writer.write(list(prompts), sampling, seed=seed, progress=progress)

    @contextmanager
    def writer(self) -> Iterator[Writer]:
        """The model made ready to write."""
        with Writer(self.tokenizer, self.network, str(next(self.network.parameters()).device.type)) as writer:
            yield writer

    def prompt_of(self, turns: Sequence[Any]) -> str:
        """A dialogue as far as where the assistant is to go on; turns as in `Example.chat`."""
        return written(self.tokenizer, spoken(turns), asked=True)

    def losses(self, examples: Sequence[Example], *, tokens: int = 4096) -> tuple[np.ndarray, np.ndarray]:
        """(n,) mean nats a token that counts, nan where none does; (n,) how many count. tokens: computed at once."""
        coded = code(self.tokenizer, examples, self.settings.longest)
        with packed(self.network, half=False) as mine:
            totals, counts = losses_of(mine, coded, tokens)
        return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan), counts

    def save(self, folder: str | Path) -> None:
        """Write decoder.json, and either the adapter (the base is named, not copied) or the whole model in the layout
        of Hugging Face (safetensors)."""
        document = {
            "decoder": 1,
            "settings": asdict(self.settings),
            "facts": self.facts,
            "adapter": self.adapter is not None,
            "half": self.half,
            "guarantee": self.guarantee.to_dict() if self.guarantee is not None else None,
        }
        with aside(folder, folder=True) as place:
            text = json.dumps(document, indent=1, ensure_ascii=False)
            (place / DOCUMENT).write_text(text, encoding="utf-8")
            if self.adapter is not None:
                self.adapter.save(place)
            else:
                self.export(place)

    def export(self, folder: str | Path) -> None:
        """Write the whole model, the adapter worked in, as transformers reads it."""
        self.network.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)


def load_decoder_model(folder: str | Path) -> Decoder:
    """What `Decoder.save` wrote. ModelError for a folder that holds no such model, or a broken one."""
    place = Path(folder)
    try:
        document = json.loads((place / DOCUMENT).read_text(encoding="utf-8"))
        settings = DecoderSettings(**document["settings"])
        facts, promised = document["facts"], document["guarantee"]
        by_adapter, half = document["adapter"], document["half"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{place} holds no generative model: {error!r}.", "Train one with train_decoder.") from error
    adapter = Adapter.load(place) if by_adapter else None
    if adapter is not None:
        tokenizer, network = _merged(find(settings.base), adapter, half)
    else:
        tokenizer, network, _ = load_decoder(place)
    network.requires_grad_(False)
    guarantee = Guarantee.from_dict(promised) if promised is not None else None
    return Decoder(settings, facts, tokenizer, network, adapter, guarantee, half)


def _merged(base: Path, adapter: Adapter, half: bool) -> tuple[Any, Any]:
    """(tokenizer, network): the base as the adapter learned on it, with the adapter worked in, in float32."""
    import torch

    tokenizer, network, _ = load_decoder(base, "bfloat16" if half else "float32")
    taught = adapted(network.float(), adapter.rank, adapter.alpha)
    places = dict(taught.named_parameters())
    if set(adapter.tensors) - set(places):
        raise ModelError(f"The adapter does not fit the model in {base}.", "Use the base it was trained on.")
    with torch.no_grad():
        for name, each in adapter.tensors.items():
            places[name].copy_(each)
    return tokenizer, taught.merge_and_unload().eval()
