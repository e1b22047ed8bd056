"""What only people can answer: a YAML file of answers, kept from one writing of the papers to the next."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from trasunto.errors import FileError, RecipeError, near
from trasunto.reports.papers.words.asked import ASKED
from trasunto.writing import write_text

LANGUAGES = ("en", "es")


@dataclass(frozen=True)
class Answers:
    """Answers by key, each in one wording for all languages or one for each.

    run: the run they were given for, "" when the file does not say. name, digest: of the file; "" for no file.
    """

    given: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    run: str = ""
    name: str = ""
    digest: str = ""

    def of(self, key: str, language: str) -> str:
        """The answer in a language; "" while it is open. An answer in one language alone does for both."""
        found = self.given.get(key, {})
        return found.get(language) or next((text for text in found.values() if text), "")


def read_answers(path: str | Path) -> Answers:
    """The answers in a file. FileError when it cannot be read, RecipeError for a key that no paper asks for."""
    source = Path(path)
    try:
        text = source.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"The answers {source} cannot be read: {error}.", "Write a template first.") from error
    except yaml.YAMLError as error:
        raise RecipeError(f"The answers {source} are not valid YAML: {error}", "Mend the line it names.") from error
    if not isinstance(document, dict) or not isinstance(document.get("answers"), dict | None):
        raise RecipeError(f"{source} has no mapping `answers`.", "Write a template with --answers-template.")
    given = {str(key): _wordings(str(key), value) for key, value in (document.get("answers") or {}).items()}
    for key in given:
        if key not in ASKED:
            raise RecipeError(f"No paper asks for {key!r} ({source}).", near(key, ASKED))
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return Answers(given, str(document.get("run") or ""), source.name, digest)


def write_template(path: str | Path, asked: Mapping[str, tuple[str, ...]], run: str, old: Answers) -> None:
    """Write a file to fill in. asked: the papers that ask for each key. Answers of `old` are kept."""
    lines = [
        "# What only people can answer for the papers of a run. Nothing here is filled by a machine.",
        "# Lo que solo las personas pueden responder en los documentos de una ejecución. Nada de esto lo rellena una",
        "# máquina. Write text, or one wording for each language: key: {en: text, es: texto}.",
        f"run: {_quoted(old.run or run)}",
        "answers:",
    ]
    for key, papers in asked.items():
        who, what, hint = ASKED[key]
        lines += [
            "",
            f"  # {what[0]}. {hint[0]} ({who}; {', '.join(papers)})",
            f"  # {what[1]}. {hint[1]}",
            f"  {key}: {_value(old.given.get(key, {}))}",
        ]
    for key in sorted(set(old.given) - set(asked)):
        lines += ["", f"  {key}: {_value(old.given[key])}"]
    write_text(path, "\n".join(lines) + "\n")


def _wordings(key: str, value: Any) -> dict[str, str]:
    if isinstance(value, dict):
        for language in value:
            if language not in LANGUAGES:
                raise RecipeError(f"The answer {key!r} has a wording in {language!r}.", near(str(language), LANGUAGES))
        return {language: _plain(text) for language, text in value.items()}
    return dict.fromkeys(LANGUAGES, _plain(value))


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return "; ".join(_plain(each) for each in value)
    if isinstance(value, bool):
        return "yes / sí" if value else "no"
    return " ".join(str(value).split())


def _value(given: Mapping[str, str]) -> str:
    texts = set(given.values())
    if len(texts) <= 1:
        return _quoted(next(iter(texts), ""))
    return "{" + ", ".join(f"{language}: {_quoted(text)}" for language, text in given.items()) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
