"""The task of writing: a decoder that has learnt texts, judged by how well it foretells unseen real ones."""

from __future__ import annotations

import time
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from trasunto.data.dataset import Dataset
from trasunto.errors import EmptyDataError, FitError, near
from trasunto.language.answers import Counts, bits_per_byte, measured, perplexity
from trasunto.language.corpus import clean
from trasunto.language.decoder.decoder import Decoder
from trasunto.language.decoder.settings import METHODS, DecoderSettings, Example
from trasunto.language.finetune import Prompted
from trasunto.language.layouts import layout_of
from trasunto.language.tasks.judging import compared, worth
from trasunto.language.tasks.responder import ARMS, AnswerSettings, Responder
from trasunto.language.tasks.task import Judged, Task
from trasunto.language.text_evaluation import TextEvaluation
from trasunto.privacy.budget import Budget
from trasunto.progress import Progress, quiet

# What zlib looks back at.
WINDOW = 32_768


@dataclass(frozen=True)
class WritingSettings:
    """How a decoder learns texts. method, base, epochs, learning_rate, max_seconds, longest: of language/decoder;
    scratch takes no base, epochs None what fits the method. characters: after which a text is cut. test_rows: unseen
    texts that are read at most. arms, ratio: as in AnswerSettings. answer: tokens of what is written at most. shard: of
    DecoderSettings. rate, steps, clip, private_rate, private_rank: of a training under a budget, as in AnswerSettings.
    """

    method: str = "lora"
    base: str = "smollm2-135m"
    epochs: int | None = None
    learning_rate: float | None = None
    max_seconds: float = 120.0
    longest: int = 1024
    characters: int = 1000
    answer: int = 96
    test_rows: int = 500
    arms: tuple[str, ...] = ARMS
    ratio: float = 1.0
    shard: bool = False
    rate: float = 0.1
    steps: int = 6
    clip: float = 1.0
    private_rate: float = 1e-2
    private_rank: int = 1

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise FitError(f"No way to learn to write is called {self.method!r}.", near(self.method, METHODS))
        strange = [arm for arm in self.arms if arm not in ARMS]
        if strange or "synthetic" not in self.arms:
            raise FitError(f"The arms are {list(self.arms)}.", f"Give synthetic, and any of {', '.join(ARMS[1:])}.")
        for name in ("max_seconds", "characters", "answer", "test_rows", "ratio"):
            if not getattr(self, name) > 0:
                raise FitError(f"{name} is {getattr(self, name)}.", "Give more than 0.")

    @property
    def decoder(self) -> DecoderSettings:
        return DecoderSettings(
            method=self.method,
            base=self.base,
            epochs=self.epochs or (10 if self.method == "scratch" else DecoderSettings().epochs),
            learning_rate=self.learning_rate,
            max_seconds=self.max_seconds,
            longest=self.longest,
            shard=self.shard,
        )


USUAL = WritingSettings()


@dataclass(frozen=True)
class _Arm:
    decoder: Decoder
    trained_on: int
    facts: dict[str, Any] = field(default_factory=dict)


def train_generation(
    dataset: Dataset,
    *,
    settings: WritingSettings = USUAL,
    seed: int = 0,
    budget: Budget | None = None,
    progress: Progress = quiet,
) -> Responder:
    """Train on the texts of a dataset, each after its label where there is one. budget: by DP-SGD
    (language/tasks/private.py)."""
    if budget is not None:
        from trasunto.language.tasks.private import learnt_privately

        def examples(rows: Dataset) -> list[Example]:
            return [_example(each) for each in _read(rows, settings)]

        way, facts = learnt_privately(
            dataset, examples, budget, settings, task="generation", seed=seed, progress=progress
        )
        return _responder(_Arm(way, facts["texts"], facts), settings)
    return _responder(_learnt(_texts(dataset, settings), settings, seed, None, progress), settings)


