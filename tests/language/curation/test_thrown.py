"""Texts that fall go into a file, and out of memory."""

import json

import pytest

from trasunto.errors import FileError
from trasunto.language.curation.sifting import Sifting
from trasunto.language.curation.thrown import throw, thrown_to
from trasunto.synthesizers.sieved import nothing


def test_what_falls_is_in_the_file_of_the_block_and_nowhere_else(tmp_path):
    sifting = Sifting(nothing())
    path = tmp_path / "fell.jsonl"
    path.write_text("of another time", encoding="utf-8")
    with thrown_to(path):
        assert not path.exists()
        for number in range(3):
            assert sifting.sift(["", f"one of {number}"], ["bad", "good"]) == [1]
            throw(sifting)
            assert sifting.fallen == [] and sifting.doubtful == []
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(each["index"], each["reason"], each["label"]) for each in found] == [
        (n, "empty", "bad") for n in (0, 2, 4)
    ]
    assert path.stat().st_mode & 0o77 == 0 and sifting.rejected == {"empty": 3}
    sifting.sift([""], ["bad"])
    throw(sifting)
    assert sifting.fallen == [] and len(path.read_text(encoding="utf-8").splitlines()) == 3


def test_a_place_that_cannot_be_written_is_told_before_anything_is(tmp_path):
    with pytest.raises(FileError, match="cannot be written"), thrown_to(tmp_path / "none" / "fell.jsonl"):
        raise AssertionError
