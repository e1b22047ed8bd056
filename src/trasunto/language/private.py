"""Language models under differential privacy: what a budget grants, gradients of single texts, a private head.

The unit is a text (one row), or all texts of a person. Adapters are trained by DP-SGD on gradients of single texts,
which Opacus (Yousefpour et al. 2021) takes while they pass back through the adapter's layers. What the base has seen
before is not covered: a text that stands in it is no secret (Tramèr et al. 2022, "Considerations for differentially
private learning with large-scale public pretraining").
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Schema, TableSchema
from trasunto.encoders.lines import CUTS, Lines
from trasunto.errors import BudgetError
from trasunto.language.head import Head
from trasunto.networks.course import Curves, Loop
from trasunto.networks.private import ASSUMED, Descent, Taps, spending, train_private
from trasunto.privacy.budget import Budget, Guarantee, Spending, guaranteed, small_enough
from trasunto.privacy.domain import bought, declared_domain, of_persons, public_schema
from trasunto.privacy.mechanisms import noise
from trasunto.progress import Progress, quiet

MECHANISM = "DP-SGD: clipped gradients of single texts of Poisson samples, under Gaussian noise"
PRETRAINED = (
    "The base model was trained before, on other texts: what it has seen of these texts there is not covered by the "
    "claim."
)
# Texts whose gradients are held at a time.
HELD = 16


@dataclass(frozen=True)
class Granted:
    """What a budget grants to a training on texts.

    asked: the budget as it was given. rest: what is left of it for one text as unit. rows: a public or bought count of
    texts. labels: those that a label may have, in order; None when none was asked for. spending, assumptions: of that.
    """

    asked: Budget
    rest: Budget
    rows: int
    labels: tuple[Any, ...] | None
    spending: tuple[Spending, ...]
    assumptions: tuple[str, ...]

    def guarantee(self, plan: Descent, steps: int, *also: Spending) -> Guarantee:
        """What is promised after so many steps; fewer than planned cost less."""
        paid = replace(spending(plan, self.rest.delta, steps), what="the weights that learn")
        assert paid.epsilon is not None
        left = max(self.rest.epsilon - paid.epsilon, 0.0) * self.asked.contributions if steps < plan.steps else 0.0
        return guaranteed(
            replace(self.asked, epsilon=self.asked.epsilon - left),
            MECHANISM,
            (*self.spending, *also, paid),
            (*self.assumptions, *ASSUMED, PRETRAINED),
        )


def granted(real: Dataset, budget: Budget, label: str | None) -> tuple[Dataset, Granted]:
    """At most `contributions` rows of each person, and what the budget grants to a training on them.

    label: the column whose values must be public or bought; None for none. Raises BudgetError when they are not, or
    when the number of rows is not, and `domain_share` buys nothing.
    """
    source = noise()
    table = of_persons(real.only, budget, source)
    table = Table(public_schema(table.schema), table.rows)
    public = [f"What the label {label!r} may be is taken as public."] if label is not None else []
    column = table.schema[label] if label is not None else None
    domain = declared_domain(column) if column is not None else None
    lacking = column is not None and domain is None
    spent: tuple[Spending, ...] = ()
    rest, count = budget, budget.rows
    if lacking or count is None:
        if not budget.domain_share:
            what = [f"the values of the label {label!r}"] * lacking + ["the number of rows"] * (count is None)
            moves = [f"declare the categories of {label!r} in a schema file"] * lacking
            moves += ["give the number of rows (`rows`) where it is public"] * (count is None)
            told = " and ".join(moves)
            raise BudgetError(
                f"Not declared, so that reading it from the rows would itself give rows away: {', '.join(what)}.",
                f"{told[0].upper()}{told[1:]}, or set domain_share, as 0.1, to buy what lacks with a part of the "
                "budget.",
            )
        share, rest = budget.split(budget.domain_share, 1 - budget.domain_share)
        unknown = [column] if column is not None and lacking else []
        found, number, spent = bought(unknown, table.rows, share.one_row(), source, count=count is None)
        if label is not None and lacking:
            domain, public = found[label], []
        count = count or number
    assert count is not None
    small_enough(budget.delta, count)
    if budget.rows is not None:
        public.append(f"The number of rows, {budget.rows:,}, is taken as public.")
    public.append("How long the training took is not hidden, and scores against real texts are outside the claim.")
    bounded = Dataset(Schema({real.name: table.schema}), {real.name: table})
    labels = None if domain is None else domain.values
    return bounded, Granted(budget, rest.one_row(), count, labels, spent, (*public, *source.assumptions))


def public_lines(schema: TableSchema, label: str) -> Lines:
    """How rows become texts, each by itself, by what is public of the columns: a number is called low or high by where
    it stands between declared bounds, and without them by no word."""
    columns = tuple(each for each in schema.columns if each.name != label and each.kind != "id")
    cuts: dict[str, tuple[float, ...]] = {}
    for each in columns:
        if each.declared and each.bounds is not None and each.kind in ("integer", "number"):
            low, high = map(float, each.bounds)
            cuts[each.name] = tuple(low + share * (high - low) for share in CUTS)
    return Lines(schema, tuple(each.name for each in columns), cuts, {})


@contextmanager
def single_gradients(network: Any) -> Iterator[None]:
    """Inside, a backward pass leaves the gradient of each example as `grad_sample` of the weights that learn."""
    try:
        from opacus.grad_sample import GradSampleModule
    except ImportError as error:
        raise registry.missing(error, "training a language model under a budget") from error
    with warnings.catch_warnings():
        # Opacus hooks into modules whose inputs ask for no gradient; torch tells so at each pass.
        warnings.simplefilter("ignore")
        wrapped = GradSampleModule(network, loss_reduction="sum", strict=True)
        try:
            yield
        finally:
            wrapped.to_standard_module()


def clipped_sums(
    weights: Mapping[str, Any], loss_of: Callable[[np.ndarray], Any], batch: np.ndarray, plan: Descent
) -> dict[str, Any]:
    """By name, the sum of the clipped gradients of these examples, a few at a time.

    loss_of: example numbers → the sum of their losses, inside `single_gradients`.
    """
    import torch

    made: dict[str, Any] = {}
    for first in range(0, len(batch), HELD):
        loss_of(batch[first : first + HELD]).backward()
        found = {name: each.grad_sample.float() for name, each in weights.items()}
        squares = torch.stack([each.flatten(1).square().sum(1) for each in found.values()]).sum(0)
        factors = plan.factors(squares)
        for name, each in found.items():
            # What is not finite has no place in a sum.
            each = torch.where((factors > 0).view(-1, *[1] * (each.dim() - 1)), each, torch.zeros_like(each))
            part = torch.tensordot(factors, each, dims=1)
            made[name] = made[name] + part if name in made else part
            weights[name].grad_sample = weights[name].grad = None
    return made


def descend(
    network: Any,
    loss_of: Callable[[np.ndarray], Any],
    lengths: np.ndarray,
    plan: Descent,
    loop: Loop,
    *,
    seed: int,
    progress: Progress = quiet,
) -> Curves:
    """Train what asks for gradients in `network`, in place, by DP-SGD on gradients of single texts.

    loss_of: example numbers → the sum of their losses; a text must not meet another one but in that sum. lengths: (n,)
    of the examples: those of like length go through together, and the sum does not hang on that.
    """
    weights = {name: each for name, each in network.named_parameters() if each.requires_grad}

    def sums(batch: np.ndarray) -> dict[str, Any]:
        _still(network)
        return clipped_sums(weights, loss_of, batch[np.argsort(lengths[batch], kind="stable")], plan)

    with single_gradients(network):
        return train_private(network, sums, len(lengths), plan, loop, seed=seed, progress=progress)


def _still(network: Any) -> None:
    """Draw nothing in a pass (dropout): with a known seed, a text more would change what is drawn for those behind it.

    Opacus looks at modules in training only: those whose own weights learn stay so.
    """
    network.eval()
    for each in network.modules():
        if any(weight.requires_grad for weight in each.parameters(recurse=False)):
            each.training = True


def fit_head_private(
    vectors: np.ndarray, truth: np.ndarray, labels: int, plan: Descent, learning_rate: float, progress: Progress = quiet
) -> tuple[Head, Any]:
    """A logistic regression on (n, width) vectors by DP-SGD: the head, and how its training went.

    truth: (n,) label numbers, -1 for a label that is none of them: such a text teaches nothing.
    """
    import torch

    inputs, answers = torch.from_numpy(vectors.astype(np.float32)), torch.from_numpy(truth)
    zeros = torch.zeros(vectors.shape[1], labels), torch.zeros(labels)
    net = torch.nn.ParameterDict(dict(zip(("weight", "bias"), map(torch.nn.Parameter, zeros), strict=True)))

    def sums(batch: np.ndarray) -> dict[str, Any]:
        taps, rows = Taps(dict(net.items())), torch.from_numpy(batch)
        logits = taps.linear(inputs[rows], "weight", "bias")
        loss = torch.nn.functional.cross_entropy(logits, answers[rows], ignore_index=-1, reduction="sum")
        return taps.sums(loss, plan)

    loop = Loop(learning_rate=learning_rate, average=0.95, threads=1)
    curves = train_private(net, sums, len(vectors), plan, loop, seed=0, progress=progress)
    weight, bias = (each.detach().double().numpy() for each in (net["weight"], net["bias"]))
    return Head(np.ascontiguousarray(weight.T), bias), curves
