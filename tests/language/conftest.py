"""Tiny models with random weights, made here: the code is the same as for the large ones."""

import pytest


def _words(tmp, texts):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    from tokenizers import decoders

    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<unk>", "<pad>", "<end>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


@pytest.fixture(scope="session")
def texts():
    """(text, label) pairs that are easy to tell apart."""
    good = [f"the {a} was {b} and we will come again number {i}" for i, (a, b) in enumerate(PAIRS_GOOD * 5)]
    bad = [f"the {a} was {b} and we want our money back number {i}" for i, (a, b) in enumerate(PAIRS_BAD * 5)]
    return [(text, "good") for text in good] + [(text, "bad") for text in bad]


PLACES = ("room", "food", "staff", "view", "bed", "pool", "bar", "lift")
PAIRS_GOOD = [(place, word) for place in PLACES for word in ("lovely", "clean", "superb")]
PAIRS_BAD = [(place, word) for place in PLACES for word in ("dirty", "broken", "awful")]


@pytest.fixture(scope="session")
def encoder(tmp_path_factory, texts):
    """A folder with a BERT of some thousand parameters."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    words = _words(folder, [text for text, _ in texts])
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="<unk>", pad_token="<pad>")
    tokenizer.save_pretrained(folder)
    config = BertConfig(
        vocab_size=400, hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, pad_token_id=1
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def decoder(tmp_path_factory, texts):
    """A folder with a Llama of some thousand parameters."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("decoder")
    words = _words(folder, [text for text, _ in texts])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="<unk>", pad_token="<pad>", eos_token="<end>", bos_token="<end>"
    )
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=400,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=128,
        pad_token_id=1,
        eos_token_id=2,
        bos_token_id=2,
        tie_word_embeddings=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = LlamaForCausalLM(config)
        _taught(network, tokenizer, [text for text, _ in texts[::2]])
        network.save_pretrained(folder)
    return folder


def _taught(network, tokenizer, texts):
    """A little schooling, so that the model ends its sentences: what is random cannot be adapted."""
    import torch

    optimizer = torch.optim.AdamW(network.parameters(), lr=5e-3)
    coded = [[2, *tokenizer(f" {text}")["input_ids"], 2] for text in texts]
    width = max(map(len, coded))
    inputs = torch.tensor([each + [1] * (width - len(each)) for each in coded])
    answers = inputs.masked_fill(inputs == 1, -100)
    for step in range(60):
        rows = torch.arange(step % 3, len(coded), 3)
        network(input_ids=inputs[rows], labels=answers[rows]).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
