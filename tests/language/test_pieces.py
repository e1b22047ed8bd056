"""Long texts are learnt whole, in pieces that overlap, and written until they end."""

import numpy as np
import pytest

from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import FitError
from trasunto.language.generate import Sampling, Written
from trasunto.language.pieces import LAST, ON, Pieces, _unmarked, pieces_of
from trasunto.synthesizers.lm_finetune import LmFinetune
from trasunto.synthesizers.model import load_model

pl = pytest.importorskip("polars")
PLACES = ("room", "food", "staff", "view", "bed", "pool", "bar", "lift")


class Letters:
    """A tokenizer whose tokens are letters."""

    def __call__(self, text, add_special_tokens=False):
        return {"input_ids": [ord(each) for each in text]}

    def decode(self, tokens, skip_special_tokens=True):
        return "".join(map(chr, tokens))


class Tells:
    """Writes five words of five letters, or the end after a mark of the last piece."""

    tokenizer = Letters()

    def __init__(self):
        self.asked = []

    def complete(self, prompts, settings, *, seed, progress=None, stop=None):
        self.asked.append(list(prompts))
        texts = [" fin." if LAST in each else f" w{seed % 1000:03d}" * (settings.longest // 5) for each in prompts]
        return [Written(text, LAST in each, 1, len(text)) for text, each in zip(texts, prompts, strict=True)]


def test_pieces_hold_every_token_once_and_say_what_precedes_them():
    text = list(range(1000, 1150))
    pieces = pieces_of(Letters(), 60, 200, [150, 40, 61])
    assert pieces.further == {"1": 1, "3": 1} and pieces.new(Letters()) == 60 - 15 - len(LAST)
    made = pieces.cut(Letters(), [7], text, ends=True)
    assert [each for _, learnt in made for each in learnt] == text and len(made) == 4
    assert made[0] == ([7], text[:60]) and all(len(given) + len(learnt) <= 61 for given, learnt in made)
    for number, (given, learnt) in enumerate(made[1:], start=1):
        mark = [ord(each) for each in (LAST if number == 3 else ON)]
        at = text.index(learnt[0])
        assert given == [7, *mark, *text[at - 15 : at]]
    # What was cut does not end in its last piece.
    assert pieces.cut(Letters(), [7], text, ends=False)[-1][0][1 : 1 + len(ON)] == [ord(each) for each in ON]


def test_no_pieces_where_every_text_fits_or_the_window_is_too_narrow():
    assert pieces_of(Letters(), 60, 200, [60, 8]) is None
    assert pieces_of(Letters(), 60, 60, [500]) is None
    assert pieces_of(Letters(), 12, 200, [150]) is None


def test_a_text_goes_on_for_as_many_pieces_as_real_ones_have():
    writer, pieces = Tells(), Pieces(60, {"3": 1})
    made = pieces.write(writer, ["p:", "q:"], Sampling(longest=1000), seed=1, stop=lambda: False)
    assert [len(each) for each in writer.asked] == [2] * 4
    assert all(ON in each for each in writer.asked[1] + writer.asked[2]) and all(
        LAST in each for each in writer.asked[3]
    )
    assert made == [" ".join(["w001"] * 11 + ["w920"] * 5 + ["w839"] * 5) + " fin."] * 2
    # What precedes is repeated, and not written twice: of it the last word, which may be half of one, is left out.
    assert writer.asked[1][0] == f"p:{ON}" + " w001" * 3
    assert pieces.write(Tells(), ["p:"], Sampling(longest=1000), seed=1, stop=lambda: True) == [""]


def documents():
    """Of two lengths: one sentence, and thirty: more than the tiny model reads at a time."""
    said = [f"the {place} was {word} ." for place in PLACES for word in ("lovely", "dirty", "clean", "broken")]
    rng = np.random.default_rng(0)
    # What three texts hold is nobody's, and may be said again.
    texts = [" ".join(rng.choice(said, 1 if number % 2 else 30)) for number in range(12)] * 3
    return Dataset.of(Table(TableSchema((Column("text", "text"),)), pl.DataFrame({"text": texts})), "said")


def test_marks_that_a_model_writes_are_no_text():
    said = {
        "The bed was soft.\n[... end]\n and more": ("The bed was soft.", True),
        "The bed was\n[...]\nsoft": ("The bed was\nsoft", False),
        "The bed was [... e": ("The bed was", False),
        "The bed was [...": ("The bed was", False),
        "The bed [sic] was soft": ("The bed [sic] was soft", False),
    }

    marked = [Written(text, False, 1, 40) for text in said]
    assert [(each.text.strip(), each.ended) for each in map(_unmarked, marked)] == list(said.values())

    class Marks(Tells):
        def complete(self, prompts, settings, **rest):
            return super().complete(prompts, settings, **rest) if self.asked else (self.asked.append(1) or marked)

    writer = Marks()
    how = Sampling(1.0, longest=200)
    texts = Pieces(40, {"1": 1}).write(writer, ["p"] * 5, how, seed=0, stop=lambda: False)
    assert texts[0] == "The bed was soft." and not any("[..." in text for text in texts)
    assert all(text.endswith("fin.") for text in texts[1:])


def test_long_documents_are_learnt_whole_and_written_as_long_as_real_ones(decoder, tmp_path):
    settings = {"base": str(decoder), "method": "full", "learning_rate": 5e-3, "agree": False, "batch": 8}
    model = LmFinetune(**settings, epochs=12, window=80).fit(documents(), seed=0)
    assert model.settings.window == 80 and model.facts["cut"] == 0 and sum(model.facts["pieces"].values()) == 18
    assert model.facts["longest"] > 128 and model.facts["tokens"] > 18 * 150
    made = model.sample(8, seed=1)
    words = [len(text.split()) for text in made.rows["text"]]
    assert max(words) > 100 and min(words) < 20
    model.save(tmp_path / "m")
    assert load_model(tmp_path / "m").sample(8, seed=1).digest() == made.digest()
    # A length that is asked for cuts, as ever.
    short = LmFinetune(**settings, epochs=1, longest=40).fit(documents(), seed=0)
    assert short.facts["cut"] == 18 and "pieces" not in short.facts
    with pytest.raises(FitError, match="window is 0"):
        LmFinetune(window=0)
