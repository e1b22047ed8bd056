"""What is exported is there, what is registered can be loaded, and every error on the page is raised somewhere."""

import ast
import re
from pathlib import Path

import pytest

import trasunto
from trasunto import errors, registry
from trasunto.reports import words

ROOT = Path(trasunto.__file__).parent


def test_exported_names_are_all_there():
    for name in trasunto.__all__:
        assert getattr(trasunto, name) is not None
    assert set(trasunto.__all__) <= set(dir(trasunto))
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        trasunto.fitt  # noqa: B018


@pytest.mark.parametrize(("group", "name"), [(g, n) for g in registry.GROUPS for n in registry.names(g)])
def test_registered_names_load_and_are_documented(group, name):
    assert registry.load(group, name).__doc__


def test_an_unknown_name_offers_the_near_ones():
    with pytest.raises(errors.UnknownNameError, match="'tree'"):
        registry.load("synthesizers", "tre")
    with pytest.raises(errors.UnknownNameError, match="'metrics'"):
        registry.names("metric")


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(registry.GROUPS["metrics"], "absent", "trasunto.absent_library_for_test:thing")

    def fail(module):
        raise ImportError("no", name="torch")

    monkeypatch.setattr(registry.importlib, "import_module", fail)
    with pytest.raises(errors.MissingLibraryError, match=r'pip install "trasunto\[lm\]"'):
        registry.load("metrics", "absent")


def test_every_error_is_raised_somewhere():
    text = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.rglob("*.py"))
    for name in vars(errors):
        kind = getattr(errors, name)
        if (
            isinstance(kind, type)
            and issubclass(kind, errors.TrasuntoError)
            and kind
            not in (
                errors.TrasuntoError,
                errors.DataError,
            )
        ):
            assert re.search(rf"(raise|return) {name}\(", text), f"{name} is never raised"


def test_no_word_of_a_report_is_missing_in_a_language_and_places_to_fill_agree():
    for key, (english, spanish) in words.WORDS.items():
        assert english.strip() and spanish.strip(), key
        assert set(re.findall(r"\{(\w+)\}", english)) == set(re.findall(r"\{(\w+)\}", spanish)), key


def test_words_that_code_asks_for_are_there():
    for path in (ROOT / "reports").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and node.args
            if named and isinstance(node.args[0], ast.Constant):
                assert node.args[0].value in words.WORDS, f"{path.name}: {node.args[0].value}"


def test_nothing_is_left_to_do_in_a_comment():
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for path in ROOT.rglob("*.py"):
        assert not marks.search(path.read_text(encoding="utf-8")), path
