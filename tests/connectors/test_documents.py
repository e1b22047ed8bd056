"""Documents of every format as parts and as whole texts; broken ones are told, not dropped."""

import io

import pytest

import trasunto as tr
from trasunto.connectors.document_files import Block, hypertext, markdown, plain
from trasunto.connectors.documents import Documents, Texts, parts, read_documents
from trasunto.errors import DataError, EmptyDataError, FileError

MARKDOWN = """---
title: x
---
# Cats

Cats *are* **small** [animals](http://x.y).
They purr.

## Food

- fish
- mice

Dogs
====

```
bark()
```
"""
HTML = """<html><head><title>no</title><style>p {}</style></head><body><nav>menu</nav><h1>Cats</h1>
<p>Cats are <b>small</b> animals.<script>x()</script></p><h2>Food</h2><ul><li>fish<li>mice</ul>&amp; more</body>"""


def test_markdown_is_headings_and_paragraphs():
    assert markdown(MARKDOWN, "") == [
        Block("Cats", 1), Block("Cats *are* small animals. They purr."), Block("Food", 2), Block("- fish\n- mice"),
        Block("Dogs", 1), Block("bark()"),
    ]  # fmt: skip


def test_quotes_lose_their_mark():
    assert markdown("> one\n> two\n\n> > deep\n\n```\n> code\n```", "") == [
        Block("one two"),
        Block("deep"),
        Block("> code"),
    ]


def test_html_is_headings_and_paragraphs():
    assert hypertext(HTML, "") == [
        Block("Cats", 1), Block("Cats are small animals."), Block("Food", 2), Block("fish"), Block("mice"), Block("& more"),
    ]  # fmt: skip


def test_plain_text_is_paragraphs():
    assert plain("One\ntwo.\r\n\r\n\nThree.", "") == [Block("One two."), Block("Three.")]


def test_parts_are_short_and_under_their_headings():
    long = " ".join(f"Sentence number {n} has six words." for n in range(10))
    blocks = [Block("before"), Block("A", 1), Block("a"), Block("B", 2), Block(long), Block("C", 1), Block("c")]
    made = list(parts(blocks, 20))
    assert [heading for heading, _ in made] == ["", "A", *["A > B"] * 4, "C"]
    assert all(len(text.split()) <= 20 for _, text in made)
    assert " ".join(text for _, text in made[2:6]) == long


