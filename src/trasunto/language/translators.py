"""What says a text in another language, or in other words: an engine, a model trained here, a command, a function."""

from __future__ import annotations

import importlib
import json
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from trasunto.data.dialogues import Turn
from trasunto.errors import EngineError, ModelError, TrasuntoError
from trasunto.language.engines.address import engine_of
from trasunto.language.engines.asked import Engine, Request, Usage
from trasunto.language.engines.chat import tokens_of
from trasunto.language.engines.serving import Serving
from trasunto.progress import Progress, quiet

COMMAND, PYTHON = "command:", "python:"
LANGUAGES = {
    "en": "English", "es": "Spanish", "fr": "French", "de": "German", "it": "Italian", "pt": "Portuguese",
    "gl": "Galician", "ca": "Catalan", "eu": "Basque", "nl": "Dutch", "pl": "Polish", "zh": "Chinese", "ja": "Japanese",
    "ar": "Arabic", "ru": "Russian",
}  # fmt: skip
TRANSLATE = "Translate this text into {language}. Answer with the translation alone.\n\n{text}"
REWORD = "Say this text in other words: same meaning, language, tone and length. Answer with the text alone.\n\n{text}"


class Translator(Protocol):
    """name: for a report. local: whether texts surely stay on this machine."""

    @property
    def name(self) -> str: ...
    @property
    def local(self) -> bool: ...
    def translate(
        self, texts: Sequence[str], to: str, *, seed: int, progress: Progress = quiet
    ) -> tuple[list[str], Usage]:
        """Each text in the language `to` ("" in its own, in other words); "" for one that failed. EngineError when
        nothing can be translated."""
        ...


def translator_of(address: str, serving: Serving, temperature: float) -> Translator:
    """The translator at an address.

    address: one of an engine (see `engine_of`); a folder with a translation model trained here; "command:PROGRAM
    ARGUMENTS", which reads a text a line and writes one a line, "{language}" among its arguments being the code of the
    language; or "python:MODULE:FUNCTION", a function of (list of texts, code of the language) to a list of texts.
    temperature: of an engine and of a model. Raises EngineError, ModelError, UnknownNameError, MissingLibraryError.
    """
    text = address.strip()
    if text.startswith(COMMAND):
        parts = tuple(shlex.split(text.removeprefix(COMMAND)))
        if not parts:
            raise EngineError("The command that translates is empty.", 'Write "command:PROGRAM ARGUMENTS".')
        return Command(parts, serving.timeout)
    if text.startswith(PYTHON):
        return Function(text.removeprefix(PYTHON), _function(text))
    if (Path(text) / "model.json").is_file():
        return Trained(Path(text), temperature)
    return Prompted(engine_of(text, serving), temperature)


@dataclass(frozen=True)
class Prompted:
    """An engine that is told to translate; it samples, which makes better training data than its likeliest answer
    (Edunov et al. 2018, "Understanding back-translation at scale")."""

    engine: Engine
    temperature: float

    @property
    def name(self) -> str:
        return self.engine.name

    @property
    def local(self) -> bool:
        return self.engine.local

    def translate(
        self, texts: Sequence[str], to: str, *, seed: int, progress: Progress = quiet
    ) -> tuple[list[str], Usage]:
        words = TRANSLATE if to else REWORD
        requests = [
            Request(
                (Turn("user", words.format(language=LANGUAGES.get(to, to), text=text)),),
                None,
                self.temperature,
                0.97,
                max(24, 2 * tokens_of(len(text)) + 16),
            )
            for text in texts
        ]
        replies = self.engine.complete(requests, seed=seed, progress=progress)
        said = [_unquoted(reply.text) if reply.finished else "" for reply in replies]
        return said, Usage.of(replies, self.engine.prices)


