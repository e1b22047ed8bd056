"""Data sets of `datasets` in memory and on disk, both ways."""

import json

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
    (tmp_path / "dataset_info.json").write_text("{")
    with pytest.raises(FileError, match="no saved data set"):
        tr.read(f"hub:{tmp_path}")


@pytest.mark.parametrize("form", ["parquet", "jsonl"])
def test_folders_in_the_layout_of_the_hub(tmp_path, form):
    both = tr.read(datasets.DatasetDict({"train": held(), "test": held().select([1, 0])}))
    both.write(f"hub:{tmp_path / 'set'}?format={form}")
    names = sorted(str(each.relative_to(tmp_path / "set")) for each in (tmp_path / "set").rglob("*.*"))
    expected = {
        "parquet": ["data/test-00000-of-00001.parquet", "data/train-00000-of-00001.parquet"],
        "jsonl": ["test.jsonl", "train.jsonl"],
    }
    assert names == expected[form]
    again = tr.read(f"hub:{tmp_path / 'set'}")
    assert {name: table.rows.rows() for name, table in again.tables.items()} == {
        name: table.rows.rows() for name, table in both.tables.items()
    }
    assert len(tr.read(f"hub:{tmp_path / 'set'}?split=test")) == 2
    with pytest.raises(FileError, match=r"no split 'tset'.*'test'"):
        tr.read(f"hub:{tmp_path / 'set'}?split=tset")
    with pytest.raises(FileError, match="no layout"):
        both.write(f"hub:{tmp_path / 'other'}?format=xml")
    assert not (tmp_path / "other").exists()


def test_a_name_is_found_in_the_cache_and_never_fetched_unasked(tmp_path, monkeypatch):
    monkeypatch.delenv("TRASUNTO_NETWORK", raising=False)
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    held().to_parquet(str(tmp_path / "tiny.parquet"))
    made = datasets.load_dataset("parquet", data_files=str(tmp_path / "tiny.parquet"), cache_dir=str(tmp_path / "made"))
    built = next((tmp_path / "made" / "parquet").glob("default-*/0.0.0/*/"))
    target = tmp_path / "cache" / "me___tiny" / "default" / "0.0.0" / "abcdef"
    target.parent.mkdir(parents=True)
    built.rename(target)
    for each in target.iterdir():
        each.rename(target / each.name.replace("parquet-", "tiny-"))
    info = json.loads((target / "dataset_info.json").read_text())
    (target / "dataset_info.json").write_text(json.dumps({**info, "dataset_name": "tiny"}))
    found = tr.read("hub:me/tiny")
    assert found.name == "train" and found.rows["text"].to_list() == ["a b", "c d", "e f", "g h"]
    assert len(made["train"]) == 4 and not datasets.config.HF_HUB_OFFLINE
    with pytest.raises(FileError, match=r"'me/none' is not in the cache.*TRASUNTO_NETWORK=1"):
        tr.read("hub:me/none")
    with pytest.raises(FileError, match="no name of a data set"):
        tr.read("hub:/nowhere/at/all")
