"""Examples as tokens, the tokens that count, and a tokenizer of one's own."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trasunto import registry
from trasunto.errors import FitError
from trasunto.language.decoder.settings import Example

END, PAD = "<|end|>", "<|pad|>"
# Of a tokenizer that brings none: a line a turn.
PLAIN = (
    "{% for message in messages %}{{ message['role'] + ': ' + message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}{{ '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant:' }}{% endif %}"
)


@dataclass(frozen=True)
class Coded:
    """An example as numbers. tokens: (n,) int64. counted: (n,) bool, whether a token is to be foretold; the first one
    never is. cut: whether something was left out to keep to the longest."""

    tokens: np.ndarray
    counted: np.ndarray
    cut: bool

    def __len__(self) -> int:
        return len(self.tokens)


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """A byte-level BPE tokenizer (Sennrich et al. 2016; Radford et al. 2019), as a transformers tokenizer: any text can
    be written in it. vocabulary: the largest number of tokens; 256 bytes and two marks are always there."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
        from transformers import PreTrainedTokenizerFast
    except ImportError as error:
        raise registry.missing(error, "a tokenizer") from error
    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token=END,
        eos_token=END,
        pad_token=PAD,
        clean_up_tokenization_spaces=False,
        chat_template=PLAIN,
    )


def beginning(tokenizer: Any) -> int | None:
    """The token that this model sets before every text; None when it sets none."""
    first = tokenizer.bos_token_id
    return first if first is not None and tokenizer("a")["input_ids"][:1] == [first] else None


def written(tokenizer: Any, turns: Sequence[tuple[str, str]], *, asked: bool) -> str:
    """A dialogue in the tokenizer's chat template. asked: as far as where the assistant is to go on."""
    messages = [{"role": role, "content": content} for role, content in turns]
    template = tokenizer.chat_template or PLAIN
    return tokenizer.apply_chat_template(messages, chat_template=template, tokenize=False, add_generation_prompt=asked)


def segments_of(tokenizer: Any, example: Example) -> tuple[tuple[str, bool], ...]:
    """The segments of an example; those of a dialogue by the chat template, in which the assistant's turns count.

    Raises FitError for a template that writes turns otherwise once more of them follow.
    """
    if not example.turns:
        return example.segments
    segments, before = [], ""
    for place, (role, _) in enumerate(example.turns):
        if role != "assistant":
            continue
        asked = written(tokenizer, example.turns[:place], asked=True) if place else ""
        said = written(tokenizer, example.turns[: place + 1], asked=False)
        if not (asked.startswith(before) and said.startswith(asked)):
            raise FitError(
                "The chat template of this model does not write a dialogue turn by turn.",
                "Give prompts and texts, or a base with another template.",
            )
        # What a template puts behind the end mark is nothing to learn.
        mark = said.rfind(tokenizer.eos_token, len(asked))
        end = mark + len(tokenizer.eos_token) if mark >= 0 else len(said)
        segments += [(asked[len(before) :], False), (said[len(asked) : end], True)]
        before = said[:end]
    return tuple(segments)


def code(tokenizer: Any, examples: Sequence[Example], longest: int) -> list[Coded]:
    """Every example as tokens, of at most `longest`: a prompt loses its beginning down to a quarter of that, then the
    text loses its end. Segments are cut into tokens by themselves, so that a prompt reads at writing as it did here."""
    segments = [segments_of(tokenizer, each) for each in examples]
    flat = [text for each in segments for text, _ in each]
    found = iter(tokenizer(flat, add_special_tokens=False)["input_ids"] if flat else [])
    first = beginning(tokenizer)
    return [_coded(tokenizer, [(next(found), counts) for _, counts in each], longest, first) for each in segments]


def _coded(tokenizer: Any, parts: list[tuple[list[int], bool]], longest: int, first: int | None) -> Coded:
    parts = [(tokens, counts) for tokens, counts in parts if tokens]
    end = tokenizer.eos_token_id
    if parts and parts[-1][1] and parts[-1][0][-1] != end:
        parts[-1] = ([*parts[-1][0], end], True)
    if first is not None and not (parts and parts[0][0][0] == first):
        parts.insert(0, ([first], False))
    elif not parts or parts[0][1]:
        # As at writing: what follows nothing follows the mark of an end.
        parts.insert(0, ([end], False))
    size = sum(len(tokens) for tokens, _ in parts)
    cut = size > longest
    if cut:
        asked = parts[0][0]
        kept = max(longest - (size - len(asked)), min(len(asked), longest // 4), 1)
        parts[0] = (asked[-kept:], False)
    tokens = np.array([token for part, _ in parts for token in part], dtype=np.int64)
    counted = np.array([counts for part, counts in parts for _ in part], dtype=bool)
    return Coded(tokens[:longest], counted[:longest], cut)
