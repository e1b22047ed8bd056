"""A trained language model used from the command line: chat, classify, translate, score."""

import io
import json

import polars as pl
import pytest

from trasunto.cli.main import code_of

ROWS = [
    (f"when does the {thing} open {n}", f"The {thing} opens at eight.", "hours") for n, thing in enumerate(["pool", "gym", "bar", "spa"] * 4)
] + [(f"where is the {thing} {n}", f"The {thing} is on the left.", "place") for n, thing in enumerate(["pool", "gym", "bar", "spa"] * 4)]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory, encoder):
    """A bot, a classifier and a translator, trained by the command itself."""
    place = tmp_path_factory.mktemp("lm")
    pl.DataFrame(ROWS, schema=["question", "answer", "intent"], orient="row").write_csv(place / "help.csv")
    pairs = [("Go on now.", "¡Sigue!"), ("It is a cat.", "Es un gato."), ("We are tired.", "Estamos cansados.")]
    pl.DataFrame(pairs, schema=["en", "es"], orient="row").write_csv(place / "pairs.csv")
    roles = ["--role", "question=prompt", "--role", "answer=response"]
    base = f"encoder={encoder}"
    assert (
        code_of(
            [
                "train",
                str(place / "help.csv"),
                "--task",
                "chat",
                *roles,
                "--label",
                "intent",
                "--set",
                "method=memory",
                "--set",
                base,
                "-o",
                str(place / "bot"),
                "-q",
            ]
        )
        == 0
    )
    assert (
        code_of(
            [
                "train",
                str(place / "help.csv"),
                "--text",
                "question",
                "--label",
                "intent",
                "--base",
                str(encoder),
                "-o",
                str(place / "filter"),
                "-q",
            ]
        )
        == 0
    )
    assert (
        code_of(
            [
                "train",
                str(place / "pairs.csv"),
                "--task",
                "translation",
                "--set",
                "method=memory",
                "-o",
                str(place / "translator"),
                "-q",
            ]
        )
        == 0
    )
    return place


