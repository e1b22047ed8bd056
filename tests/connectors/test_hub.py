"""Data sets of `datasets` in memory and on disk, both ways."""

import pytest

import trasunto as tr
from trasunto.connectors.chat import exchanges
from trasunto.data.dialogues import Turn, messages
from trasunto.errors import FileError

datasets = pytest.importorskip("datasets")
CHAT = (Turn("user", "Hi"), Turn("assistant", "Hello"))


def held():
    features = datasets.Features(
        {"text": datasets.Value("string"), "label": datasets.ClassLabel(names=["bad", "good"])}
    )
    return datasets.Dataset.from_dict({"text": ["a b", "c d", "e f", "g h"], "label": [0, 1, -1, 1]}, features=features)


def test_classes_come_by_their_names_and_rows_as_they_are_shown():
    dataset = tr.read(held().select([3, 2, 0]))
    assert dataset.rows["label"].to_list() == ["good", None, "bad"]
    assert dataset.rows["text"].to_list() == ["g h", "e f", "a b"]


def test_splits_are_tables():
    both = datasets.DatasetDict({"train": held(), "test": held().select([1, 0])})
    dataset = tr.read(both)
    assert {name: len(table) for name, table in dataset.tables.items()} == {"train": 4, "test": 2}


def test_folders_both_ways(tmp_path):
    held().save_to_disk(str(tmp_path / "one"))
    dataset = tr.read(tmp_path / "one")
    assert dataset.name == "one" and len(dataset) == 4
    talk = tr.read({"messages": [messages(CHAT)] * 2, "topic": ["a", "b"]})
    talk.write(f"hub:{tmp_path / 'talk'}")
    back = datasets.load_from_disk(str(tmp_path / "talk"))
    assert back[0]["messages"] == [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    again = tr.read(f"hub:{tmp_path / 'talk'}", rows=1)
    assert exchanges(again.only) == [CHAT] and len(again) == 1
    datasets.DatasetDict({"train": held(), "test": held()}).save_to_disk(str(tmp_path / "two"))
    assert set(tr.read(tmp_path / "two").tables) == {"train", "test"}


def test_datasets_leave_in_memory():
    talk = tr.read({"messages": [messages(CHAT)] * 2, "topic": ["a", "b"]})
    assert talk.to_datasets()[1]["messages"][1]["content"] == "Hello"
    assert datasets.are_progress_bars_disabled() is False


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(FileError, match="no saved data set"):
        tr.read(f"hub:{tmp_path}")
