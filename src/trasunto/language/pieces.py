"""Texts longer than what a model learns at a time: in pieces that overlap.

The first piece follows the prompt. Each later one follows the prompt, a mark that says whether the text ends in it, and
the last tokens before it. A text that is written begins like any other; one that has not ended within the window is
long, and gets as many further pieces as a long text that was learnt, drawn by chance; the last is told that it is.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trasunto.language.generate import Sampling, Writer, Written, kept_text
from trasunto.progress import Progress, quiet

# What stands before a piece in which a text goes on, and before one in which it ends.
ON, LAST = "\n[...]\n", "\n[... end]\n"
_BEGUN = re.compile(r"\s*\[\.{1,3}( e?n?d?)?\]?\s*$")
# The share of a window that repeats what stands before.
OVERLAP = 0.25
# A window below this many tokens is all needed for what is new.
LEAST = 16
# Characters of a token, at most: of a long text only the end is coded again.
NEAR = 16


@dataclass(frozen=True)
class Pieces:
    """How texts are cut into pieces. window: tokens of a piece, with its mark and what it repeats. further: how many
    long texts had so many pieces after the first, by that number as a string, for JSON."""

    window: int
    further: dict[str, int]

    def cut(self, tokenizer: Any, prompt: list[int], text: list[int], ends: bool) -> list[tuple[list[int], list[int]]]:
        """(what is given, what is learnt) for each piece. text: with its end mark, where it ends."""
        made = [(prompt, text[: self.window])]
        marks = {last: _coded(tokenizer, LAST if last else ON) for last in (False, True)}
        new = self.new(tokenizer)
        for start in range(self.window, len(text), new):
            last = ends and start + new >= len(text)
            made.append(([*prompt, *marks[last], *text[start - self.overlap : start]], text[start : start + new]))
        return made

    @property
    def overlap(self) -> int:
        """Tokens that a piece repeats."""
        return int(self.window * OVERLAP)

    def new(self, tokenizer: Any) -> int:
        """Tokens that a piece after the first adds."""
        return max(1, self.window - self.overlap - len(_coded(tokenizer, LAST)))

    def fits(self, tokenizer: Any) -> bool:
        """Whether the window is wide enough for a mark, what is repeated, and as much again."""
        return self.window >= max(LEAST, 2 * (self.overlap + len(_coded(tokenizer, LAST))))

    def write(
        self,
        writer: Writer,
        prompts: Sequence[str],
        settings: Sampling,
        *,
        seed: int,
        progress: Progress = quiet,
        stop: Callable[[], bool],
    ) -> list[str]:
        """As `Writer.write`; texts that do not end within the window are gone on with. settings.longest: tokens of the
        whole text."""
        tokenizer = writer.tokenizer
        first = replace(settings, longest=min(self.window, settings.longest))
        found = [_unmarked(each) for each in writer.complete(prompts, first, seed=seed, stop=stop)]
        rng = np.random.default_rng([seed, 1])
        counts = sorted((int(number), times) for number, times in self.further.items())
        chances = np.array([times for _, times in counts], dtype=float)
        left = rng.choice([number for number, _ in counts], len(prompts), p=chances / chances.sum()).tolist()
        done = [each.ended or not each.tokens or each.tokens >= settings.longest for each in found]
        number = 0
        while not all(done) and not stop():
            progress("write texts", sum(done), len(done))
            number += 1
            open_places = [place for place, each in enumerate(done) if not each]
            asked = []
            for place in open_places:
                found[place] = replace(found[place], text=_whole_words(found[place].text))
                near = found[place].text[-NEAR * self.overlap :]
                tail = tokenizer.decode(_coded(tokenizer, near)[-self.overlap :]).lstrip("\ufffd")
                asked.append(f"{prompts[place]}{LAST if left[place] == number else ON}{tail}")
            room = replace(settings, longest=self.new(tokenizer))
            wrote = writer.complete(asked, room, seed=seed + 7919 * number, stop=stop)
            for place, more in zip(open_places, map(_unmarked, wrote), strict=True):
                if more.tokens:
                    found[place] = _joined(tokenizer, found[place], more)
                    over = found[place].tokens >= settings.longest
                    done[place] = more.ended or left[place] == number or over
        progress("write texts", sum(done), len(done))
        # After a stop what is not whole was never written.
        return [kept_text(each, settings).strip() if done[place] else "" for place, each in enumerate(found)]


def pieces_of(tokenizer: Any, window: int, longest: int, sizes: Sequence[int]) -> Pieces | None:
    """The pieces of texts of so many tokens, cut at `longest` tokens; None where each fits into one."""
    found = Pieces(window, {})
    if max(sizes) <= window or longest <= window or not found.fits(tokenizer):
        return None
    new = found.new(tokenizer)
    further = Counter(-(-(min(size, longest) - window) // new) for size in sizes if size > window)
    return replace(found, further={str(number): times for number, times in sorted(further.items())})


def _joined(tokenizer: Any, before: Written, more: Written) -> Written:
    """A text and its next piece; a space between them, where the tokenizer takes those before a word away."""
    bare = not tokenizer.decode(_coded(tokenizer, "a b")[-1:]).startswith(" ")
    gap = " " if bare and more.text[:1].isalnum() and before.text[-1:].strip() else ""
    return Written(f"{before.text}{gap}{more.text}", more.ended, before.tokens_in, before.tokens + more.tokens)


def _unmarked(written: Written) -> Written:
    """Without the marks, which a model that learnt for few steps now and then writes itself: at the last one the text
    ends, and what it began to write of one at its end is no text."""
    text, last, _ = written.text.partition(LAST.strip())
    text = _BEGUN.sub("", text.replace(ON, "\n"))
    return replace(written, text=text, ended=written.ended or bool(last))


def _whole_words(text: str) -> str:
    """The text without its last word, which may be half of one; all of it in a script without spaces."""
    head, _, word = text.rpartition(" ")
    return head if head and len(word) < 40 else text


def _coded(tokenizer: Any, text: str) -> list[int]:
    found: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return found