def judge_generation(
    synthetic: Dataset,
    real: Dataset,
    test: Dataset,
    *,
    settings: WritingSettings = USUAL,
    curve: Sequence[int] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> Judged:
    """Unseen real texts foretold: bits per byte, which compares any two models, and perplexity, which compares models
    of one tokenizer (a model from scratch has its own). Baselines: the base as it is, and zlib that has seen the end of
    the real texts. Training texts that are in the test are left out."""
    held = _texts(test, settings)
    asked = [held[place] for place in _drawn(len(held), settings.test_rows, seed)]
    parts, left_out = _apart(synthetic, real, held, settings)
    number = min(map(len, parts.values()))
    sizes = [size for size in sorted(set(curve)) if size < number]
    arms = _arms(parts, number, settings, sizes, seed, progress)
    counts = {arm: _foretold(each.decoder, asked) for arm, each in arms.items()}
    texts = [each.text for each in asked]
    counts["zlib, real"] = [bits_per_byte(_squeezed(parts["real"], texts), texts)]
    evaluations = []
    for arm, each_counts in counts.items():
        scores, intervals = measured(each_counts, seed=seed)
        trained_on = arms[arm].trained_on if arm in arms else number
        facts = arms[arm].facts if arm in arms else {}
        evaluations.append(TextEvaluation(arm, "generation", trained_on, len(asked), scores, intervals, facts=facts))
    model = _responder(arms["synthetic"], settings)
    leading = {arm: each[0] for arm, each in counts.items()}
    scored = {arm: each.score for arm, each in leading.items()}
    facts = {
        **model.facts,
        "examples": number,
        "left_out_for_the_test": left_out,
        **compared(leading, seed),
        "worth": worth(scored, "min", number) if "real" in leading else None,
    }
    return Judged(tuple(evaluations), model, facts)


def score_generation(
    model: Responder, dataset: Dataset, *, settings: WritingSettings = USUAL, seed: int = 0
) -> TextEvaluation:
    """How well a model foretells the texts of a dataset that it has not seen."""
    assert isinstance(model.way, Decoder)
    held = _texts(dataset, settings)
    asked = [held[place] for place in _drawn(len(held), settings.test_rows, seed)]
    scores, intervals = measured(_foretold(model.way, asked), seed=seed)
    trained_on = model.facts.get("texts", 0)
    return TextEvaluation("model", "generation", trained_on, len(asked), scores, intervals, facts=model.facts)


def _drawn(rows: int, most: int, seed: int) -> list[int]:
    """At most so many places, by chance, in order."""
    places: list[int] = np.sort(np.random.default_rng(seed).permutation(rows)[:most]).tolist()
    return places


def _apart(
    synthetic: Dataset, real: Dataset, held: Sequence[Prompted], settings: WritingSettings
) -> tuple[dict[str, list[Prompted]], dict[str, int]]:
    """The training texts that are not in the test, and how many were."""
    known = {_folded(each.text) for each in held}
    parts, left_out = {}, {}
    for what, dataset in (("synthetic", synthetic), ("real", real)):
        every = _texts(dataset, settings)
        parts[what] = [each for each in every if _folded(each.text) not in known]
        if not parts[what]:
            raise FitError(f"Every {what} text is in the test.", "Give others.")
        left_out[what] = len(every) - len(parts[what])
    return parts, left_out


def _foretold(decoder: Decoder, texts: Sequence[Prompted]) -> list[Counts]:
    mean, tokens = decoder.losses([_example(each) for each in texts])
    nats = np.nan_to_num(mean) * tokens
    return [bits_per_byte(nats, [each.text for each in texts]), perplexity(nats, tokens)]


def _texts(dataset: Dataset, settings: WritingSettings) -> list[Prompted]:
    """What is learnt, each once. EmptyDataError when there is no text."""
    found: dict[str, Prompted] = {}
    for each in _read(dataset, settings):
        found.setdefault(_folded(each.text), each)
    if not found:
        raise EmptyDataError(f"Not one of {len(dataset)} rows holds a text.", "Check the columns.")
    return list(found.values())


def _read(dataset: Dataset, settings: WritingSettings) -> list[Prompted]:
    """The text of each row that has one, mended by itself."""
    layout = layout_of(dataset.only.schema, conditions=())
    found = []
    for each in layout.prompted(layout.held(dataset.rows)):
        # Only lone texts are mended: line breaks hold dialogues and pairs together.
        plain = (
            clean(each.text) if layout.kind in ("text", "labelled") and len(layout.texts) == 1 else each.text.strip()
        )
        if plain:
            prompt = each.prompt if layout.label or layout.kind not in ("text", "labelled") else ""
            plain = plain[: settings.characters]
            found.append(Prompted(prompt, f" {plain}" if prompt else plain))
    return found


def _example(each: Prompted) -> Example:
    return Example.of(each.prompt, each.text)


def _learnt(
    texts: Sequence[Prompted], settings: WritingSettings, seed: int, start: Decoder | None, progress: Progress
) -> _Arm:
    from trasunto.language.decoder.train import train_decoder

    started = time.monotonic()
    examples = [_example(each) for each in texts]
    decoder = train_decoder(examples, settings=settings.decoder, seed=seed, start=start, progress=progress)
    facts = {
        "task": "generation",
        "method": settings.method,
        "base": "" if settings.method == "scratch" else settings.base,
        "architecture": f"decoder, {settings.method}",
        "texts": len(texts),
        "seed": seed,
        **decoder.facts,
        "seconds": round(time.monotonic() - started, 2),
    }
    return _Arm(decoder, len(texts), facts)


def _arms(
    parts: dict[str, list[Prompted]],
    number: int,
    settings: WritingSettings,
    sizes: Sequence[int],
    seed: int,
    progress: Progress,
) -> dict[str, _Arm]:
    def drawn(what: str, count: int) -> list[Prompted]:
        return [parts[what][place] for place in _drawn(len(parts[what]), count, seed)]

    truth = drawn("real", number)
    wanted: dict[str, tuple[list[Prompted], str | None]] = {
        "synthetic": (drawn("synthetic", number), None),
        "real": (truth, None),
        "synthetic then real": (truth, "synthetic"),
        "synthetic + real": (truth + drawn("synthetic", max(1, round(settings.ratio * number))), None),
    }
    wanted = {arm: each for arm, each in wanted.items() if arm in settings.arms}
    wanted |= {f"real, {size} examples": (drawn("real", size), None) for size in sizes}
    found: dict[str, _Arm] = {}
    for place, (arm, (texts, start)) in enumerate(wanted.items()):
        progress("train language models", place, len(wanted))
        made = _learnt(texts, settings, seed, found[start].decoder if start else None, progress)
        found[arm] = replace(made, trained_on=made.trained_on + (found[start].trained_on if start else 0))
    progress("train language models", len(wanted), len(wanted))
    if settings.method != "scratch":
        found["base as it is"] = _Arm(untouched(settings.decoder), 0)
    return found


def untouched(settings: DecoderSettings) -> Decoder:
    """The base before anything was learnt."""
    from trasunto.language.offline import find
    from trasunto.language.pretrained import load_decoder

    tokenizer, network, _ = load_decoder(find(settings.base))
    return Decoder(settings, {}, tokenizer, network)


def _squeezed(texts: Sequence[Prompted], unseen: Sequence[str]) -> np.ndarray:
    """(n,) nats that zlib needs for each unseen text, with the last training texts to look back at."""
    seen = "\n".join(each.text for each in texts).encode("utf-8", "surrogatepass")[-WINDOW:]
    sizes = []
    for text in unseen:
        squeezer = zlib.compressobj(9, zlib.DEFLATED, -15, 9, zlib.Z_DEFAULT_STRATEGY, seen)
        sizes.append(len(squeezer.compress(text.encode("utf-8", "surrogatepass")) + squeezer.flush()))
    return np.array(sizes) * 8 * np.log(2)


def _responder(arm: _Arm, settings: WritingSettings) -> Responder:
    own = AnswerSettings(
        method=settings.method, base=settings.base, encoder="", longest=settings.longest, answer=settings.answer
    )
    facts = {**arm.facts, "hyperparameters": {**arm.facts.get("hyperparameters", {}), **asdict(settings)}}
    return Responder("generation", own, arm.decoder, facts)


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


GENERATION = Task(
    "generation",
    "Texts are written: bits per byte and perplexity of unseen texts.",
    WritingSettings,
    train_generation,
    judge_generation,
)
