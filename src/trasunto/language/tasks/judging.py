"""The judgement of models that answer: every arm learns from as many dialogues and is asked the same questions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto.errors import FitError
from trasunto.language import answers
from trasunto.language.answers import Counts, measured, paired
from trasunto.language.tasks.exchanges import Dialogues, Questions, questions_of, shown
from trasunto.language.tasks.memory import remember
from trasunto.language.tasks.responder import AnswerSettings, Responder, method_of, train_responder
from trasunto.language.text_evaluation import TextEvaluation
from trasunto.progress import Progress, quiet

# Examples that a report shows.
SHOWN = 5
# (answers, references) → counts.
Measure = Callable[[Sequence[str], Any], Counts]


@dataclass(frozen=True)
class Ways:
    """What differs between tasks. measures: the first one leads. several: equal questions are one, with all their
    answers. copied: whether repeating the question is a baseline (of translation), else the most frequent answer."""

    task: str
    measures: tuple[Measure, ...]
    several: bool = False
    copied: bool = False


def measures_of(task: str, settings: AnswerSettings) -> tuple[Measure, ...]:
    """The measures of a task, the leading one first."""
    if task == "translation":
        return (answers.chrf, answers.bleu, answers.ter)
    usual: tuple[Measure, ...] = (answers.chrf, answers.rouge_l, answers.exact_match)
    if not settings.encoder:
        return usual
    from trasunto.language.offline import find

    find(settings.encoder)

    def similarity(said: Sequence[str], right: Any) -> Counts:
        return answers.embedding_similarity(said, right, encoder=settings.encoder)

    return (*usual, similarity)


def judge_answers(
    ways: Ways,
    parts: tuple[Dialogues, Dialogues, Dialogues],
    *,
    settings: AnswerSettings,
    curve: Sequence[int] = (),
    seed: int = 0,
    progress: Progress = quiet,
) -> tuple[list[TextEvaluation], Responder, dict[str, Any]]:
    """(evaluations, the model of synthetic dialogues, facts). parts: synthetic, real, test.

    Synthetic and real are cut to the same number; dialogues whose questions are in the test are left out. curve: sizes
    of fewer real dialogues. Raises FitError when nothing is left to learn from.
    """
    drawn = parts[2].draw(settings.test_rows, seed=seed)
    questions = questions_of(drawn, several=ways.several)
    (made, made_out), (truth, real_out) = parts[0].without(parts[2]), parts[1].without(parts[2])
    for what, left in (("synthetic", made), ("real", truth)):
        if not len(left):
            raise FitError(f"Every {what} dialogue asks what the test asks.", "Give others.")
    number = min(len(made), len(truth))
    every, made, truth = made, made.draw(number, seed=seed), truth.draw(number, seed=seed)
    sizes = [size for size in sorted(set(curve)) if size < number]
    models = _arms(ways.task, (every, made, truth), settings, sizes, seed, progress)
    said = {arm: model.answer(questions.before, seed=seed, progress=progress) for arm, (model, _) in models.items()}
    trained_on = {arm: size for arm, (_, size) in models.items()}
    said |= _baselines(ways, made, truth, questions, settings)
    scored = {
        arm: [measure(each, questions.right).grouped(questions.groups) for measure in ways.measures]
        for arm, each in said.items()
    }
    evaluations = [
        _evaluation(
            ways.task,
            arm,
            counts,
            trained_on=trained_on.get(arm, number if "," in arm else 0),
            examples=_examples(questions, said[arm], seed),
            facts=models[arm][0].facts if arm in models else {},
            seed=seed,
        )
        for arm, counts in scored.items()
    ]
    facts = {
        **models["synthetic"][0].facts,
        "examples": number,
        "left_out_for_the_test": {"synthetic": made_out, "real": real_out},
        "questions": len(questions),
        "dialogues": {"test": len(parts[2]), "tested": len(drawn)},
        **compared({arm: counts[0] for arm, counts in scored.items()}, seed),
        "worth": worth({arm: counts[0].score for arm, counts in scored.items()}, scored["real"][0].goal, number)
        if "real" in scored
        else None,
    }
    return evaluations, models["synthetic"][0], facts


def score_answers(
    model: Responder, dialogues: Dialogues, *, seed: int = 0, progress: Progress = quiet
) -> TextEvaluation:
    """A model's answers to the questions of dialogues that it has not seen, scored; at most `test_rows` dialogues."""
    drawn = dialogues.draw(model.settings.test_rows, seed=seed)
    questions = questions_of(drawn, several=model.task == "translation")
    said = model.answer(questions.before, seed=seed, progress=progress)
    measures = measures_of(model.task, model.settings)
    counts = [measure(said, questions.right).grouped(questions.groups) for measure in measures]
    return _evaluation(
        model.task,
        "model",
        counts,
        trained_on=model.facts.get("texts", 0),
        examples=_examples(questions, said, seed),
        facts=model.facts,
        seed=seed,
    )


