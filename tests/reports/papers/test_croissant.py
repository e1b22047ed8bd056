"""The card for machines, read by MLCommons' own reader."""

import json
import warnings

import pytest

from trasunto.errors import StoreError
from trasunto.reports.papers.answers import Answers, read_answers
from trasunto.reports.papers.croissant import croissant
from trasunto.reports.papers.recorded import recorded
from trasunto.reports.papers.write import papers
from trasunto.reports.papers.writer import Writer


def read(path):
    """(issues, the dataset) as mlcroissant sees it; its own libraries warn of themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlcroissant

        dataset = mlcroissant.Dataset(path)
        return dataset.metadata.ctx.issues, list(dataset.records("ward"))


def test_the_reader_of_mlcommons_finds_no_error_and_reads_every_row(full, tmp_path):
    done = papers(full, names=("data-card",), formats=("md",), folder=tmp_path / "papers")
    issues, records = read(done.folder / "croissant.json")
    assert issues.errors == set()
    assert len(records) == 3
    assert records[0]["ward/age"] == 40 and records[0]["ward/blood%20pressure"] == 12.5
    assert records[0]["ward/diagnosis"] == b"well" and records[0]["ward/agreed"] is True


def test_answers_of_people_fill_what_the_reader_would_miss(full, tmp_path):
    answers = tmp_path / "answers.yaml"
    answers.write_text(
        "answers: {creator: Hospital, licence: CC-BY-4.0, url: 'https://example.org/w', published: 2026-11-27,"
        " social_impact: {en: good, es: bueno}}"
    )
    w = Writer(recorded(full), "es", read_answers(answers))
    document = croissant(w, full / "papers")
    assert document["license"] == "CC-BY-4.0" and document["creator"]["name"] == "Hospital"
    assert document["datePublished"] == "2026-11-27"
    assert document["rai:dataSocialImpact"] == "bueno"
    (tmp_path / "croissant.json").write_text(json.dumps(croissant(w, tmp_path)))
    issues, _ = read(tmp_path / "croissant.json")
    assert issues.errors == set()
    assert [each for each in issues.warnings if "citeAs" not in each] == []


def test_what_nobody_has_answered_is_left_out(full):
    document = croissant(Writer(recorded(full), "en", Answers()), full / "papers")
    for key in ("license", "creator", "url", "datePublished", "rai:dataSocialImpact", "rai:dataReleaseMaintenancePlan"):
        assert key not in document


def test_fields_and_hashes_are_those_of_the_synthetic_data(full):
    run = recorded(full)
    document = croissant(Writer(run, "en", Answers()), full / "papers")
    hashes = {each["name"]: each["sha256"] for each in document["distribution"]}
    artifacts = run.manifest["artifacts"]
    assert hashes == {name: artifacts[f"synthetic/{name}"] for name in ("ward.csv", "ward.parquet")}
    types = {field["name"]: field["dataType"] for field in document["recordSet"][0]["field"]}
    assert types == {
        "age": "cr:Int64", "city": "sc:Text", "blood pressure": "cr:Float64", "agreed": "sc:Boolean",
        "seen": "sc:DateTime", "diagnosis": "sc:Text",
    }  # fmt: skip
    assert "marginals" in document["rai:dataCollection"] and "299" in document["rai:dataCollection"]
    assert "0.043" in document["rai:personalSensitiveInformation"][0]
    assert "0.021" in document["rai:dataBiases"][0]


def test_a_run_without_attacks_says_so_to_machines_too(bare):
    document = croissant(Writer(recorded(bare), "en", Answers()), bare / "papers")
    told = document["rai:personalSensitiveInformation"][0]
    assert told.count("not measured in this run") == 4 and "none: nothing is guaranteed" in told


def test_a_run_whose_rows_are_gone_is_refused(maker, tmp_path):
    run = maker(tmp_path / "run")
    for path in (run / "synthetic").glob("ward.*"):
        path.unlink()
    with pytest.raises(StoreError, match="synthetic rows"):
        papers(run, names=("data-card",), formats=("md",))
