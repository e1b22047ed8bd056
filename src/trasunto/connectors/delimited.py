"""Text with delimiters: encoding, delimiter and header found; every fault named by line."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter

import polars as pl

from trasunto.errors import EmptyDataError, FileError

DELIMITERS = (",", ";", "\t", "|")
# Characters beyond which the fast reader is tried first; what it stumbles over, the careful one names by line.
LARGE = 2_000_000
_WESTERN = frozenset("áéíóúüñÁÉÍÓÚÜÑàèìòùçâêîôûäëïöãõåøæœßÀÈÇÄÖÂÊÔÕÃÅØ¿¡ºª€£°«»–—’“”…·ý")
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decode(content: bytes, name: str) -> str:
    """Bytes of a text file as text: by byte-order mark, as UTF-8, else by the likeliest encoding."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return _no_nul(content.decode(encoding, errors="strict"), name)
    try:
        return _no_nul(content.decode("utf-8"), name)
    except UnicodeDecodeError as error:
        for encoding in _likely(content):
            try:
                return _no_nul(content.decode(encoding), name)
            except UnicodeDecodeError:
                continue
        line = content[: error.start].count(b"\n") + 1
        raise FileError(
            f"{name} is not text in any encoding we know; byte {error.start} on line {line} fails as UTF-8.",
            "Save it as UTF-8.",
        ) from error


def parse_delimited(text: str, name: str, delimiter: str | None = None, *, line: int = 2) -> pl.DataFrame:
    """Text with a header line as a frame of strings, empty fields as "". line: number of the first line of rows.

    Raises EmptyDataError without lines or rows, FileError naming the lines that have other numbers of fields.
    """
    if not text.strip():
        raise EmptyDataError(f"{name} is empty.", "Give a file with a header line and rows.")
    mark = delimiter or delimiter_of(text)
    if len(text) > LARGE and (frame := _fast(text, mark)) is not None:
        return frame
    rows = list(_reader(text, mark, name))
    header, body = rows[0], rows[1:]
    width = len(header)
    ragged = [(number, len(row)) for number, row in enumerate(body, start=line) if len(row) != width and row]
    if ragged:
        shown = ", ".join(f"line {number} has {fields}" for number, fields in ragged[:5])
        more = f" and {len(ragged) - 5} more" if len(ragged) > 5 else ""
        raise FileError(
            f"{name} has {width} columns in its header, but {shown}{more}.",
            "Mend those lines: often a delimiter inside a value needs quotes.",
        )
    body = [row for row in body if row] if width > 1 else [row or [""] for row in body]
    if not body:
        raise EmptyDataError(f"{name} has a header but no rows.", "Give at least one row.")
    columns = list(zip(*body, strict=True))
    names = distinct_names(header)
    return pl.DataFrame({n: pl.Series(n, list(c), dtype=pl.String) for n, c in zip(names, columns, strict=True)})


def _fast(text: str, mark: str) -> pl.DataFrame | None:
    """The same frame from the compiled reader, in a tenth of the time and memory; None when it is not sure."""
    try:
        header = next(csv.reader(io.StringIO(text[:1_000_000], newline=""), delimiter=mark))
        frame = pl.read_csv(
            text.encode("utf-8"),
            separator=mark,
            infer_schema=False,
            empty_string_is_null=False,
            has_header=False,
            new_columns=[f"{place}" for place in range(len(header))],
        )
    except (pl.exceptions.PolarsError, csv.Error, StopIteration):
        return None
    if frame.width != len(header) or frame.width < 2 or frame.height < 2:
        return None
    # A line that is too short is filled up with empty fields: where the last is empty, fields must be counted.
    if (frame[frame.columns[-1]] == "").any():
        lines = len(text.rstrip("\r\n").split("\n"))
        if '"' in text or text.count(mark) != lines * (frame.width - 1):
            return None
    frame = frame.slice(1)
    frame.columns = distinct_names(header)
    return frame


def distinct_names(header: list[str]) -> list[str]:
    """Header names, each once and none empty: `column_3` for an empty one, `age_2` for the second `age`."""
    taken = Counter(name.strip() for name in header)
    seen: Counter[str] = Counter()
    names: list[str] = []
    for position, raw in enumerate(header, start=1):
        name = raw.strip() or f"column_{position}"
        seen[name] += 1
        new = name if seen[name] == 1 else f"{name}_{seen[name]}"
        while new in names or (new != name and new in taken):
            new += "_"
        names.append(new)
    return names


def encoding_of(content: bytes) -> str:
    """The encoding of text that begins so: by byte-order mark, UTF-8 unless the bytes are none, else the likeliest."""
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            return encoding
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content)
        return "utf-8"
    except UnicodeDecodeError:
        return _likely(content)[0]


def _likely(content: bytes) -> list[str]:
    """Encodings to try, the likeliest first. Western text is told by its letters: statistics of few accented
    letters mistake it for old code pages."""
    try:
        special = [each for each in content[:200_000].decode("cp1252") if each > "\x7f"]
        if sum(each in _WESTERN for each in special) >= 0.9 * len(special):
            return ["cp1252"]
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    best = from_bytes(content[:200_000]).best()
    return [*([best.encoding] if best else []), "cp1252"]


def _reader(text: str, delimiter: str, name: str) -> list[list[str]]:
    csv.field_size_limit(2**31 - 1)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise FileError(f"{name} cannot be read as delimited text: {error}.", "Mend its quotes.") from error


def delimiter_of(text: str) -> str:
    """The delimiter that cuts the first lines into the most fields, the same number on each."""
    head = "\n".join(text.splitlines()[:60])
    best, fields = ",", 1
    for delimiter in DELIMITERS:
        widths = Counter(len(row) for row in csv.reader(io.StringIO(head), delimiter=delimiter) if row)
        width, lines = widths.most_common(1)[0]
        if width > fields and lines >= 0.8 * sum(widths.values()):
            best, fields = delimiter, width
    return best


def _no_nul(text: str, name: str) -> str:
    at = text.find("\0")
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        raise FileError(f"{name} has a NUL character on line {line}.", "Is it a text file? Remove it and try again.")
    return text
