"""The files of packaged data as frames, one reader each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl

from trasunto.connectors.delimited import decode, parse_delimited
from trasunto.connectors.files import content_of
from trasunto.connectors.records import records_in

# Share of a tweet's words that are in a Spanish vocabulary: below it many are of another language.
SPANISH = 0.7
_MEASURED = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave_points",
    "symmetry", "fractal_dimension",
)  # fmt: skip
_TUMOUR = [f"{how}_{what}" for how in ("mean", "error", "worst") for what in _MEASURED]


def frame_of(name: str, path: Path) -> pl.DataFrame:
    """Packaged data as a frame of its columns."""
    return READERS.get(name, _delimited)(path)


def _delimited(path: Path) -> pl.DataFrame:
    return parse_delimited(decode(content_of(path), path.name), path.name)


def _sms(path: Path) -> pl.DataFrame:
    """Tab-separated, no header, and quotes are part of the messages."""
    text = decode(content_of(path), path.name)
    lines = [line.partition("\t") for line in text.splitlines() if "\t" in line]
    return pl.DataFrame({"label": [label for label, _, _ in lines], "text": [body for _, _, body in lines]})


def _tumours(path: Path) -> pl.DataFrame:
    """The first line holds counts and class names in place of a header; the last column is 0 or 1."""
    measured = decode(content_of(path), path.name).splitlines()[1:]
    frame = parse_delimited("\n".join([",".join([*_TUMOUR, "target"]), *measured]), path.name)
    return frame.with_columns(pl.col("target").replace_strict({"0": "malignant", "1": "benign"}))


def _chatbot(folder: Path) -> pl.DataFrame:
    """Questions with their answers; the file is the topic. In `conversations` each line answers the one before, in
    the others every later line answers the first."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    rows: list[tuple[str, str, str]] = []
    for path in sorted(folder.glob("*.yml")):
        topic = path.stem.lower()
        document = yaml.load(decode(content_of(path), path.name), Loader=loader)
        for said in document["conversations"]:
            lines = [" ".join(str(line).split()) for line in said]
            firsts = lines[:-1] if topic == "conversations" else [lines[0]] * (len(lines) - 1)
            rows += [(one, other, topic) for one, other in zip(firsts, lines[1:], strict=True) if one and other]
    names = ("question", "answer", "topic")
    return pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row").unique(maintain_order=True)


def _translation(folder: Path) -> pl.DataFrame:
    """Names of emoji in both languages, those of skin tones and flags left out, each pair once."""
    english = json.loads(content_of(folder / "emoji.json"))
    spanish = json.loads(content_of(folder / "emoji_es.json"))
    pairs: list[tuple[str, str]] = []
    for sign, known in english.items():
        tones = any("\U0001f3fb" <= mark <= "\U0001f3ff" or "\U0001f1e6" <= mark <= "\U0001f1ff" for mark in sign)
        if not tones and sign in spanish:
            pairs.append((_spelt(known["en"]), _spelt(spanish[sign])))
    return pl.DataFrame(pairs, schema={"en": pl.String, "es": pl.String}, orient="row").unique(maintain_order=True)


def _spelt(name: str) -> str:
    return " ".join(name.strip(":").replace("_", " ").split())


def _sentiment(path: Path) -> pl.DataFrame:
    """Texts whose raters all agreed, without those with damaged characters, each once."""
    frame = _delimited(path).filter(
        pl.col("confidence").cast(pl.Float64, strict=False) == 1, ~pl.col("text").str.contains("\ufffd")
    )
    return frame.select(pl.col("sentiment").alias("label"), "text").unique("text", keep="first", maintain_order=True)


def _sentiment_es(path: Path) -> pl.DataFrame:
    """Tweets marked positive or negative whose words are mostly Spanish, each once."""
    records = records_in(decode(content_of(path), path.name), path.name)
    named = {"P": "positivo", "N": "negativo"}
    rows = [
        (named[each["klass"]], str(each["text"]))
        for each in records
        if each["klass"] in named and each["q_voc_ratio"] >= SPANISH
    ]
    frame = pl.DataFrame(rows, schema={"label": pl.String, "text": pl.String}, orient="row")
    return frame.unique("text", keep="first", maintain_order=True)


def shop(path: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Customers, and their purchases in order of time: two frames tied by `customer`."""
    lines = [line.split() for line in decode(content_of(path), path.name).splitlines()[1:] if line.strip()]
    names = ("customer", "date", "cds", "amount")
    bought = pl.DataFrame(lines, schema=dict.fromkeys(names, pl.String), orient="row").with_columns(
        pl.col("customer").cast(pl.Int64),
        pl.col("date").str.to_date("%Y%m%d").cast(pl.String),
    )
    bought = bought.sort("customer", "date", maintain_order=True)
    return bought.select("customer").unique(maintain_order=True), bought


READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    "sms": _sms,
    "breast_cancer": _tumours,
    "chatbot": _chatbot,
    "chatbot_es": _chatbot,
    "translation": _translation,
    "sentiment": _sentiment,
    "sentiment_es": _sentiment_es,
}
