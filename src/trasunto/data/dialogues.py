"""Dialogues: turns of speakers, held as JSON in one cell, shown as a transcript, or kept as a row a turn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from trasunto.data.dataset import Table
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.errors import DataError, near

# Names under which the roles of a chat are known, in English and Spanish and in the files of ShareGPT.
ROLE_NAMES = {
    "system": "system", "developer": "developer", "tool": "tool", "function": "function", "user": "user",
    "assistant": "assistant", "human": "user", "prompter": "user", "gpt": "assistant", "chatgpt": "assistant",
    "bot": "assistant", "model": "assistant", "ai": "assistant", "chatbot": "assistant", "sistema": "system",
    "usuario": "user", "usuaria": "user", "humano": "user", "asistente": "assistant",
}  # fmt: skip
_STANDARD = re.compile(rf"({'|'.join(ROLE_NAMES)}):(?: |$)", re.I)
_NAME = re.compile(r"([^\W\d_][\w.'-]*(?: [\w.'-]+){0,2}):(?: |$)")
_BRACKETS = re.compile(r"\[([^\[\]\n]{1,60})\]:(?: |$)")
_CHATML = re.compile(r"<\|im_start\|>([^\n]*)\n(.*?)(?:<\|im_end\|>|\Z)", re.S)
_MARKS = re.compile(r"<\|(im_(?:start|end))\|>")
_FORMS = 'Write it as a JSON list of {"role": ..., "content": ...}, or as lines "user: ..." and "assistant: ...".'


@dataclass(frozen=True)
class Turn:
    """What one speaker says at a time.

    role: "system", "user", "assistant", or the name of a speaker: one line of 1 to 60 characters, no brackets.
    Raises DataError for another role.
    """

    role: str
    content: str

    def __post_init__(self) -> None:
        if not 1 <= len(self.role) <= 60 or self.role != self.role.strip() or re.search(r"[\[\]\r\n]", self.role):
            raise DataError(
                f"A turn has the role {self.role[:70]!r}; a role is one line of 1 to 60 characters without brackets.",
                "Mend the role.",
            )


def turns_of(text: str) -> tuple[Turn, ...]:
    """The turns of a dialogue, from any form it is written in.

    text: a JSON list of {"role", "content"} (OpenAI) or {"from", "value"} (ShareGPT), or an object that holds one
    under "messages" or "conversations"; ChatML (<|im_start|>user ... <|im_end|>); or a transcript, a turn a line
    "user: ...", lines without a speaker going on with the turn. Where the first speaker of a transcript is a role
    of a chat, only such roles (and names in brackets, "[Ana]: ...") begin a turn; else any name of up to three
    words does. Known names become the standard ones (human → user). Content loses white space at its ends.
    Raises DataError when it is none of these.
    """
    bare = text.strip()
    if bare[:1] in ("[", "{"):
        try:
            document = json.loads(bare)
        except ValueError:
            document = None
        if document is not None:
            return turns_from(document)
    if "<|im_start|>" in bare:
        found = [(role.strip(), content) for role, content in _CHATML.findall(bare)]
        return tuple(Turn(_role(role), _marks_back(content).strip()) for role, content in found if role)
    return _from_transcript(bare)


def turns_from(document: Any) -> tuple[Turn, ...]:
    """The turns of parsed JSON: a list of messages, or an object that holds one. DataError when it is neither."""
    if isinstance(document, dict):
        held = next((document[key] for key in ("messages", "conversations", "conversation") if key in document), None)
        document = [document] if held is None else held
    if not isinstance(document, list) or not document:
        raise DataError(f"This is no dialogue: {_shown(document)}.", _FORMS)
    return tuple(_turn(each, place) for place, each in enumerate(document, start=1))


def is_dialogue(text: str | None) -> bool:
    """Whether a cell holds a dialogue without doubt: JSON messages, ChatML, or a transcript of two turns or more
    that a role of a chat begins."""
    bare = (text or "").lstrip()
    transcribed = bool(_STANDARD.match(bare))
    if not transcribed and not bare.startswith(("[", '{"messages"', '{"conversations"', "<|im_start|>")):
        return False
    try:
        return len(turns_of(bare)) > transcribed
    except DataError:
        return False


def is_plain(text: str) -> bool:
    """Whether a cell holds a dialogue whose messages are a role and a text each, and nothing more."""
    if not is_dialogue(text):
        return False
    bare = text.lstrip()
    if not bare.startswith("["):
        return not bare.startswith("{")
    keys = {"role", "content", "from", "value"}
    return all(set(message) <= keys and isinstance(message.get("content", ""), str) for message in json.loads(bare))


def as_messages(text: str) -> str:
    """A cell of a dialogue as `messages` writes it; as it is when a message holds more than a role and a text."""
    return messages(turns_of(text)) if is_plain(text) else text


def messages(turns: Iterable[Turn]) -> str:
    """JSON of a list of {"role", "content"}: how a dialogue is held in one cell of a text column."""
    return json.dumps([{"role": turn.role, "content": turn.content} for turn in turns], ensure_ascii=False)


def transcript(turns: Sequence[Turn]) -> str:
    """ "user: ...\\nassistant: ...": how a dialogue is shown to a person or a language model.

    `turns_of` reads it back, white space at the ends of a content aside: a line of a content that looks like the
    beginning of a turn is written with one more blank before it, a speaker that would not be told in brackets.
    """
    if not turns:
        return ""
    chat = _is_standard(turns[0].role)
    lines: list[str] = []
    for turn in turns:
        plain = _is_standard(turn.role) if chat else len(turns) > 1 and _is_plain(turn.role)
        first, *rest = turn.content.replace("\r\n", "\n").strip().split("\n")
        lines.append(f"{turn.role if plain else f'[{turn.role}]'}:{' ' if first else ''}{first}")
        lines.extend(f" {line}" if _started(line.lstrip(" "), chat) else line for line in rest)
    return "\n".join(lines)


def chatml(turns: Iterable[Turn]) -> str:
    """<|im_start|>role, a line break, the content, <|im_end|>: the marks of many chat models.

    A content that holds the marks itself has them written with blanks ("<| im_end |>").
    """
    held = ((turn.role, _MARKS.sub(r"<| \1 |>", turn.content)) for turn in turns)
    return "\n".join(f"<|im_start|>{role}\n{content}<|im_end|>" for role, content in held)


def messages_column(name: str, *, nullable: bool = False) -> Column:
    """The column that holds a dialogue a cell, as JSON messages."""
    why = "Every value is a dialogue: a JSON list of messages with a role and a content."
    return Column(name, "text", nullable, format=Format(messages=True), reason=why)


def rolled(
    table: Table,
    *,
    dialogue: str = "dialogue",
    order: str | None = "turn",
    role: str = "role",
    content: str = "content",
    name: str = "messages",
) -> Table:
    """A row a turn becomes a row a dialogue, in the order in which dialogues begin.

    dialogue: column that says which rows belong together. order: column that sorts the turns of a dialogue; None
    keeps the order of the rows. role, content: columns of speaker and text. Columns whose value is the same in all
    rows of each dialogue are kept, the others left out; `name` is that of the new column of messages.
    Raises SchemaError for a column that is not there, DataError for a missing dialogue or role.
    """
    used = [dialogue, role, content, *([order] if order else [])]
    for column in used:
        _ = table.schema[column]
    for column in (dialogue, role):
        gaps = table.rows[column].null_count()
        if gaps:
            raise DataError(f"Column {column!r} is missing in {gaps} rows; every turn needs one.", "Fill the gaps.")
    rows = table.rows.with_row_index("\0place")
    ordered = rows.sort([order, "\0place"]) if order else rows
    others = [each for each in table.schema.names if each not in used]
    groups = ordered.group_by(dialogue, maintain_order=True)
    counted = groups.agg(pl.col("\0place").min(), pl.col(role, content), *(pl.col(o).n_unique() for o in others))
    kept = [each for each in others if (counted[each] == 1).all()]
    firsts = groups.agg(pl.col(kept).first()).drop(dialogue) if kept else pl.DataFrame()
    whole = pl.concat([counted.select("\0place", dialogue, role, content), firsts], how="horizontal").sort("\0place")
    cells = [
        messages(Turn(_role(str(who)), what or "") for who, what in zip(speakers, said, strict=True))
        for speakers, said in zip(whole[role].to_list(), whole[content].to_list(), strict=True)
    ]
    columns = [*(each for each in table.schema.columns if each.name in (dialogue, *kept)), messages_column(name)]
    frame = whole.with_columns(pl.Series(name, cells, dtype=pl.String)).select(column.name for column in columns)
    return Table(TableSchema(tuple(columns), primary_key=(dialogue,)), frame)


def unrolled(table: Table, column: str = "messages") -> Table:
    """A row a dialogue becomes a row a turn: the other columns, `dialogue` (unless the table has a key of one
    column), `turn` (from 1), `role` and `content`.

    column: the dialogues, in any form `turns_of` reads. Rows without one are left out.
    Raises SchemaError for a column that is not there, DataError naming the first row that holds no dialogue.
    """
    if column not in table.schema:
        _ = table.schema[column]
    key = table.schema.primary_key[0] if len(table.schema.primary_key) == 1 else ""
    taken = {each for each in table.schema.names if each != column}
    clash = taken & {"turn", "role", "content", *(() if key else ("dialogue",))}
    if clash:
        raise DataError(f"The table has a column {sorted(clash)[0]!r} already.", "Rename it first.")
    places: list[int] = []
    spoken: list[tuple[int, str, str]] = []
    for place, cell in enumerate(table.rows[column].to_list()):
        if cell is None or not cell.strip():
            continue
        try:
            turns = turns_of(cell)
        except DataError as error:
            raise DataError(f"Row {place + 1}, column {column!r}: {error.problem}", error.next_move) from error
        places.extend([place] * len(turns))
        spoken.extend((number, turn.role, turn.content) for number, turn in enumerate(turns, start=1))
    rows = table.rows.drop(column)[places] if taken else pl.DataFrame()
    said = pl.DataFrame(spoken, schema={"turn": pl.Int64, "role": pl.String, "content": pl.String}, orient="row")
    columns = [each for each in table.schema.columns if each.name != column]
    if not key:
        said = said.with_columns(pl.Series("dialogue", [place + 1 for place in places], dtype=pl.Int64))
        columns = [Column("dialogue", "integer", False), *columns]
    columns += [
        Column("turn", "integer", False), Column("role", "category", False), Column("content", "text", False),
    ]  # fmt: skip
    whole = pl.concat([rows, said], how="horizontal") if taken else said
    schema = TableSchema(tuple(columns), sequence=(key or "dialogue", "turn"))
    return Table(schema, whole.select(schema.names))


def _turn(message: Any, place: int) -> Turn:
    if isinstance(message, dict):
        for who, what in (("role", "content"), ("from", "value")):
            if who in message and what in message:
                return Turn(_role(str(message[who])), _content(message[what]))
        if "role" in message:  # a message of tool calls alone
            return Turn(_role(str(message["role"])), "")
        asked = 'a message has "role" and "content", or "from" and "value"; ' + near("role", map(str, message))
        raise DataError(f"Message {place} has the keys {sorted(map(str, message))}: {asked}", _FORMS)
    raise DataError(f"Message {place} is no object: {_shown(message)}.", _FORMS)


def _content(value: Any) -> str:
    """Text of a message; of one in parts (OpenAI), its text parts."""
    if isinstance(value, list):
        parts = [each.get("text") if isinstance(each, dict) else each for each in value]
        return "\n".join(str(part) for part in parts if part is not None)
    if isinstance(value, dict):
        return str(value["text"]) if "text" in value else json.dumps(value, ensure_ascii=False)
    return "" if value is None else str(value)


def _from_transcript(text: str) -> tuple[Turn, ...]:
    lines = text.replace("\r\n", "\n").split("\n")
    chat = bool(_STANDARD.match(lines[0]))
    held: list[tuple[str, list[str]]] = []
    for line in lines:
        start = _started(line, chat)
        if start:
            held.append((start[0], [start[1]]))
        elif held:
            # One blank was put before a line that looks like the beginning of a turn.
            held[-1][1].append(line[1:] if line[:1] == " " and _started(line.lstrip(" "), chat) else line)
        else:
            break
    # "Note: bring an umbrella" is no dialogue: one turn counts when a role of a chat or brackets say so.
    if not held or (len(held) == 1 and not chat and not _BRACKETS.match(lines[0])):
        raise DataError(f"This is no dialogue: {_shown(text)}.", _FORMS)
    return tuple(Turn(_role(role), "\n".join(said).strip()) for role, said in held)


def _started(line: str, chat: bool) -> tuple[str, str] | None:
    """The speaker and the rest of a line that begins a turn."""
    found = _BRACKETS.match(line) or (_STANDARD if chat else _NAME).match(line)
    if not found or not found.group(1).strip():
        return None
    return found.group(1).strip(), line[found.end() :]


def _is_standard(role: str) -> bool:
    return role.casefold() in ROLE_NAMES


def _is_plain(role: str) -> bool:
    found = _NAME.match(f"{role}: ")
    return found is not None and found.group(1) == role


def _role(name: str) -> str:
    bare = name.strip()
    return ROLE_NAMES.get(bare.casefold(), bare)


def _marks_back(content: str) -> str:
    return re.sub(r"<\| (im_(?:start|end)) \|>", r"<|\1|>", content)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
