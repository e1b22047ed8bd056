"""What `lm-evolve` learns of private texts: token counts, votes, a classifier, and what draws the other columns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema
from trasunto.encoders.codes import Levels
from trasunto.errors import FitError, near
from trasunto.language.curation.vectors import vectors_of
from trasunto.language.evolve import listed, nearest_votes, tilt, token_counts
from trasunto.language.generate import Sampling, Writer
from trasunto.language.head import Head, fit_head
from trasunto.language.offline import find
from trasunto.language.pretrained import load_decoder
from trasunto.language.private import PRETRAINED, Granted, fit_head_private
from trasunto.networks.private import ASSUMED, descent, spending
from trasunto.privacy.accountant import gaussian_sigma
from trasunto.privacy.budget import Budget, Guarantee, Spending, guaranteed
from trasunto.privacy.domain import of_persons, public_schema
from trasunto.privacy.mechanisms import noise
from trasunto.progress import Progress
from trasunto.synthesizers.coded import CodedModel
from trasunto.synthesizers.lm_private import attributed_privately
from trasunto.synthesizers.lm_texts import columns_of, labels_of
from trasunto.synthesizers.written_columns import fitted_columns

MECHANISM = "Noisy counts of tokens, noisy votes of texts for public ones, and a classifier by DP-SGD"
OPENINGS = (
    "The openings, the pretrained models and their tokens are public; the openings were not chosen by looking at the "
    "private rows."
)
# Texts written without a bias, to know how the model writes of itself.
PLAIN = 128
# A candidate with fewer votes than so many standard deviations of their noise is not chosen.
CHOSEN = 2.5
MOST_CHOSEN = 200


@dataclass(frozen=True)
class Evolved:
    """What was learnt. text, label: names of columns. labels: that the label may be; ("",) without one.

    biases: (labels, vocabulary) float16, of the output layer. chosen: written texts of each label that private ones
    voted for; weights: their votes. head: gives texts labels, None with one label. fitted_to: a public or bought count.
    """

    schema: Schema
    text: str
    label: str | None
    labels: tuple[str, ...]
    biases: np.ndarray
    chosen: tuple[tuple[str, ...], ...]
    weights: tuple[np.ndarray, ...]
    head: Head | None
    attributes: CodedModel | None
    facts: dict[str, Any]
    fitted_to: int
    guarantee: Guarantee | None


@dataclass(frozen=True)
class _Parts:
    """A budget in parts; all None without one. grant: where they come from."""

    words: Budget | None = None
    votes: Budget | None = None
    judge: Budget | None = None
    grant: Granted | None = None


def evolved(settings: Any, real: Dataset, budget: Budget | None, seed: int, progress: Progress) -> Evolved:
    """Learn from one table with one column of free text. settings: an `LmEvolve`. Raises what its `fit` does."""
    table = real.only if budget is None else of_persons(real.only, budget, noise())
    text, label = columns_of(Dataset.of(table, real.name))
    rows = table.rows.filter(pl.col(text).is_not_null() & (pl.col(text).str.strip_chars() != ""))
    if budget is None and len(rows) < 8:
        raise FitError(f"Column {text!r} holds {len(rows)} texts; 8 are the least to learn from.", "Give more.")
    base = load_decoder(find(settings.base), "float32")
    vectors = vectors_of(settings.encoder, progress)
    attributes, labels, parts = _attributes(settings, Table(table.schema, rows), text, label, budget, seed)
    for name in settings.openings:
        if name not in labels:
            raise FitError(f"There is an opening for the label {name!r}, which there is not.", near(name, labels))
    texts = [" ".join(each.split()) for each in rows[text]]
    place = {name: number for number, name in enumerate(labels)}
    groups = np.array([place.get(name, -1) for name in labels_of(rows, label)], dtype=np.int64)
    there = vectors(texts)
    head, paid = _judge(settings, there, groups, labels, parts)
    biases, pool, sigma = _tilted(settings, base, texts, groups, labels, parts.words, seed, progress)
    chosen, weights, vote_sigma = _chosen(pool, there, groups, labels, head, vectors, parts.votes)
    facts = {
        "parameters": sum(each.numel() for each in base[1].parameters()),
        "candidates": len(pool),
        "chosen": {name: len(each) for name, each in zip(labels, chosen, strict=True)},
        "noise": {"token counts": sigma, "votes": vote_sigma},
    }
    public = table.schema if budget is None else public_schema(table.schema)
    schema = Schema({real.name: replace(public, primary_key=(), foreign_keys=())})
    count = len(rows) if parts.grant is None else parts.grant.rows
    promised = _guarantee(settings, budget, parts, sigma, vote_sigma, paid)
    return Evolved(schema, text, label, labels, biases, chosen, weights, head, attributes, facts, count, promised)


def opening_of(openings: dict[str, str], label: str) -> str:
    """The line that stands before a list of texts of a label."""
    return openings.get(label) or (f'Texts of the kind "{label}", one a line:' if label else "Texts, one a line:")


def prompts_of(
    opening: str, chosen: Sequence[str], weights: np.ndarray, examples: int, count: int, rng: np.random.Generator
) -> list[str]:
    """So many prompts: the opening, some chosen texts drawn by their votes, and the mark of a next line."""
    if not len(chosen):
        return [listed(opening, ())] * count
    shares, number = weights / weights.sum(), min(examples, len(chosen))
    drawn = [rng.choice(len(chosen), number, replace=False, p=shares) for _ in range(count)]
    return [listed(opening, [chosen[place] for place in each]) for each in drawn]


def lines_of(writer: Writer, prompts: list[str], settings: Any, seed: int, progress: Progress) -> list[str]:
    """What a model writes as the next line of each list; empty lines left out."""
    ends = _breaks(writer.tokenizer)
    sampling = Sampling(settings.temperature, settings.top_p, settings.longest, cut=True, ends=ends)
    written = writer.write(prompts, sampling, seed=seed, progress=progress)
    return [line for line in (" ".join(each.split()) for each in written) if line]


def _breaks(tokenizer: Any) -> tuple[str, ...]:
    """The token that is a line break, where there is one."""
    coded = tokenizer("\n", add_special_tokens=False)["input_ids"]
    return tuple(tokenizer.convert_ids_to_tokens(coded)) if len(coded) == 1 else ()


def _attributes(
    settings: Any, table: Table, text: str, label: str | None, budget: Budget | None, seed: int
) -> tuple[CodedModel | None, tuple[str, ...], _Parts]:
    """What draws the other columns, the labels there are, and what of the budget is left for what."""
    if budget is None:
        attributes = fitted_columns(Dataset.of(table), (text,), table.rows, seed=seed)
        labels = tuple(sorted(set(labels_of(table.rows, label))))
        return attributes, labels, _Parts()
    attributes, grant = attributed_privately(table, (text,), budget, settings.attributed, seed)
    levels = attributes.codes.columns.get(label) if attributes is not None and label is not None else None
    labels = tuple(str(value) for value in levels.values) if isinstance(levels, Levels) else ("",)
    rest = 1 - settings.attributed - settings.words - settings.votes
    if len(labels) == 1:
        words, votes = grant.rest.split(settings.words, settings.votes + rest)
        return attributes, labels, _Parts(words, votes, None, grant)
    words, votes, judge = grant.rest.split(settings.words, settings.votes, rest)
    return attributes, labels, _Parts(words, votes, judge, grant)


def _judge(
    settings: Any, vectors: np.ndarray, groups: np.ndarray, labels: tuple[str, ...], parts: _Parts
) -> tuple[Head | None, Spending | None]:
    """What gives written texts their labels, and what it has cost; None with one label."""
    if len(labels) == 1:
        return None, None
    if parts.judge is None or parts.grant is None:
        return fit_head(vectors, groups, len(labels), 10.0), None
    plan = descent(parts.judge, rate=settings.rate, steps=settings.steps, clip=1.0, rows=parts.grant.rows)
    head, curves = fit_head_private(vectors, groups, len(labels), plan, settings.private_rate)
    paid = spending(plan, parts.judge.delta, curves.steps)
    return head, replace(paid, what="the classifier that labels what is written")


def _tilted(
    settings: Any,
    base: Any,
    texts: list[str],
    groups: np.ndarray,
    labels: tuple[str, ...],
    budget: Budget | None,
    seed: int,
    progress: Progress,
) -> tuple[np.ndarray, list[str], float]:
    """A bias for each label, texts written under each (all together), and the noise of the counts behind them."""
    tokenizer, network, device = base
    size = network.get_output_embeddings().weight.shape[0]
    counts = token_counts(texts, groups, len(labels), tokenizer, size, settings.most)
    sigma = 0.0 if budget is None else gaussian_sigma(budget, sensitivity=math.sqrt(settings.most))
    if budget is not None:
        counts = noise().gaussian(counts.ravel(), sigma).reshape(counts.shape)
    biases, pool = np.zeros((len(labels), size), dtype=np.float16), []
    still = [*tokenizer.convert_tokens_to_ids(list(_breaks(tokenizer))), tokenizer.eos_token_id]
    prompts = [listed(opening_of(settings.openings, label), ()) for label in labels]
    with Writer(tokenizer, network, device) as writer:
        plain = [lines_of(writer, [each] * PLAIN, settings, seed, progress) for each in prompts]
    for number, prompt in enumerate(prompts):
        written = np.zeros(len(plain[number]), dtype=np.int64)
        usual = token_counts(plain[number], written, 1, tokenizer, size, settings.most)[0]
        bias = tilt(counts[number], sigma, usual, settings.strength)
        # Where a text ends is the model's own matter.
        bias[still] = 0.0
        biases[number] = bias
        with Writer(tokenizer, network, device, biases[number].astype(np.float32)) as writer:
            pool += lines_of(writer, [prompt] * settings.candidates, settings, seed + 1, progress)
    return biases, list(dict.fromkeys(pool)), sigma


def _chosen(
    pool: list[str],
    there: np.ndarray,
    groups: np.ndarray,
    labels: tuple[str, ...],
    head: Head | None,
    vectors: Any,
    budget: Budget | None,
) -> tuple[tuple[tuple[str, ...], ...], tuple[np.ndarray, ...], float]:
    """By label, the written texts that private ones voted for and their votes; and the noise of the votes."""
    known = vectors(pool)
    called = np.zeros(len(pool), dtype=np.int64) if head is None else head.probabilities(known).argmax(axis=1)
    votes = nearest_votes(there, groups, known, called)
    sigma = 0.0 if budget is None else gaussian_sigma(budget)
    if budget is not None:
        votes = noise().gaussian(votes, sigma)
    order = np.argsort(-votes, kind="stable")
    order = order[votes[order] > max(CHOSEN * sigma, 0.5)]
    mine = [order[called[order] == number][:MOST_CHOSEN] for number in range(len(labels))]
    weights = tuple(votes[each].astype(np.float64) for each in mine)
    return tuple(tuple(pool[place] for place in each) for each in mine), weights, sigma


def _guarantee(
    settings: Any, budget: Budget | None, parts: _Parts, sigma: float, vote_sigma: float, paid: Spending | None
) -> Guarantee | None:
    if budget is None or parts.grant is None or parts.words is None or parts.votes is None:
        return None
    gaussian = "discrete Gaussian noise (Canonne et al. 2020)"
    counts = Spending(
        "how often texts hold each token", gaussian, epsilon=parts.words.epsilon, delta=parts.words.delta,
        note=f"at most {settings.most} tokens of a text, standard deviation {sigma:.4g}",
    )  # fmt: skip
    votes = Spending(
        "votes of texts for written ones", gaussian, epsilon=parts.votes.epsilon, delta=parts.votes.delta,
        note=f"one vote of a text, standard deviation {vote_sigma:.4g}",
    )  # fmt: skip
    also = (paid,) if paid is not None else ()
    assumed = (*parts.grant.assumptions, *(ASSUMED if paid is not None else ()), PRETRAINED, OPENINGS)
    return guaranteed(budget, MECHANISM, (*parts.grant.spending, counts, votes, *also), assumed)
