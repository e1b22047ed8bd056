"""What commands print, in both languages."""

import string

import pytest

from trasunto.reports.console_words import _WORDS, amount, counted_in, headed, say, share


@pytest.mark.parametrize("key", _WORDS)
def test_both_languages_say_the_same_things(key):
    english, spanish = _WORDS[key]
    fields = [sorted(name for _, name, _, _ in string.Formatter().parse(text) if name) for text in (english, spanish)]
    assert fields[0] == fields[1] and english.count("|") == spanish.count("|")
    assert len(headed(key, "es")) == len(headed(key, "en"))


def test_numbers_are_written_in_each_language():
    assert amount(12_345, "en") == "12,345" and amount(12_345, "es") == "12.345"
    assert share(0.1234, "en") == "12.3%" and share(0.1234, "es") == "12,3 %" and share(0.9, "es", 0) == "90 %"
    assert counted_in(1, "finding", "es") == "1 hallazgo" and counted_in(1_200, "row", "en") == "1,200 rows"
    assert say("written", "es", path="a.md") == "Escrito a.md."
