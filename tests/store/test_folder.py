"""A run's folder: finished steps are known by content, and one process holds it at a time."""

import json
import subprocess
import sys
import time

import pytest

from trasunto.errors import StoreError
from trasunto.store.folder import RunFolder, read_manifest


def test_a_finished_step_is_known_by_the_digest_of_its_files(tmp_path):
    folder = RunFolder.open(tmp_path / "run", "title: a\n", resume=False)
    (folder.path / "out").mkdir()
    (folder.path / "out" / "a.txt").write_text("one")
    folder.finish("make", time.monotonic(), {"rows": 1}, ["out"])
    assert folder.done("make").facts == {"rows": 1}
    assert list(folder.done("make").files) == ["out/a.txt"]

    (folder.path / "out" / "a.txt").write_text("two")
    assert folder.done("make") is None
    (folder.path / "out" / "a.txt").unlink()
    assert folder.done("make") is None
    folder.close()


def test_a_step_without_a_record_or_with_half_a_record_is_not_done(tmp_path):
    folder = RunFolder.open(tmp_path / "run", "title: a\n", resume=False)
    assert folder.done("make") is None
    (folder.path / "steps").mkdir()
    (folder.path / "steps" / "make.json").write_text('{"seconds": 1, "fac')
    assert folder.done("make") is None
    folder.close()


def test_a_folder_that_holds_a_run_is_not_overwritten(tmp_path):
    RunFolder.open(tmp_path / "run", "title: a\n", resume=False).close()
    with pytest.raises(StoreError, match="holds a run already"):
        RunFolder.open(tmp_path / "run", "title: a\n", resume=False)
    with pytest.raises(StoreError, match="another recipe"):
        RunFolder.open(tmp_path / "run", "title: b\n", resume=True)
    RunFolder.open(tmp_path / "run", "title: a\n", resume=True).close()


def test_a_folder_with_other_files_and_a_file_are_refused(tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for place in ("full", "file"):
        with pytest.raises(StoreError, match="holds no run"):
            RunFolder.open(tmp_path / place, "title: a\n", resume=False)


def test_two_processes_cannot_hold_one_folder(tmp_path):
    held = RunFolder.open(tmp_path / "run", "title: a\n", resume=False)
    code = (
        "import sys\nfrom trasunto.store.folder import RunFolder\n"
        "try:\n    RunFolder.open(sys.argv[1], 'title: a\\n', resume=True)\n"
        "except Exception as error:\n    print(error)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, held.path], capture_output=True, text=True, check=True).stdout
    assert "Another process" in said
    held.close()
    said = subprocess.run([sys.executable, "-c", code, held.path], capture_output=True, text=True, check=True).stdout
    assert said == ""


def test_the_log_is_json_lines_and_the_manifest_must_be_there(tmp_path):
    folder = RunFolder.open(tmp_path / "run", "title: a\n", resume=False)
    folder.log("begun", {"step": "fit"})
    folder.log("finished", {"step": "fit", "seconds": 1.5})
    events = [json.loads(line) for line in (folder.path / "log.jsonl").read_text().splitlines()]
    assert [event["event"] for event in events] == ["begun", "finished"]
    folder.close()
    with pytest.raises(StoreError, match="No finished run"):
        read_manifest(folder.path)
