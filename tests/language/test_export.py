"""Exported models say what ours say, in the hands of the libraries that read them."""

import json

import numpy as np
import pytest

from trasunto.cli.main import code_of
from trasunto.data.dialogues import Turn
from trasunto.errors import ModelError
from trasunto.language.classify import ClassifySettings, train_classifier
from trasunto.language.corpus import Corpus
from trasunto.language.decoder.decoder import Decoder
from trasunto.language.decoder.settings import DecoderSettings
from trasunto.language.export import export
from trasunto.language.finetune import Adapter, adapted
from trasunto.language.tasks.exchanges import Dialogues
from trasunto.language.tasks.responder import AnswerSettings, Responder, train_responder
from trasunto.language.tasks.stream import streamed

ASKED = ["the room was lovely", "the food was awful and cold, we want our money back", "x"]


def trained(method, encoder, texts):
    corpus = Corpus(*map(tuple, zip(*texts, strict=True)))
    return train_classifier(
        corpus.draw(60, seed=0), settings=ClassifySettings(method=method, base=str(encoder), epochs=1)
    )


@pytest.fixture(scope="module")
def classifier(encoder, texts):
    return trained("frozen", encoder, texts)


@pytest.fixture(scope="module")
def bot(decoder):
    """A model with an adapter that has been nudged, not trained."""
    import torch

    from trasunto.language.pretrained import load_decoder

    tokenizer, network, _ = load_decoder(decoder)
    taught = adapted(network, 4, 8)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(0)
        learnt = {name: each for name, each in taught.named_parameters() if each.requires_grad}
        for each in learnt.values():
            each.normal_(0.0, 0.03)
    adapter = Adapter(4, 8, {name: each.detach().clone() for name, each in learnt.items()})
    facts = {"task": "chat", "method": "lora", "base": str(decoder), "texts": 8}
    settings = DecoderSettings(base=str(decoder))
    way = Decoder(settings, facts, tokenizer, taught.merge_and_unload().eval(), adapter)
    return Responder("chat", AnswerSettings(method="lora", encoder="", answer=10), way, facts)


def logits_of(classifier):
    """Our logits up to a constant a row."""
    return np.log(classifier.probabilities(ASKED))


def centred(logits):
    return logits - logits.mean(axis=1, keepdims=True)


@pytest.mark.parametrize("method", ["frozen", "finetune"])
def test_a_classifier_is_read_by_sentence_transformers(method, encoder, texts, tmp_path):
    reading = pytest.importorskip("sentence_transformers")
    classifier = trained(method, encoder, texts)
    found = export(classifier, "huggingface", tmp_path / "out")
    assert {"config.json", "model.safetensors", "modules.json", "labels.json"} <= set(found.files)
    model = reading.SentenceTransformer(str(tmp_path / "out"), device="cpu", local_files_only=True)
    logits = model.encode(ASKED, show_progress_bar=False)
    # Ours are computed in bfloat16 where the machine has it.
    assert centred(logits) == pytest.approx(centred(logits_of(classifier)), abs=0.05)
    assert json.loads((tmp_path / "out" / "labels.json").read_text()) == list(classifier.labels)


def test_a_classifier_is_read_by_onnx_runtime(classifier, tmp_path):
    pytest.importorskip("onnxscript")
    runtime = pytest.importorskip("onnxruntime")
    from transformers import AutoTokenizer

    export(classifier, "onnx", tmp_path / "out")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    session = runtime.InferenceSession(str(tmp_path / "out" / "model.onnx"), providers=["CPUExecutionProvider"])
    for part in (ASKED, ASKED[:1], ASKED * 3):
        inputs = tokenizer(part, padding=True, return_tensors="np")
        fed = {name: inputs[name].astype(np.int64) for name in ("input_ids", "attention_mask")}
        (logits,) = session.run(["logits"], fed)
        assert [classifier.labels[place] for place in logits.argmax(axis=1)] == classifier.predict(part)
    assert centred(logits[:3]) == pytest.approx(centred(logits_of(classifier)), abs=0.05)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # peft asks transformers by an old name