def piped(monkeypatch, text):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def test_lines_are_answered_one_by_one(folder, monkeypatch, capsys):
    piped(monkeypatch, "when does the bar open\n\nwhere is the gym\n")
    assert code_of(["chat", str(folder / "bot"), "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["reply"] for each in found] == ["The bar opens at eight.", "The gym is on the left."]
    assert [each["intent"] for each in found] == ["hours", "place"]


def test_a_person_talks_forgets_and_leaves(folder, monkeypatch, capsys):
    said = iter(["where is the spa", "/history", "/clear", "/history", "/help", "/quit", "never read"])
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr("builtins.input", lambda prompt: next(said))
    assert code_of(["chat", str(folder / "bot"), "--system", "Be kind."]) == 0
    out = capsys.readouterr()
    assert "The spa is on the left." in out.out and "user: where is the spa" in out.out
    assert out.out.count("system: Be kind.") == 2 and out.out.count("user:") == 1 and "/clear" in out.err
    assert next(said) == "never read"


def test_texts_are_labelled_from_arguments_files_and_tables(folder, tmp_path, monkeypatch, capsys):
    assert code_of(["classify", str(folder / "filter"), "when does it open", "where is it"]) == 0
    assert [line.split("\t")[0] for line in capsys.readouterr().out.splitlines()] == ["hours", "place"]
    (tmp_path / "texts.txt").write_text("when does the pool open\n\nwhere is the bar\n")
    assert code_of(["classify", str(folder / "filter"), "--file", str(tmp_path / "texts.txt"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [each["label"] for each in found] == ["hours", "place"] and found[0]["text"] == "when does the pool open"
    assert sum(found[0]["probabilities"].values()) == pytest.approx(1.0)
    target = tmp_path / "labelled.csv"
    assert code_of(["classify", str(folder / "filter"), "--file", str(folder / "help.csv"), "-o", str(target)]) == 0
    rows = pl.read_csv(target)
    assert (rows["intent"] == rows["intent_predicted"]).mean() > 0.9


@pytest.mark.parametrize("said", ["", "\n  \n"])
def test_nothing_to_read_is_said(folder, tmp_path, monkeypatch, capsys, said):
    monkeypatch.setattr("sys.stdin", io.StringIO(said))
    assert code_of(["classify", str(folder / "filter")]) == 2
    assert "nothing to read on standard input" in capsys.readouterr().err
    (tmp_path / "none.txt").write_text(said)
    assert code_of(["translate", str(folder / "translator"), "--file", str(tmp_path / "none.txt")]) == 2
    told = capsys.readouterr()
    assert "none.txt" in told.err and not told.out


def test_rows_are_labelled_as_text(tmp_path, encoder, capsys):
    rows = pl.DataFrame({"age": [20, 30, 70, 80] * 10, "sex": ["f", "m"] * 20, "ill": ["no", "no", "yes", "yes"] * 10})
    rows.write_csv(tmp_path / "people.csv")
    assert (
        code_of(
            [
                "train",
                str(tmp_path / "people.csv"),
                "--task",
                "rows",
                "--label",
                "ill",
                "--base",
                str(encoder),
                "-o",
                str(tmp_path / "lm"),
                "-q",
            ]
        )
        == 0
    )
    rows.drop("ill").write_csv(tmp_path / "new.csv")
    assert (
        code_of(
            ["classify", str(tmp_path / "lm"), "--file", str(tmp_path / "new.csv"), "-o", str(tmp_path / "out.csv")]
        )
        == 0
    )
    assert set(pl.read_csv(tmp_path / "out.csv")["ill"]) <= {"no", "yes"}


def test_sentences_are_translated(folder, monkeypatch, capsys):
    assert code_of(["translate", str(folder / "translator"), "Go on!", "It is my cat"]) == 0
    assert capsys.readouterr().out.splitlines() == ["¡Sigue!", "Es un gato."]
    piped(monkeypatch, "We are so tired\n")
    assert code_of(["translate", str(folder / "translator"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [{"text": "We are so tired", "translation": "Estamos cansados."}]


def test_a_model_that_writes_is_scored(folder, capsys):
    assert code_of(["score", str(folder / "translator"), str(folder / "pairs.csv"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["scores"]["chrf"] == pytest.approx(100) and found["tested_on"] == 3
    assert code_of(["score", str(folder / "translator"), str(folder / "pairs.csv")]) == 0
    assert "chrf" in capsys.readouterr().out


@pytest.mark.parametrize(
    "asked, holds, move",
    [
        (["translate", "bot", "x"], "a model for chat", "trasunto chat"),
        (["classify", "translator", "x"], "a model for translation", "trasunto translate"),
        (["chat", "filter"], "a model for classification", "trasunto classify"),
        (["chat", "help.csv"], "help.csv", "Train"),
        (["classify", "nothing", "x"], "no model.json", "trasunto train"),
    ],
)
def test_what_the_folder_holds_instead_is_said(folder, asked, holds, move, capsys):
    command, place, *rest = asked
    assert code_of([command, str(folder / place), *rest]) == 2
    told = capsys.readouterr().err
    assert holds in told and move in told


def test_what_is_asked_wrongly_is_told(folder, capsys):
    lm = str(folder / "filter")
    for wrong in (
        ["classify", lm, "a", "--file", "x.csv"],
        ["classify", lm, "a", "-o", "x.csv"],
        ["classify", lm, "--file", "not-there.txt"],
        ["train", str(folder / "pairs.csv"), "--role", "en", "-o", "x"],
        ["train", str(folder / "pairs.csv"), "--task", "translation", "--epsilon", "1", "-o", "x"],
    ):
        assert code_of(wrong) == 2, wrong
        assert capsys.readouterr().err


def test_a_folder_is_used_from_python(folder):
    import trasunto as tr

    found = tr.use(folder / "filter")
    assert found("when does it open")["label"] == "hours" and len(found(["a", "b"])) == 2 and found([]) == []
    bot = tr.use(folder / "bot")
    assert (
        bot("where is the bar")
        == bot.reply([{"role": "user", "content": "where is the bar"}])
        == "The bar is on the left."
    )
    assert tr.use(folder / "translator")(["Go on!"]) == ["¡Sigue!"]
    with pytest.raises(tr.TrasuntoError, match="does not reply"):
        found.reply([("user", "hi")])


def test_a_decoder_writes_its_reply_piece_by_piece(decoder):
    from trasunto.data.dialogues import Turn
    from trasunto.language.tasks.exchanges import Dialogues
    from trasunto.language.tasks.responder import AnswerSettings, train_responder
    from trasunto.language.tasks.stream import streamed

    turns = (Turn("user", "the room"), Turn("assistant", "the staff was lovely"))
    settings = AnswerSettings(method="full", base=str(decoder), encoder="", epochs=30, learning_rate=3e-3, answer=12)
    model = train_responder(Dialogues((turns,) * 4), task="chat", settings=settings)
    pieces = list(streamed(model, turns[:1]))
    assert len(pieces) > 1 and "".join(pieces).strip() == "the staff was lovely"
    drawn = ["".join(streamed(model, turns[:1], seed=seed, temperature=5.0)) for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