def compared(leading: dict[str, Counts], seed: int) -> dict[str, Any]:
    """What the arms are beside the real one: {"score", "difference", "differences", "ratio"}, by paired bootstrap.

    ratio: of the score of synthetic to that of real; above 1 is better where more is better.
    """
    told: dict[str, Any] = {"score": leading["synthetic"].name, "differences": {}, "difference": None, "ratio": None}
    real = leading.get("real")
    if real is None:
        return told
    told["differences"] = {
        arm: paired(counts, real, seed=seed).to_dict() for arm, counts in leading.items() if arm != "real"
    }
    told["difference"] = told["differences"]["synthetic"]
    told["ratio"] = leading["synthetic"].score / max(real.score, 1e-12)
    return told


def worth(scores: dict[str, float], goal: str, number: int) -> dict[str, Any] | None:
    """How many real examples give the score of the synthetic ones, log-linear between the sizes that were tried:
    {"count", "side"}, where side is "more" or "less" beyond their ends. None without a curve."""
    points = [(int(arm.split()[1]), score) for arm, score in scores.items() if _size(arm)]
    if not points:
        return None
    sign = 1.0 if goal == "max" else -1.0
    points = sorted([*points, (number, scores["real"])])
    reached = np.maximum.accumulate([sign * score for _, score in points])
    value = sign * scores["synthetic"]
    side = "more" if value > reached[-1] else "less" if value < reached[0] else ""
    return {"count": float(np.exp(np.interp(value, reached, np.log([size for size, _ in points])))), "side": side}


def _size(arm: str) -> bool:
    words = arm.split()
    return len(words) == 3 and words[0] == "real," and words[2] == "examples"


def _arms(
    task: str,
    parts: tuple[Dialogues, Dialogues, Dialogues],
    settings: AnswerSettings,
    sizes: Sequence[int],
    seed: int,
    progress: Progress,
) -> dict[str, tuple[Responder, int]]:
    """The model of each arm and how many dialogues it has learnt from. parts: all synthetic ones, synthetic, real."""
    every, made, truth = parts
    extra = every.draw(max(1, round(settings.ratio * len(truth))), seed=seed)
    wanted: dict[str, tuple[Dialogues, str | None]] = {
        "synthetic": (made, None),
        "real": (truth, None),
        "synthetic then real": (truth, "synthetic"),
        "synthetic + real": (truth.joined(extra), None),
    }
    wanted = {arm: each for arm, each in wanted.items() if arm in settings.arms}
    wanted |= {f"real, {size} examples": (truth.draw(size, seed=seed), None) for size in sizes}
    found: dict[str, tuple[Responder, int]] = {}
    for place, (arm, (dialogues, start)) in enumerate(wanted.items()):
        progress("train language models", place, len(wanted))
        begun = found[start][0] if start else None
        model = train_responder(dialogues, task=task, settings=settings, seed=seed, start=begun, progress=progress)
        found[arm] = (model, len(dialogues) + (found[start][1] if start else 0))
    progress("train language models", len(wanted), len(wanted))
    return found


def _baselines(
    ways: Ways, made: Dialogues, truth: Dialogues, questions: Questions, settings: AnswerSettings
) -> dict[str, list[str]]:
    """The answers of what has not been trained."""
    found: dict[str, list[str]] = {}
    if method_of(ways.task, settings) != "memory":
        encoder = settings.encoder if settings.encoder and ways.task != "translation" else None
        for arm, known in (("memory, synthetic", made), ("memory, real", truth)):
            found[arm] = remember(known, encoder).answer(questions.before)
    if ways.copied:
        found["copy of the source"] = [shown(each) for each in questions.before]
    else:
        usual = Counter(each[0] for each in questions_of(truth).right)
        most = max(sorted(usual), key=lambda each: usual[each])
        found["majority answer"] = [most] * len(questions)
    return found


def _evaluation(
    task: str,
    arm: str,
    counts: Sequence[Counts],
    *,
    trained_on: int,
    examples: tuple[dict[str, str], ...],
    facts: dict[str, Any],
    seed: int,
) -> TextEvaluation:
    scores, intervals = measured(counts, seed=seed)
    return TextEvaluation(arm, task, trained_on, len(counts[0].rows), scores, intervals, examples, facts)


def _examples(questions: Questions, said: Sequence[str], seed: int) -> tuple[dict[str, str], ...]:
    """The same few questions for every arm."""
    places = np.sort(np.random.default_rng(seed).permutation(len(questions))[:SHOWN]).tolist()
    return tuple(
        {"prompt": shown(questions.before[place]), "answer": said[place], "expected": questions.right[place][0]}
        for place in places
    )