def test_a_decoder_is_read_by_transformers_and_its_adapter_by_peft(bot, decoder, tmp_path):
    import peft
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    export(bot, "huggingface", tmp_path / "whole")
    found = export(bot, "adapter", tmp_path / "adapter")
    assert {"adapter_config.json", "adapter_model.safetensors"} <= set(found.files)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "whole")
    prompt = tokenizer(bot.way.prompt_of([Turn("user", "the room 3")]), return_tensors="pt", add_special_tokens=False)
    whole = AutoModelForCausalLM.from_pretrained(tmp_path / "whole", dtype=torch.float32)
    base = AutoModelForCausalLM.from_pretrained(decoder, dtype=torch.float32)
    plain = base(**prompt).logits.detach()
    adapted = peft.PeftModel.from_pretrained(base, str(tmp_path / "adapter"))
    ours = bot.way.network(**prompt).logits.detach()
    for other in (whole, adapted):
        assert other(**prompt).logits.detach().numpy() == pytest.approx(ours.numpy(), abs=1e-3)
    assert not torch.allclose(plain, ours, atol=0.005)


@pytest.mark.parametrize("weights", ["F16", "Q8_0"])
def test_a_decoder_is_read_by_llama_cpp(bot, weights, tmp_path):
    pytest.importorskip("xllamacpp")
    from trasunto.language.engines.address import engine_of
    from trasunto.language.engines.asked import Request

    found = export(bot, "gguf", tmp_path / "out", weights=weights)
    (name,) = found.files
    turns = [(Turn("user", f"the room {n}"),) for n in (1, 5)]
    said = engine_of(f"gguf:{tmp_path / 'out' / name}").complete(
        [Request(each, temperature=0.0, longest=10) for each in turns], seed=0
    )
    ours = ["".join(streamed(bot, each)).strip() for each in turns]
    assert [each.text.strip() for each in said] == ours and all(ours)


def test_the_tensors_of_a_gguf_file_are_those_of_the_model(bot, tmp_path):
    from gguf import GGUFReader

    export(bot, "gguf", tmp_path / "out", weights="F16")
    reader = GGUFReader(next((tmp_path / "out").glob("*.gguf")))
    tensors = {each.name: np.array(each.data) for each in reader.tensors}
    state = bot.way.network.state_dict()
    assert tensors["blk.1.ffn_up.weight"] == pytest.approx(state["model.layers.1.mlp.up_proj.weight"].numpy(), abs=1e-3)
    query = state["model.layers.0.self_attn.q_proj.weight"].numpy()
    heads = bot.way.network.config.num_attention_heads
    size = len(query) // heads
    # Row 1 of a head is the first of its second half.
    assert tensors["blk.0.attn_q.weight"][1] == pytest.approx(query[size // 2], abs=1e-3)
    assert "output.weight" not in tensors


def test_the_card_says_what_the_model_is(bot, classifier, tmp_path):
    export(classifier, "huggingface", tmp_path / "one")
    card = (tmp_path / "one" / "README.md").read_text()
    assert card.startswith("---\nlicense: ") and 'pipeline_tag: "text-classification"' in card
    assert "bad, good" in card and "no differential privacy" in card and "trasunto score" in card
    judged = type(bot)(
        bot.task,
        bot.settings,
        bot.way,
        {**bot.facts, "difference": {"value": -2.0, "interval": [-3.0, -1.0]}, "ratio": 0.9, "score": "chrf"},
    )
    export(judged, "huggingface", tmp_path / "two")
    assert "its chrf differs" in (tmp_path / "two" / "README.md").read_text()


def test_what_cannot_be_exported_is_told(bot, classifier, tmp_path):
    with pytest.raises(ModelError, match="huggingface, onnx"):
        export(classifier, "gguf", tmp_path / "out")
    with pytest.raises(ModelError, match="huggingface, adapter, gguf"):
        export(bot, "onnx", tmp_path / "out")
    memory = train_responder(
        Dialogues(((Turn("user", "a"), Turn("assistant", "b")),)),
        task="translation",
        settings=AnswerSettings(method="memory"),
    )
    with pytest.raises(ModelError, match="as it is"):
        export(memory, "huggingface", tmp_path / "out")
    for wrong in ({"form": "tflite"}, {"form": "gguf", "weights": "Q4_K"}):
        with pytest.raises(ModelError):
            export(bot, wrong["form"], tmp_path / "out", weights=wrong.get("weights", "F16"))
    assert not (tmp_path / "out").exists()


def test_the_command_exports(classifier, tmp_path, capsys):
    classifier.save(tmp_path / "lm")
    assert code_of(["export", str(tmp_path / "lm"), "-o", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["files"]["model.safetensors"] > 0 and (tmp_path / "out" / "README.md").is_file()
    assert code_of(["export", str(tmp_path / "lm"), "--to", "gguf", "-o", str(tmp_path / "other")]) == 2