def made_docx():
    import docx

    document = docx.Document()
    document.add_heading("Cats", 0)
    document.add_paragraph("Cats are small.")
    document.add_heading("Food", 2)
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "fish", "mice"
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def made_pdf(text, password=None):
    from pypdf import PdfWriter
    from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

    writer = PdfWriter()
    page = writer.add_blank_page(300, 300)
    font = DictionaryObject(
        {
            NameObject("/Type"): NameObject("/Font"),
            NameObject("/Subtype"): NameObject("/Type1"),
            NameObject("/BaseFont"): NameObject("/Helvetica"),
        }
    )
    page[NameObject("/Resources")] = DictionaryObject(
        {NameObject("/Font"): DictionaryObject({NameObject("/F1"): font})}
    )
    stream = DecodedStreamObject()
    stream.set_data(f"BT /F1 12 Tf 20 200 Td ({text}) Tj ET".encode("latin-1") if text else b"")
    page[NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    held = io.BytesIO()
    writer.write(held)
    return held.getvalue()


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "papers"
    (place / "more").mkdir(parents=True)
    (place / "a.md").write_text(MARKDOWN)
    (place / "b.html").write_text(HTML)
    (place / "c.docx").write_bytes(made_docx())
    (place / "more" / "d.pdf").write_bytes(made_pdf("Cats sleep all day."))
    (place / "more" / "e.txt").write_bytes("Los gatos duermen mañana.".encode("latin-1"))
    (place / "more" / "f.png").write_bytes(b"\x89PNG")
    return place


def test_a_folder_is_parts_of_its_documents(folder):
    dataset = tr.read(f"documents:{folder}")
    assert dataset.only.schema.names == ("document", "part", "heading", "text")
    assert dataset.rows["document"].unique().sort().to_list() == [
        "a.md",
        "b.html",
        "c.docx",
        "more/d.pdf",
        "more/e.txt",
    ]
    assert ("c.docx", 2, "Cats > Food", "fish | mice") in dataset.rows.rows()
    assert ("more/d.pdf", 1, None, "Cats sleep all day.") in dataset.rows.rows()
    assert "mañana" in dataset.rows["text"].to_list()[-1]
    assert dataset.only.schema["text"].kind == "text"


def test_a_document_alone_and_a_folder_of_nothing_else_need_no_word_before_them(folder):
    assert len(tr.read(folder / "a.md")) == 3
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    assert tr.read(folder).only.schema.names == ("a", "b")
    (folder / "notes.csv").unlink()
    assert "document" in tr.read(folder).only.schema


def test_whole_texts_go_out_and_come_back(folder, tmp_path):
    dataset = tr.read(f"texts:{folder}")
    assert len(dataset) == 5 and dataset.only.schema.primary_key == ("document",)
    assert dataset.rows["text"][0].startswith("# Cats\n\nCats *are*")
    again = tr.read(f"texts:{folder}", schema=dataset.with_role("text", "prompt").schema)
    assert again.only.schema["text"].role == "prompt" and again.rows.equals(dataset.rows)
    dataset.write(f"texts:{tmp_path / 'out'}")
    assert (tmp_path / "out" / "more_e.txt").read_text().strip() == "Los gatos duermen mañana."
    assert len(tr.read(f"texts:{tmp_path / 'out'}")) == 5


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.pdf", lambda: b"%PDF-1.4 rubbish", "no PDF that can be read"),
        ("x.pdf", lambda: b"", "no PDF that can be read"),
        ("x.pdf", lambda: made_pdf("secret", "word"), "is encrypted"),
        ("x.pdf", lambda: made_pdf(""), "holds no text. Its pages may be images"),
        ("x.docx", lambda: b"PK rubbish", "no .docx file"),
        ("x.docx", lambda: b"", "no .docx file"),
        ("x.txt", lambda: b" \n\n ", "holds no text"),
        ("x.md", lambda: b"a\0b", "NUL character"),
    ],
)
def test_what_cannot_be_read_is_told(folder, name, content, said):
    (folder / name).write_bytes(content())
    with pytest.raises((FileError, EmptyDataError), match=said):
        tr.read(f"documents:{folder / name}")
    with pytest.raises(FileError, match=r"1 of 6 documents .* cannot be read"):
        tr.read(f"documents:{folder}")
    found, faults = read_documents(folder)
    assert len(found) == 5 and list(faults) == [name] and said.split(".")[0] in faults[name]
    assert len(Texts(folder, skip=True).read()) == 5


def test_other_faults(tmp_path):
    with pytest.raises(FileError, match="holds no documents"):
        Documents(tmp_path).read()
    with pytest.raises(DataError, match="too short"):
        Documents(tmp_path, words=3)
    (tmp_path / "x.png").write_bytes(b"x")
    with pytest.raises(FileError, match="is no document we read"):
        Documents(tmp_path / "x.png").read()


def test_settings_stand_behind_a_question_mark(folder):
    (folder / "bad.pdf").write_bytes(b"x")
    assert len(tr.read(f"documents:{folder}?skip&words=20")) == len(Documents(folder, words=20, skip=True).read())
    assert len(tr.read(f"texts:{folder}?skip")) == 5
    with pytest.raises(FileError, match="no setting of texts"):
        tr.read(f"texts:{folder}?words=20")


def test_prose_and_documents_as_tables_are_told(folder, tmp_path):
    (tmp_path / "x.txt").write_text("Dear all, good day to you,\nthis is a text.\nIt goes on, and, on.\n")
    with pytest.raises(FileError, match="documents:"):
        tr.read(tmp_path / "x.txt")
    with pytest.raises(FileError, match="read, not written"):
        tr.read({"a": [1, 2]}).write(tmp_path / "x.pdf")
