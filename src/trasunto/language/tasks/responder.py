"""Models that answer: how they are trained, asked, kept in a folder and read again."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from trasunto.data.dialogues import Turn
from trasunto.errors import FitError, ModelError, near
from trasunto.language.classify import Classifier, load_classifier
from trasunto.language.decoder.decoder import Decoder, load_decoder_model
from trasunto.language.decoder.settings import METHODS as DECODED
from trasunto.language.decoder.settings import DecoderSettings, Example
from trasunto.language.tasks.exchanges import Dialogues, asked
from trasunto.language.tasks.memory import Memory, load_memory, remember
from trasunto.language.tasks.recurrent import Recurrent, RecurrentSettings, load_recurrent, train_recurrent
from trasunto.networks.loop import Loop
from trasunto.privacy.budget import Guarantee
from trasunto.progress import Progress, quiet
from trasunto.writing import aside

METHODS = ("memory", "recurrent", *DECODED)
ARMS = ("synthetic", "real", "synthetic then real", "synthetic + real")
CURRICULA = ("none", "short first")
VERSION = 1
STEPS = 1_500


@dataclass(frozen=True)
class AnswerSettings:
    """How a model that answers is trained and judged.

    method: "memory" returns the answer of the nearest known question; "recurrent" trains a small encoder and decoder
    from scratch; "scratch", "lora", "full", "qlora" train a decoder (language/decoder); None takes what serves the
    task: recurrent for translation, lora else. base: of a decoder. encoder: a sentence encoder by name or folder, for
    the memory and for similarity; "" does without: the memory goes by letters. epochs, learning_rate: None takes what
    fits the method. max_seconds: of one training. longest: tokens of an example of a decoder, its question included.
    answer: tokens of an answer at most. test_rows: dialogues that are asked at most. arms: what is trained. ratio:
    synthetic dialogues added for each real one in "synthetic + real"; no real one is left out for them (Gerstgrasser
    et al. 2024, "Is model collapse inevitable?"). curriculum: "short first" trains on the shorter half, then on all
    (Bengio et al. 2009; Platanios et al. 2019). shard: of DecoderSettings, for a decoder.

    Under a budget: rate, steps, clip: the chance of each row to be in a step, how many steps, and the largest norm of a
    row's gradient. private_rate, private_rank: the learning rate and the rank of the adapter.
    """

    method: str | None = None
    base: str = "smollm2-135m"
    encoder: str = "minilm-l6"
    epochs: int | None = None
    learning_rate: float | None = None
    max_seconds: float = 120.0
    longest: int = 384
    answer: int = 96
    test_rows: int = 200
    arms: tuple[str, ...] = ARMS
    ratio: float = 1.0
    curriculum: str = "none"
    shard: bool = False
    rate: float = 0.1
    steps: int = 6
    clip: float = 1.0
    private_rate: float = 1e-2
    private_rank: int = 1

    def __post_init__(self) -> None:
        if self.method is not None and self.method not in METHODS:
            raise FitError(f"No way to answer is called {self.method!r}.", near(self.method, METHODS))
        if self.curriculum not in CURRICULA:
            raise FitError(f"No curriculum is called {self.curriculum!r}.", near(self.curriculum, CURRICULA))
        strange = [arm for arm in self.arms if arm not in ARMS]
        if strange or "synthetic" not in self.arms:
            raise FitError(f"The arms are {list(self.arms)}.", f"Give synthetic, and any of {', '.join(ARMS[1:])}.")
        least = {"ratio": 0.0, "max_seconds": 0.0, "longest": 1, "answer": 0, "test_rows": 0}
        for name, low in least.items():
            if not getattr(self, name) > low:
                raise FitError(f"{name} is {getattr(self, name)}.", f"Give more than {low:g}.")
        if self.shard and self.method in ("memory", "recurrent"):
            raise FitError(f"What {self.method} learns is not shared out.", f"Take one of {', '.join(DECODED)}.")


USUAL = AnswerSettings()


@dataclass(frozen=True)
class Responder:
    """A trained model that answers. way: what it does so by. intents: a classifier of what is asked, where the
    training data named intents."""

    task: str
    settings: AnswerSettings
    way: Memory | Recurrent | Decoder
    facts: dict[str, Any] = field(default_factory=dict)
    intents: Classifier | None = None

    def answer(
        self,
        before: Sequence[Sequence[Turn] | str],
        *,
        seed: int = 0,
        temperature: float = 0.0,
        progress: Progress = quiet,
    ) -> list[str]:
        """One answer each. before: what was said so far, or a question. temperature: above 0 a decoder varies."""
        turns = [asked(each) if isinstance(each, str) else tuple(each) for each in before]
        longest = self.settings.answer
        if not isinstance(self.way, Decoder):
            return self.way.answer(turns, longest=longest, seed=seed, progress=progress)
        if self.task == "generation":
            texts = ["".join(turn.content for turn in each) for each in turns]
            return self.way.generate(texts, seed=seed, temperature=temperature, longest=longest, progress=progress)
        prompts = [prompt_for(self.way, each, longest) for each in turns]
        found = self.way.generate(prompts, seed=seed, temperature=temperature, longest=longest, progress=progress)
        return [each.strip() for each in found]

    def save(self, folder: str | Path) -> None:
        """Write model.json, the model in `network`, and the classifier of intents in `intents`."""
        document = {
            "language_model": self.task,
            "version": VERSION,
            "settings": asdict(self.settings),
            "way": _name(self.way),
            "facts": self.facts,
        }
        with aside(folder, folder=True) as place:
            (place / "model.json").write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
            self.way.save(place / "network")
            if self.intents is not None:
                self.intents.save(place / "intents")

    @property
    def guarantee(self) -> Guarantee | None:
        """Of differential privacy; None without."""
        return self.way.guarantee if isinstance(self.way, Decoder) else None

    def describe(self) -> dict[str, Any]:
        return self.facts


def train_responder(
    dialogues: Dialogues,
    *,
    task: str,
    settings: AnswerSettings,
    seed: int = 0,
    start: Responder | None = None,
    progress: Progress = quiet,
) -> Responder:
    """Train on dialogues. start: a model to go on from."""
    method = method_of(task, settings)
    settings = replace(settings, method=method)
    started = time.monotonic()
    way: Memory | Recurrent | Decoder
    if method == "memory":
        known = dialogues
        if start is not None and isinstance(start.way, Memory):
            # What is remembered later stands first, and so is taken of equally near ones.
            old = zip(start.way.questions, start.way.answers, strict=True)
            known = dialogues.joined(Dialogues(tuple((*asked(q), Turn("assistant", a)) for q, a in old)))
        way = remember(known, settings.encoder if task != "translation" and settings.encoder else None)
    else:
        stages = [dialogues]
        if settings.curriculum == "short first" and len(dialogues) > 1:
            order = dialogues.sizes().argsort(kind="stable")
            stages = [dialogues.take(sorted(order[: (len(order) + 1) // 2])), dialogues]
        before = start.way if start is not None else None
        for stage in stages:
            share = replace(settings, max_seconds=settings.max_seconds / len(stages))
            way = before = _learnt(stage, share, seed, before, progress)
    facts = {
        "task": task,
        "method": method,
        "texts": len(dialogues),
        "seed": seed,
        **way.facts,
        "seconds": round(time.monotonic() - started, 2),
    }
    facts.setdefault("base", settings.base if isinstance(way, Decoder) and method != "scratch" else "")
    facts.setdefault("architecture", f"decoder, {method}")
    return Responder(task, settings, way, facts)


def method_of(task: str, settings: AnswerSettings) -> str:
    """The method, where none is named the one that serves the task."""
    return settings.method or ("recurrent" if task == "translation" else "lora")


def load_responder(folder: str | Path) -> Responder:
    """What `Responder.save` wrote. ModelError when it is missing, broken or of another version."""
    place = Path(folder)
    try:
        document = json.loads((place / "model.json").read_text(encoding="utf-8"))
        if document["version"] != VERSION:
            raise ModelError(f"{folder} holds a model of version {document['version']}.", "Train it again.")
        told = {**document["settings"], "arms": tuple(document["settings"]["arms"])}
        settings, load = AnswerSettings(**told), _LOADERS[document["way"]]
        task, facts = document["language_model"], document["facts"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The language model in {folder} cannot be read: {error!r}.", "Train it again.") from error
    intents = load_classifier(place / "intents") if (place / "intents").is_dir() else None
    return Responder(task, settings, load(place / "network"), facts, intents)


_LOADERS: dict[str, Any] = {"memory": load_memory, "recurrent": load_recurrent, "decoder": load_decoder_model}


def prompt_for(way: Decoder, turns: Sequence[Turn], longest: int) -> str:
    """What a decoder is shown of a talk: as many of the last turns as leave room for an answer of `longest` tokens; of
    a turn that is too long by itself its end."""
    context = int(getattr(way.network.config, "max_position_embeddings", 0) or 0)
    kept = plain(turns, way.tokenizer)
    while True:
        prompt = way.prompt_of(kept)
        size = len(way.tokenizer(prompt, add_special_tokens=False)["input_ids"])
        if not context or size + longest <= context or (len(kept) == 1 and len(kept[0].content) < 2):
            return prompt
        if len(kept) > 1:
            kept = kept[1:]
        else:
            kept = [Turn(kept[0].role, kept[0].content[len(kept[0].content) // 4 + 1 :])]


def plain(turns: Sequence[Turn], tokenizer: Any) -> list[Turn]:
    """Turns without the marks that end or begin a turn: what a user writes may not speak for another."""
    marks = [each for each in tokenizer.all_special_tokens if len(each) > 1]
    found = []
    for turn in turns:
        content = turn.content
        for mark in marks:
            content = content.replace(mark, " ")
        found.append(Turn(turn.role, content))
    return found


def _name(way: Memory | Recurrent | Decoder) -> str:
    return "memory" if isinstance(way, Memory) else "recurrent" if isinstance(way, Recurrent) else "decoder"


def _learnt(dialogues: Dialogues, settings: AnswerSettings, seed: int, before: Any, progress: Progress) -> Any:
    method = str(settings.method)
    if method == "recurrent":
        usual = RecurrentSettings()
        loop = Loop(
            # Few pairs are read more often: it takes so many steps to learn to look back at all.
            epochs=settings.epochs or max(usual.loop.epochs, min(STEPS * usual.loop.batch // len(dialogues), 60)),
            batch=usual.loop.batch,
            learning_rate=settings.learning_rate or usual.loop.learning_rate,
            max_seconds=settings.max_seconds,
        )
        chosen = replace(usual, longest=max(settings.answer, 8), loop=loop)
        start = before if isinstance(before, Recurrent) else None
        return train_recurrent(dialogues, settings=chosen, seed=seed, start=start, progress=progress)
    from trasunto.language.decoder.train import train_decoder

    usual_decoder = DecoderSettings()
    learning = DecoderSettings(
        method=method,
        base=settings.base,
        epochs=settings.epochs or (usual_decoder.epochs if method != "scratch" else 10),
        learning_rate=settings.learning_rate,
        longest=settings.longest,
        max_seconds=settings.max_seconds,
        shard=settings.shard,
    )
    examples = [Example.chat(turns) for turns in dialogues.turns]
    start_decoder = before if isinstance(before, Decoder) else None
    return train_decoder(examples, settings=learning, seed=seed, start=start_decoder, progress=progress)
