"""A generator learns, writes the same for the same seed, and throws away what it copied."""

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.schema import Column, TableSchema
from trasunto.errors import BudgetError, FitError, ModelError, SampleError, TrasuntoError
from trasunto.language import finetune as adapters
from trasunto.language.finetune import Adaptation, Adapter, Prompted, finetune, merged
from trasunto.language.generate import Sampling, Writer
from trasunto.language.offline import find, models
from trasunto.language.pretrained import load_decoder
from trasunto.networks.loop import Loop
from trasunto.privacy.budget import Budget
from trasunto.synthesizers.model import load_model

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")


def reviews(texts):
    schema = TableSchema(
        (Column("text", "text"), Column("label", "category", role="label"), Column("stars", "integer"))
    )
    rows = {
        "text": [t for t, _ in texts],
        "label": [y for _, y in texts],
        "stars": [5 if y == "good" else 1 for _, y in texts],
    }
    return Dataset.of(Table(schema, pl.DataFrame(rows)), "reviews")


@pytest.fixture
def quick(decoder):
    return {"base": str(decoder), "epochs": 3, "learning_rate": 1e-2, "rank": 8, "agree": False, "longest": 60}


def test_training_lowers_the_loss_and_the_same_seed_gives_the_same_adapter(texts, decoder):
    examples = [Prompted(f"{label}:", f" {text}") for text, label in texts]
    settings = Adaptation(rank=8, longest=40, loop=Loop(epochs=3, learning_rate=1e-2))
    adapter, facts = finetune(examples, base=decoder, settings=settings, seed=1)
    again, _ = finetune(examples, base=decoder, settings=settings, seed=1)
    curve = facts["curves"]["training loss"]
    assert sum(curve[-5:]) < 0.9 * sum(curve[:5])
    assert all((adapter.tensors[name] == again.tensors[name]).all() for name in adapter.tensors)
    assert 0 < facts["trained_parameters"] < facts["parameters"]


def test_all_of_a_network_learns_and_comes_back(texts, decoder, tmp_path):
    examples = [Prompted(f"{label}:", f" {text}") for text, label in texts]
    settings = Adaptation(method="full", longest=None, loop=Loop(epochs=2, learning_rate=3e-3))
    adapter, facts = finetune(examples, base=decoder, settings=settings, seed=1)
    assert facts["trained_parameters"] == facts["parameters"] and facts["longest"] == 96
    assert facts["curves"]["validation loss"][-1] < facts["curves"]["validation loss"][0]
    adapter.save(tmp_path)
    again = Adapter.load(tmp_path)
    with Writer(*merged(decoder, adapter)) as one, Writer(*merged(decoder, again)) as other:
        made = [each.write(["bad:"] * 4, Sampling(longest=30), seed=1) for each in (one, other)]
    assert made[0] == made[1] and any(made[0])
    with pytest.raises(FitError, match="no method 'half'"):
        Adaptation(method="half")
    strange = Adapter(0, 0, {"model.norm.weight": torch.zeros(3)})
    with pytest.raises(ModelError, match="does not fit"):
        merged(decoder, strange)


def test_the_loss_is_that_of_transformers_whatever_the_kind_of_network(decoder, tmp_path):
    """GPT-2 has its parts under other names, Gemma 2 bends its logits."""
    from transformers import Gemma2Config, GPT2Config

    sizes = {"vocab_size": 400, "pad_token_id": 1, "eos_token_id": 2, "bos_token_id": 2}
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    kinds = [
        GPT2Config(n_embd=16, n_layer=1, n_head=2, n_positions=64, **sizes),
        Gemma2Config(head_dim=8, num_key_value_heads=1, final_logit_softcapping=2.0, **small, **sizes),
    ]
    rows = [([5, 6], [7, 8, 2], False), ([5], [9, 2], False)]
    for config in kinds:
        torch.manual_seed(0)
        network = transformers.AutoModelForCausalLM.from_config(config).eval()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(adapters, "halves", lambda device: torch.autocast("cpu", enabled=False))
            found = [
                float(adapters._loss(each, rows, 1, "cpu")[0].detach())
                for each in (network, adapters.adapted(network, 2, 4))
            ]
        wanted = 0.0
        for prompt, text, _ in rows:
            inputs = torch.tensor([[*prompt, *text]])
            logs = network(input_ids=inputs).logits.log_softmax(-1)[0, len(prompt) - 1 : -1]
            wanted -= float(logs.gather(1, torch.tensor(text)[:, None]).sum().detach())
        assert found == pytest.approx([wanted, wanted], rel=1e-4)


def test_texts_are_cut_where_most_end_and_where_the_context_does(decoder):
    def facts(texts, longest=None, prompt="good:"):
        examples = [Prompted(prompt, f" {text}") for text in texts]
        settings = Adaptation(rank=2, longest=longest, loop=Loop(epochs=1))
        return finetune(examples, base=decoder, settings=settings)[1]

    # The context is 128: a prompt, a text and its end.
    told = facts(["the room was lovely"] * 8 + ["the bed was dirty " * 60])
    assert told["cut"] == 1 and 96 < told["longest"] < 128
    assert facts(["the room was lovely"] * 8)["longest"] == 96
    told = facts(["the room was lovely"] * 8, longest=2)
    assert told["cut"] == 8 and told["tokens"] == 16
    with pytest.raises(FitError, match=r"leaves no room for a text: the model reads 128\."):
        facts(["the room was lovely"] * 8, prompt="good " * 200)
    with pytest.raises(FitError, match="longest is 0"):
        facts(["x"], longest=0)


