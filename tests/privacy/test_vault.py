"""A vault turns pseudonyms back for who holds its key, and for nobody else."""

import stat

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset
from trasunto.errors import FileError, RecipeError, StoreError
from trasunto.privacy import vault
from trasunto.privacy.protect import protect
from trasunto.privacy.protection import Protection
from trasunto.privacy.vault import keep, opened, require_open, revealed, secret_of

KEY = bytes(range(32))
SECRET = b"a passphrase for tests"
POLICY = {
    "columns": {
        "person_id": "pseudonymise",
        "name": {"action": "pseudonymise", "group": "people"},
        "dni": {"action": "pseudonymise", "form": "dni"},
    },
    "unlisted": "keep",
}
LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The real cost of a passphrase is half a second."""
    monkeypatch.setattr(vault, "_COST", {"n": 2**10, "r": 8, "p": 1})


def people(first=0, count=40):
    numbers = [70_000_000 + 7 * n for n in range(first, first + count)]
    rows = pl.DataFrame(
        {
            "person_id": [f"P{n:05d}" for n in range(first, first + count)],
            "name": [f"Ana Ruiz {chr(65 + n % 26)}{n}" if n % 5 else None for n in range(first, first + count)],
            "dni": [f"{n}{LETTERS[n % 23]}" for n in numbers],
            "age": [20 + n % 50 for n in range(count)],
        }
    )
    return tr.read(rows, name="people")


def made(path, first=0, **more):
    return keep(protect(people(first), {**POLICY, **more}, key=KEY), path, SECRET)


def test_what_was_pseudonymised_is_turned_back(tmp_path):
    path, data = tmp_path / "v", people()
    safe = keep(protect(data, POLICY, key=KEY), path, SECRET)
    assert not set(safe.dataset.rows["dni"]) & set(data.rows["dni"])
    held = opened(path, SECRET)
    found = revealed(safe.dataset, held)
    for column in ("person_id", "name", "dni", "age"):
        assert found.dataset.rows[column].to_list() == data.rows[column].to_list()
    assert found.columns == {"people.person_id": 40, "people.name": 32, "people.dni": 40}
    assert not found.unknown and not found.spellings and len(held) == 112


def test_it_is_turned_back_after_a_file_and_under_another_name_of_the_table(tmp_path):
    safe = made(tmp_path / "v")
    safe.dataset.write(tmp_path / "sent.csv")
    found = revealed(tr.read(tmp_path / "sent.csv"), opened(tmp_path / "v", SECRET))
    assert found.dataset.rows["dni"].to_list() == people().rows["dni"].to_list()


def test_numbers_come_back_as_they_were_written(tmp_path):
    rows = tr.read(pl.DataFrame({"account": [10**9 + 3 * n for n in range(30)], "x": [1.5, 2.5] * 15}), name="t")
    policy = {"columns": {"account": {"action": "pseudonymise", "form": "integer"}}, "unlisted": "keep"}
    safe = keep(protect(rows, policy, key=KEY), tmp_path / "v", SECRET)
    assert safe.dataset.rows["account"].dtype == pl.Int64
    found = revealed(safe.dataset, opened(tmp_path / "v", SECRET))
    assert found.dataset.rows["account"].to_list() == [str(10**9 + 3 * n) for n in range(30)]


def test_several_spellings_of_one_value_are_told(tmp_path):
    rows = tr.read(pl.DataFrame({"name": ["Ana Ruiz", "ana ruiz", "Luis Gil"] * 4, "x": range(12)}), name="t")
    policy = {"columns": {"name": "pseudonymise"}, "unlisted": "keep"}
    safe = keep(protect(rows, policy, key=KEY), tmp_path / "v", SECRET)
    found = revealed(safe.dataset, opened(tmp_path / "v", SECRET))
    assert found.dataset.rows["name"].to_list() == ["Ana Ruiz", "Ana Ruiz", "Luis Gil"] * 4
    assert found.spellings == {"t.name": 1}


def test_tables_that_share_a_key_are_turned_back_together(tmp_path):
    ids = [f"P{n:03d}" for n in range(30)]
    whole = Dataset.holding(
        {
            "people": tr.read(pl.DataFrame({"person_id": ids, "age": range(30)}), name="people").only,
            "visits": tr.read(pl.DataFrame({"person_id": ids * 2, "n": range(60)}), name="visits").only,
        }
    )
    policy = {"columns": {"person_id": "pseudonymise"}, "unlisted": "keep"}
    safe = keep(protect(whole, policy, key=KEY), tmp_path / "v", SECRET)
    found = revealed(safe.dataset, opened(tmp_path / "v", SECRET)).dataset
    assert found.tables["visits"].rows["person_id"].to_list() == ids * 2
    assert found.tables["people"].rows["person_id"].to_list() == ids


def test_nothing_of_it_can_be_read_without_the_key(tmp_path):
    path = tmp_path / "v"
    safe = made(path)
    content = path.read_bytes()
    # Written names and numbers, and pseudonyms, would stand there as they are if nothing hid them.
    for text in ("P00001", "70000007", "Ana Ruiz", "person_id", safe.dataset.rows["dni"][0]):
        assert text.encode() not in content
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() != vault.sealed(opened(path, SECRET), SECRET)
    with pytest.raises(RecipeError, match="not the key"):
        opened(path, b"another passphrase !")
    assert "Ana Ruiz" not in repr(safe) and "Ana Ruiz" not in repr(opened(path, SECRET))


@pytest.mark.parametrize("place", [0, 20, 60, 200, -40, -1])
def test_a_changed_byte_is_damage(tmp_path, place):
    path = tmp_path / "v"
    made(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(FileError, match=r"damaged|no vault"):
        opened(path, SECRET)


@pytest.mark.parametrize("header", [b'{"n": 1}', b"[]", b'{"n": 1e12, "r": 8, "p": 1, "salt": "", "nonce": ""}'])
def test_a_header_that_nobody_wrote_is_damage(tmp_path, header):
    import hashlib

    body = b"trasunto vault 1\n" + header + b"\n" + b"x" * 50
    (tmp_path / "v").write_bytes(body + hashlib.sha256(body).digest())
    with pytest.raises(FileError, match="damaged"):
        opened(tmp_path / "v", SECRET)


def test_half_of_a_file_and_other_files_are_told(tmp_path):
    path = tmp_path / "v"
    made(path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FileError, match="damaged"):
        require_open(path, SECRET)
    (tmp_path / "other").write_text("a,b\n1,2\n")
    with pytest.raises(FileError, match="no vault"):
        opened(tmp_path / "other", SECRET)
    with pytest.raises(FileError, match="cannot be read"):
        opened(tmp_path / "gone", SECRET)


def test_a_vault_takes_more_and_a_failed_write_leaves_it_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "v"
    first, second = made(path), made(path, first=20)
    held = opened(path, SECRET)
    for safe, data in ((first, people()), (second, people(20))):
        assert revealed(safe.dataset, held).dataset.rows["person_id"].to_list() == data.rows["person_id"].to_list()
    assert len(held.groups) == 3 and second.protection.vault["pseudonyms"] == len(held) > 112
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vault.os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        made(path, first=60)
    assert path.read_bytes() == before and [each.name for each in tmp_path.iterdir()] == ["v"]


def test_pseudonyms_of_another_domain_or_key_do_not_enter(tmp_path):
    path = tmp_path / "v"
    made(path)
    with pytest.raises(RecipeError, match="another key or domain"):
        made(path, domain="elsewhere")
    with pytest.raises(RecipeError, match="another key or domain"):
        keep(protect(people(), POLICY, key=KEY[::-1]), path, SECRET)


def test_a_pseudonym_never_stands_for_two_values(tmp_path):
    from dataclasses import replace

    path = tmp_path / "v"
    safe = made(path)
    group = safe.pseudonyms[0]
    name = next(iter(group.originals))
    wrong = replace(safe, pseudonyms=(replace(group, originals={name: ("P99999",)}),))
    with pytest.raises(RecipeError, match="another value"):
        keep(wrong, path, SECRET)


def test_what_is_no_pseudonym_is_refused_or_kept(tmp_path):
    path = tmp_path / "v"
    safe = made(path)
    other = protect(people(100), POLICY, key=KEY).dataset
    mixed = Dataset.of(type(safe.dataset.only)(other.only.schema, pl.concat([safe.dataset.rows, other.rows])), "people")
    with pytest.raises(RecipeError, match=r"40 rows of people\.person_id"):
        revealed(mixed, opened(path, SECRET))
    found = revealed(mixed, opened(path, SECRET), unknown="keep")
    assert found.unknown["people.person_id"] == 40 and found.columns["people.person_id"] == 40
    assert found.dataset.rows["person_id"].to_list()[40:] == other.rows["person_id"].to_list()
    with pytest.raises(RecipeError, match="none of these columns is here"):
        revealed(tr.read(pl.DataFrame({"a": [1, 2], "b": [1, 2]})), opened(path, SECRET))


def test_nothing_to_keep_and_no_key_are_told(tmp_path, monkeypatch):
    safe = protect(people(), {"columns": {"person_id": "drop", "name": "drop", "dni": "drop"}})
    with pytest.raises(RecipeError, match="pseudonymises no column"):
        keep(safe, tmp_path / "v", SECRET)
    monkeypatch.delenv("TRASUNTO_VAULT_KEY", raising=False)
    with pytest.raises(RecipeError, match="key of its own"):
        secret_of(None)
    monkeypatch.setenv("TRASUNTO_VAULT_KEY", "short")
    with pytest.raises(RecipeError, match="too short"):
        secret_of(None)
    monkeypatch.setenv("TRASUNTO_VAULT_KEY", "a passphrase for tests")
    (tmp_path / "key").write_text("a passphrase for tests\n")
    assert secret_of(None) == secret_of(tmp_path / "key") == SECRET
    with pytest.raises(FileError, match="cannot be read"):
        secret_of(tmp_path / "gone")


def test_the_record_says_that_a_vault_exists_and_nothing_of_it(tmp_path):
    safe = made(tmp_path / "v")
    document = safe.protection.to_dict()
    assert document["vault"] == {
        "pseudonyms": 112,
        "columns": ["people.person_id", "people.name", "people.dni"],
        "cipher": "AES-256-GCM, scrypt",
    }
    assert str(tmp_path) not in str(document) and "Ana Ruiz" not in str(document)
    assert Protection.from_dict(document).vault == document["vault"]
    assert protect(people(), POLICY, key=KEY).protection.to_dict()["vault"] is None
