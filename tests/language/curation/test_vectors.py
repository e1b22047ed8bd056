"""Sentence vectors: hashed words need no model, a folder's model is used as it is."""

import numpy as np

from trasunto.language.curation import Curate, curate
from trasunto.language.curation.vectors import vectors_of


def test_hashed_words_have_length_one_and_tell_order_and_words_apart():
    made = vectors_of("words")(["the red cat sat", "The red cat sat!", "sat cat red the", "a blue dog ran", ""])
    assert made.dtype == np.float32
    assert np.allclose(np.linalg.norm(made[:4], axis=1), 1, atol=1e-6) and not made[4].any()
    likeness = made @ made[0]
    assert likeness[1] > 0.999 > likeness[2] > 0.3 > abs(likeness[3])


def test_a_folder_with_an_encoder_serves(texts, encoder):
    plain, labels = [text for text, _ in texts], [label for _, label in texts]
    settings = Curate(
        encoder=str(encoder), language=False, verbatim=False, near_copy=None, near=None, alike=None, perplexity=None
    )
    wrong = ["bad" if label == "good" else "good" for label in labels]
    kept = [len(curate(plain, each, settings, train=plain, train_labels=labels).kept) for each in (labels, wrong)]
    assert kept[0] > 0.9 * len(plain) and kept[1] < 0.1 * len(plain)