@pytest.mark.parametrize("engine", ["ctranslate2", "torch"])
def test_the_same_seed_writes_the_same_texts(texts, decoder, monkeypatch, engine):
    if engine == "torch":
        monkeypatch.setattr("trasunto.language.generate._has_ctranslate2", lambda: False)
    examples = [Prompted(f"{label}:", f" {text}") for text, label in texts]
    settings = Adaptation(rank=4, longest=40, loop=Loop(epochs=2, learning_rate=1e-2))
    adapter, _ = finetune(examples, base=decoder, settings=settings)
    with Writer(*merged(decoder, adapter)) as writer:
        asked = ["good:", "bad:"] * 10
        one, again, other = (writer.write(asked, Sampling(longest=40), seed=seed) for seed in (3, 3, 4))
    assert one == again != other
    assert any(one)


@pytest.mark.parametrize("engine", ["ctranslate2", "torch"])
def test_a_text_that_does_not_end_is_thrown_away_or_kept_to_its_last_sentence(decoder, monkeypatch, engine):
    if engine == "torch":
        monkeypatch.setattr("trasunto.language.generate._has_ctranslate2", lambda: False)
    whole, asked = "One. Two! And thr", ["good:"] * 4
    with Writer(*load_decoder(decoder)) as writer:
        # What was written in 2 tokens is read as a text of two sentences and a bit.
        monkeypatch.setattr(type(writer.tokenizer), "decode", lambda *args, **more: whole)
        assert writer.write(asked, Sampling(longest=2, cut=True), seed=0) == ["One. Two!"] * 4
        assert writer.write(asked, Sampling(longest=2), seed=0) == [""] * 4
        whole = "no sentence at all"
        assert writer.write(asked, Sampling(longest=2, cut=True), seed=0) == [""] * 4


@pytest.mark.parametrize("engine", ["ctranslate2", "torch"])
def test_a_batch_that_memory_does_not_hold_is_halved(decoder, monkeypatch, engine):
    """What is drawn does not hang on the batch where PyTorch draws; CTranslate2 draws for a batch at a time."""
    if engine == "torch":
        monkeypatch.setattr("trasunto.language.generate._has_ctranslate2", lambda: False)
    tried = []

    def short(write):
        def lacking(prompts, places):
            tried.append(len(places))
            if len(places) > most:
                raise torch.OutOfMemoryError("CUDA out of memory.") if engine == "torch" else MemoryError
            return write(prompts, places)

        return lacking

    asked, settings = ["the room was"] * 30, Sampling(longest=12, unfinished=True)
    with Writer(*load_decoder(decoder)) as writer:
        plain = writer.write(asked, settings, seed=1)
        name = f"_by_{engine}"
        whole = getattr(writer, name)
        monkeypatch.setattr(writer, name, lambda *args: short(whole(*args)))
        most = 8
        again = writer.write(asked, settings, seed=1)
        assert tried == [30, 15, 7, 7, 7, 7, 2] and all(again)
        assert again == plain or engine == "ctranslate2"
        most = 0
        with pytest.raises(ModelError, match="memory to write a single text"):
            writer.write(asked, settings, seed=1)
        monkeypatch.setattr(writer, name, lambda *args: lambda prompts, places: [][0])
        with pytest.raises(IndexError):
            writer.write(asked, settings, seed=1)


@pytest.mark.parametrize("engine", ["ctranslate2", "torch"])
def test_a_stop_keeps_what_is_written(decoder, monkeypatch, engine):
    monkeypatch.setattr(f"trasunto.language.generate.{'BATCH' if engine == 'ctranslate2' else 'TORCH_BATCH'}", 4)
    if engine == "torch":
        monkeypatch.setattr("trasunto.language.generate._has_ctranslate2", lambda: False)
    told = []
    with Writer(*load_decoder(decoder)) as writer:
        asked, settings = ["the room was"] * 12, Sampling(longest=8, unfinished=True)
        made = writer.write(asked, settings, seed=1, stop=lambda: True, progress=lambda *each: told.append(each[1:]))
        assert all(made[:4]) and made[4:] == [""] * 8
        assert told == [(0, 12), (4, 12)] and 0 < writer.tokens <= 32
        assert made[:4] == writer.write(asked, settings, seed=1)[:4]


