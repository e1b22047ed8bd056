"""The n-gram model of letters is one: its chances sum to one, real texts are likelier than shuffled ones."""

import numpy as np

from trasunto.language.curation.perplexity import fit_letters, fit_perplexity

TRAIN = [f"we went to the {place} on {day} and it was {word}" for place in ("market", "river", "hill") for day in ("monday", "friday", "sunday") for word in ("fine", "cold", "warm", "late", "dull", "calm")]  # fmt: skip


def test_chances_of_all_letters_after_a_beginning_sum_to_one():
    model = fit_letters(["abab", "abba", "bb"])
    for begun in ("", "a", "ab", "abb", "zz"):
        every = [begun + chr(code) for code in range(256)]
        # The loss is a mean over letters: of the last alone, the rest is that of the beginning.
        whole = model.losses(every) * (len(begun) + 1)
        before = model.losses([begun])[0] * len(begun)
        assert abs(np.exp(before - whole).sum() - 1) < 1e-9, begun


def test_what_was_never_seen_is_possible_and_an_empty_text_has_no_loss():
    losses = fit_letters(["abab"]).losses(["abab", "zzzz", "", "漢字"])
    assert np.isfinite(losses).all() and losses[0] < losses[1] and losses[2] == 0


def test_the_limits_let_as_many_training_texts_fall_as_was_asked():
    check = fit_perplexity(TRAIN, tail=0.05, reader="n-gram", seed=0)
    assert fit_perplexity(TRAIN[:20], tail=0.05, reader="n-gram", seed=0) is None
    found = check.look([*TRAIN, "".join(sorted(TRAIN[0])), "wqx zkj vvp qqz xxj"], [])
    # The model has seen these very texts, so no more than a few are strange to it.
    assert sum(each is not None and each[1].startswith("strange") for each in found[:-2]) <= 0.05 * len(TRAIN)
    assert found[-1][1].startswith("strange") and found[-2][1].startswith("strange")


def test_a_language_model_reads_too(texts, decoder):
    train = [text for text, _ in texts]
    check = fit_perplexity(train, tail=0.01, reader=str(decoder), seed=0)
    found = check.look([train[5], "zq zq zq xv xv kk kk zq xx qq"], ["", ""])
    assert found[0] is None and found[1][0] == "perplexity"
