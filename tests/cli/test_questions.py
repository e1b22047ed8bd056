"""Questions out of documents, and a look at prompts, from the command line."""

import json

import polars as pl

from trasunto.cli.main import DONE, MENDABLE, code_of


def test_questions_are_written_and_counted(tmp_path, capsys):
    source, out = tmp_path / "docs.csv", tmp_path / "pairs.jsonl"
    text = "Tea is a drink of leaves in hot water. It came from China to Lisbon in 1610."
    pl.DataFrame({"text": [text, "Madrid es la capital de España y está en el centro."]}).write_csv(source)
    assert code_of(["questions", str(source), "-o", str(out), "--json", "-q", "--set", "several=2"]) == DONE
    told = json.loads(capsys.readouterr().out)
    pairs = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert told["kept"] == len(pairs) >= 2 and told["engine"] == ""
    assert {"question": "What is Tea?", "answer": "Tea is a drink of leaves in hot water."}.items() <= pairs[0].items()
    assert code_of(["questions", str(source), "-o", str(out), "--set", "sevral=2"]) == MENDABLE
    assert "several" in capsys.readouterr().err


def test_a_run_is_previewed_by_its_prompts_and_what_they_cost(server, tmp_path, capsys):
    source, recipe = tmp_path / "texts.csv", tmp_path / "recipe.yaml"
    rows = [(f"text {n} about {'cats' if n % 2 else 'dogs'} and more", "cat" if n % 2 else "dog") for n in range(40)]
    pl.DataFrame(rows, schema=["text", "label"], orient="row").write_csv(source)
    recipe.write_text(
        f"""data: {{source: {source}, text: text, label: label}}
synthesizer:
  name: lm-prompt
  rows: 100
  settings:
    engine: {server.address}
    model: tiny
    agree: false
    style: list
    serving: {{cache: {tmp_path / "r.sqlite"}, price_in: 1.0, price_out: 2.0}}
""",
        encoding="utf-8",
    )
    assert code_of(["run", str(recipe), "--preview", "-q"]) == DONE
    said = capsys.readouterr().out
    assert "── prompt 2" in said and 'of the kind "' in said and "answer " in said
    assert "prompts at least: about" in said and "cost about" in said and len(server.asked) == 2


def test_a_prompted_model_is_fitted_looked_at_and_sampled(server, tmp_path, capsys):
    source = tmp_path / "texts.csv"
    rows = [(f"text {n} about {'cats' if n % 2 else 'dogs'} and more", "cat" if n % 2 else "dog") for n in range(40)]
    pl.DataFrame(rows, schema=["text", "label"], orient="row").write_csv(source)
    model, made = str(tmp_path / "model"), tmp_path / "made.csv"
    settings = [
        f"engine={server.address}",
        "model=tiny",
        "agree=false",
        "style=list",
        f"serving.cache={tmp_path / 'r.sqlite'}",
    ]
    given = [part for each in settings for part in ("--set", each)]
    assert code_of(["fit", str(source), "-o", model, "--synthesizer", "lm-prompt", "-q", *given]) == DONE
    assert code_of(["sample", model, "-n", "12", "--preview", "-q"]) == DONE
    assert len(server.asked) == 2 and "── prompt 2" in capsys.readouterr().out
    assert code_of(["sample", model, "-n", "12", "-o", str(made), "-q"]) == DONE
    said = capsys.readouterr().out
    assert "Wrote 12 rows" in said and "texts were written; thrown away:" in said and "tokens in" in said
    assert pl.read_csv(made).height == 12
    assert code_of(["sample", model, "-n", "12", "-q"]) == MENDABLE