def test_what_was_written_is_told_with_its_tokens(decoder):
    with Writer(*load_decoder(decoder)) as writer:
        found = writer.complete(["the room was", ""], Sampling(longest=5, temperature=0.0), seed=0)
        assert [each.tokens for each in found] == [5, 5] and not any(each.ended for each in found)
        assert found[0].tokens_in == len(writer.tokenizer("the room was")["input_ids"]) and found[1].tokens_in == 1
        (ended,) = writer.complete(["the room was"], Sampling(longest=90, temperature=0.0), seed=0)
        assert ended.ended and "<end>" not in ended.text
        # A token of the caller's ends a text, too.
        stop = writer.tokenizer.convert_ids_to_tokens(writer.tokenizer(found[0].text)["input_ids"][1])
        (short,) = writer.complete(["the room was"], Sampling(longest=90, temperature=0.0, ends=(stop,)), seed=0)
        assert short.ended and short.tokens == 2 and ended.text.startswith(short.text)
        assert writer.complete([], Sampling(), seed=0) == []


def test_prompts_of_any_length_are_written_together(decoder):
    asked, settings = (
        ["the room was", "the", "we want our money"],
        Sampling(longest=6, temperature=0.0, unfinished=True),
    )
    with Writer(*load_decoder(decoder)) as writer:
        assert writer.write(asked, settings, seed=0) == [writer.write([each], settings, seed=0)[0] for each in asked]


def test_a_prompt_that_fills_the_context_is_refused(decoder):
    with Writer(*load_decoder(decoder)) as writer:
        with pytest.raises(ModelError, match=r"leaves no room to write: the model reads 128\."):
            writer.write(["good " * 200], Sampling(), seed=0)
        (nearly,) = writer.complete(["a" * 126], Sampling(longest=40, temperature=0.0), seed=0)
        assert nearly.tokens_in + nearly.tokens <= 128


def test_the_synthesizer_keeps_columns_labels_and_its_rows_after_saving(texts, quick, tmp_path):
    real = reviews(texts)
    model = tr.fit(real, "lm-finetune", seed=0, settings=quick)
    made, curation = model.sample_with_curation(24, seed=1)
    assert made.rows.columns == ["text", "label", "stars"]
    assert made.rows["text"].null_count() == 0 and (made.rows["text"].str.len_chars() > 0).all()
    assert set(made.rows["label"]) <= {"good", "bad"}
    assert curation.written >= curation.kept == 24
    model.save(tmp_path / "model")
    assert load_model(tmp_path / "model").sample(24, seed=1).digest() == made.digest()
    assert model.describe()["fitted_to"] == len(real)
    kept = {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert kept == {".json", ".npz", ".safetensors"}


def test_no_private_text_lies_in_the_saved_model(texts, quick, tmp_path):
    tr.fit(reviews(texts), "lm-finetune", seed=0, settings=quick).save(tmp_path / "model")
    for path in (tmp_path / "model").rglob("*.json"):
        assert "come again number" not in path.read_text(encoding="utf-8")


def test_a_label_that_is_given_is_kept(texts, quick):
    real = reviews(texts)
    model = tr.fit(real, "lm-finetune", seed=0, settings=quick)
    label = TableSchema((real.only.schema["label"],))
    made = model.sample(6, seed=1, given=Dataset.of(Table(label, pl.DataFrame({"label": ["bad"] * 6}))))
    assert made.rows["label"].to_list() == ["bad"] * 6


def test_what_cannot_be_learned_is_refused(texts, quick):
    table = Dataset.of(Table(TableSchema((Column("n", "integer"),)), pl.DataFrame({"n": [1, 2]})))
    with pytest.raises(FitError, match="no column of it"):
        tr.fit(table, "lm-finetune", settings=quick)
    empty = reviews([("", "good")] * 20)
    with pytest.raises(FitError, match="holds 0 texts"):
        tr.fit(empty, "lm-finetune", settings=quick)
    with pytest.raises(BudgetError):
        tr.fit(reviews(texts), "lm-finetune", settings=quick, budget=Budget(1.0))
    with pytest.raises(SampleError, match="-1"):
        tr.fit(reviews(texts), "lm-finetune", settings={**quick, "epochs": 1}).sample(-1, seed=0)
    with pytest.raises(FitError, match="above 0"):
        tr.fit(reviews(texts), "lm-finetune", settings={**quick, "temperatures": [0.0]})


def test_models_are_found_by_name_or_folder_and_never_fetched(decoder, tmp_path):
    assert find(decoder) == decoder
    with pytest.raises(TrasuntoError, match="smollm2-135m"):
        find("smollm2")
    with pytest.raises(ModelError, match=r"no config\.json"):
        find(tmp_path)
    assert {model.name for model in models()} == {"smollm2-135m", "minilm-l6"}


@pytest.mark.slow
def test_the_real_model_writes_readable_messages(tmp_path):
    """SmolLM2 on 120 real messages for 15 seconds: it writes, keeps the labels, and copies nobody."""
    real = tr.read("packaged:sms").with_role("label", "label")
    train, holdout = real.split(holdout=0.9, seed=0, stratify="label")
    few = train.with_table(train.only.take(range(120)))
    model = tr.fit(few, "lm-finetune", seed=0, settings={"max_seconds": 15.0})
    made = model.sample(16, seed=1)
    assert len(made) == 16
    report = tr.evaluate(few, made, holdout=holdout, metrics=["privacy.verbatim_text"])
    assert report.score("privacy.verbatim_text").value == 0.0
