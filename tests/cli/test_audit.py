import json

import numpy as np
import polars as pl
import pytest

from trasunto.cli.main import GATE, MENDABLE, code_of


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    for seed, name in enumerate(("train", "syn", "test")):
        rng = np.random.default_rng(seed)
        frame = pl.DataFrame(
            {
                "age": rng.integers(18, 80, 300),
                "height": rng.normal(170, 10, 300).round(2),
                "ill": rng.choice(list("abcd"), 300),
            }
        )
        frame.write_csv(folder / f"{name}.csv")
    return folder


def arguments(files, synthetic="syn", *more):
    return [
        "audit", "--real", str(files / "train.csv"), "--synthetic", str(files / f"{synthetic}.csv"), "-q", *more,
    ]  # fmt: skip


def test_two_files_are_enough(files, capsys):
    assert code_of(arguments(files)) == 0
    told = capsys.readouterr().out
    assert "No unseen real rows were given" in told
    assert "pick out one person?" in told


def test_a_level_stops_a_copy_and_a_page_is_written(files, capsys):
    page = files / "audit.html"
    holdout = ("--holdout", str(files / "test.csv"), "--key", "age,height", "--secret", "ill")
    code = code_of(arguments(files, "train", *holdout, "--level", "controlled", "-o", str(page), "--language", "es"))
    assert code == GATE
    told = capsys.readouterr().out
    assert "El archivo sintético es el archivo real" in told
    assert "Umbral NO cumplido" in told
    assert "Qué podría averiguar un atacante" in page.read_text(encoding="utf-8")


def test_json_for_programs(files, capsys):
    assert code_of(arguments(files, "syn", "--secret", "ill", "--json")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["risks"]["level"] == "internal"
    assert {score["metric"] for score in found["scores"]} > {"privacy.singling_out", "privacy.inference_success"}


@pytest.mark.parametrize(
    ("more", "why"), [(("--secret", "il"), "No secret column"), (("--key", "agee"), "No key column")]
)
def test_a_column_that_is_not_there(files, capsys, more, why):
    assert code_of(arguments(files, "syn", *more)) == MENDABLE
    assert why in capsys.readouterr().err