@dataclass(frozen=True)
class Trained:
    """A translation model that was trained here; it knows one direction."""

    folder: Path
    temperature: float
    local: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        try:
            document = json.loads((self.folder / "model.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"The model in {self.folder} cannot be read: {error}.", "Train it again.") from error
        task = document.get("language_model") if isinstance(document, dict) else None
        if task != "translation":
            raise ModelError(
                f"{self.folder} holds a model for {task or 'something else'}, not for translation.",
                "Train one: trasunto train PAIRS --task translation -o MODEL.",
            )

    @property
    def name(self) -> str:
        return str(self.folder)

    def translate(
        self, texts: Sequence[str], to: str, *, seed: int, progress: Progress = quiet
    ) -> tuple[list[str], Usage]:
        from trasunto.language.tasks.responder import load_responder

        model = load_responder(self.folder)
        found = model.answer(list(texts), seed=seed, temperature=self.temperature, progress=progress)
        return found, Usage(len(texts), failed=sum(not each for each in found))


@dataclass(frozen=True)
class Command:
    """A program that reads a text a line and writes one a line. Where it sends them nobody here knows."""

    parts: tuple[str, ...]
    timeout: float
    local: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        return f"the command {self.parts[0]}"

    def translate(
        self, texts: Sequence[str], to: str, *, seed: int, progress: Progress = quiet
    ) -> tuple[list[str], Usage]:
        lines = [" ".join(text.split()) for text in texts]
        arguments = [part.replace("{language}", to) for part in self.parts]
        progress("translate", 0, len(texts))
        try:
            done = subprocess.run(
                arguments, input="\n".join(lines) + "\n", capture_output=True, encoding="utf-8",
                timeout=self.timeout * max(1, len(texts)), check=False,
            )  # fmt: skip
        except (OSError, UnicodeDecodeError, subprocess.TimeoutExpired) as error:
            raise EngineError(f"{self.name} cannot be run: {error}.", "Try it by itself first.") from error
        found = done.stdout.splitlines()
        if done.returncode or len(found) != len(lines):
            said = done.stderr.strip().splitlines()[-1:] or [""]
            raise EngineError(
                f"{self.name} ended with {done.returncode} and wrote {len(found)} lines for {len(lines)} texts. "
                f"{said[0]}",
                "It must write one line for each line it reads.",
            )
        progress("translate", len(texts), len(texts))
        return [each.strip() for each in found], Usage(len(texts), failed=sum(not each.strip() for each in found))


@dataclass(frozen=True)
class Function:
    """A Python function. Where it sends texts nobody here knows."""

    place: str
    call: Any
    local: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        return f"the function {self.place}"

    def translate(
        self, texts: Sequence[str], to: str, *, seed: int, progress: Progress = quiet
    ) -> tuple[list[str], Usage]:
        progress("translate", 0, len(texts))
        try:
            found = self.call(list(texts), to)
        except TrasuntoError:
            raise
        except Exception as error:
            raise EngineError(f"{self.name} failed: {type(error).__name__}: {error}", "Mend the function.") from error
        if not isinstance(found, list) or len(found) != len(texts) or not all(isinstance(each, str) for each in found):
            raise EngineError(f"{self.name} gave no list of {len(texts)} texts.", "It must give a text for each text.")
        progress("translate", len(texts), len(texts))
        return [each.strip() for each in found], Usage(len(texts), failed=sum(not each.strip() for each in found))


def _function(address: str) -> Any:
    module, _, name = address.removeprefix(PYTHON).partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise EngineError(f"{address!r} is no function: {error}.", 'Write "python:MODULE:FUNCTION".') from error
    if not callable(found):
        raise EngineError(
            f"{address!r} is a {type(found).__name__}, not a function.", 'Write "python:MODULE:FUNCTION".'
        )
    return found


def _unquoted(text: str) -> str:
    bare = text.strip()
    return bare[1:-1].strip() if len(bare) > 2 and (bare[0], bare[-1]) in (('"', '"'), ("“", "”"), ("«", "»")) else bare
