"""What counts in the loss, and where an example is cut."""

import pytest

from trasunto.errors import FitError
from trasunto.language.decoder.settings import Example
from trasunto.language.decoder.tokens import code, segments_of, train_tokenizer, written

TURNS = [("system", "be kind"), ("user", "hello"), ("assistant", "hi you"), ("user", "bye"), ("assistant", "so long")]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(["be kind hello hi you bye so long user: assistant: system:"] * 3, 300)


def learned(tokenizer, coded):
    return tokenizer.decode(coded.tokens[coded.counted])


def test_every_text_can_be_written_and_read_back(tokenizer):
    for text in ("hello", "¿Qué tal?  ñandú\n\t", "日本語 🙂 \x07"):
        assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_only_the_text_counts_and_its_end(tokenizer):
    (one,) = code(tokenizer, [Example.of("hello:", " hi")], 50)
    assert learned(tokenizer, one) == " hi<|end|>" and not one.cut
    (free,) = code(tokenizer, [Example.of("", "hi")], 50)
    assert free.tokens[0] == tokenizer.eos_token_id and not free.counted[0] and learned(tokenizer, free) == "hi<|end|>"
    (left,) = code(tokenizer, [Example((("hi", True), (" bye", False)))], 50)
    assert learned(tokenizer, left) == "hi"


def test_what_the_assistant_says_counts(tokenizer):
    (one,) = code(tokenizer, [Example.chat(TURNS)], 200)
    assert learned(tokenizer, one) == " hi you<|end|> so long<|end|>"
    assert tokenizer.decode(one.tokens) == written(tokenizer, TURNS, asked=False).rstrip("\n")


def test_a_template_of_chatml_is_kept_to(tokenizer):
    tokenizer = train_tokenizer(["a"], 300)
    tokenizer.chat_template = (
        "{% for m in messages %}{{ '<' + m['role'] + '>' + m['content'] + eos_token + '\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"
    )
    (one,) = code(tokenizer, [Example.chat([{"role": r, "content": c} for r, c in TURNS])], 200)
    assert learned(tokenizer, one) == "hi you<|end|>so long<|end|>"
    tokenizer.chat_template = "{{ messages | length }}{% if add_generation_prompt %}x{% endif %}"
    with pytest.raises(FitError, match="turn by turn"):
        segments_of(tokenizer, Example.chat(TURNS))


def test_long_prompts_lose_their_beginning_and_long_texts_their_end(tokenizer):
    (one,) = code(tokenizer, [Example.of("x" * 50 + "hello:", " hi you")], 20)
    assert one.cut and len(one) == 20 and learned(tokenizer, one) == " hi you<|end|>"
    (two,) = code(tokenizer, [Example.of("hello:" * 9, "y" * 50)], 20)
    assert two.cut and len(two) == 20 and two.counted.sum() == 15 and set(learned(tokenizer, two)) == {"y"}
