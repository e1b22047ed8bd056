"""lm-prompt asks an engine for texts of every layout, sifts them, and shows nobody's text where it may not."""

import itertools
import json
import re
from collections import Counter

import polars as pl
import pytest

import trasunto as tr
from trasunto.data.dataset import Dataset, Table
from trasunto.data.dialogues import Turn, messages, turns_of
from trasunto.data.schema import Column, Format, TableSchema
from trasunto.errors import BudgetError, EngineError, FileError, FitError, ModelError, SampleError
from trasunto.language.curation.thrown import FILE, thrown_to
from trasunto.privacy.budget import Budget
from trasunto.synthesizers.lm_prompt import LmPrompt
from trasunto.synthesizers.model import load_model

WORDS = [
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "harbour",
    "island",
    "jungle",
    "kettle",
    "lantern",
    "meadow",
    "nectar",
    "orchard",
]
PHRASES = [" ".join(each) for each in itertools.permutations(WORDS, 4)]


def reviews(rows=40):
    schema = TableSchema(
        (Column("text", "text"), Column("label", "category", role="label"), Column("stars", "category"))
    )
    good = [i % 2 == 0 for i in range(rows)]
    return Dataset.of(
        Table(
            schema,
            pl.DataFrame(
                {
                    "text": [
                        f"secret {'good' if g else 'bad'} review of {PHRASES[i * 67]}" for i, g in enumerate(good)
                    ],
                    "label": ["good" if g else "bad" for g in good],
                    "stars": ["five" if g else "one" for g in good],
                }
            ),
        ),
        "reviews",
    )


def pairs(kind, rows=30):
    roles = {"question-answer": ("prompt", "response"), "translation": ("source", "translation")}[kind]
    schema = TableSchema((Column("first", "text", role=roles[0]), Column("second", "text", role=roles[1])))
    frame = pl.DataFrame(
        {
            "first": [f"what of {PHRASES[i * 31]}?" for i in range(rows)],
            "second": [f"so {PHRASES[i * 53]}" for i in range(rows)],
        }
    )
    return Dataset.of(Table(schema, frame))


def dialogues(rows=20):
    said = [
        messages([Turn("user", f"ask {PHRASES[i * 7]}"), Turn("assistant", f"say {PHRASES[i * 11]}")])
        for i in range(rows)
    ]
    column = Column("messages", "text", format=Format(messages=True))
    return Dataset.of(Table(TableSchema((column,)), pl.DataFrame({"messages": said})))


def numbers(rows=90):
    schema = TableSchema((Column("town", "category"), Column("age", "integer")))
    return Dataset.of(
        Table(schema, pl.DataFrame({"town": ["Lugo", "Oslo"] * (rows // 2), "age": [20 + i % 30 for i in range(rows)]}))
    )


def obedient(body, number):
    """Answers with JSON of the schema it is sent, each text new; else with a new line."""
    fresh = iter(PHRASES[number * 101 :])
    if "response_format" not in body:
        return 200, {}, chat(f"a new line of {next(fresh)}")
    schema = body["response_format"]["json_schema"]["schema"]
    return 200, {}, chat(json.dumps(made(schema, fresh), ensure_ascii=False))


def made(schema, fresh):
    if schema["type"] == "object":
        if set(schema["properties"]) == {"town", "age"}:
            return {"town": "Oslo", "age": str(20 + len(next(fresh)) % 20)}
        return {name: made(each, fresh) for name, each in schema["properties"].items()}
    if schema["type"] == "array":
        return [made(schema["items"], fresh) for _ in range(schema.get("maxItems", 2))]
    return schema["enum"][0] if "enum" in schema else f"new {next(fresh)}"


def chat(text):
    return {
        "choices": [{"message": {"content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 9, "completion_tokens": 7},
    }


@pytest.fixture
def settings(server, tmp_path):
    server.answer = obedient
    serving = {
        "cache": str(tmp_path / "replies.sqlite"),
        "first_wait": 0.01,
        "tries": 2,
        "price_in": 1.0,
        "price_out": 2.0,
    }
    return {"engine": server.address, "model": "tiny", "serving": serving, "agree": False}


def prompts_of(server):
    return [body["messages"][-1]["content"] for body in server.asked]


def test_labelled_texts_are_asked_for_by_label_with_exemplars_attributes_and_a_persona(server, settings, tmp_path):
    mine = tmp_path / "personas.txt"
    mine.write_text("a beekeeper\n", encoding="utf-8")
    model = tr.fit(
        reviews(),
        "lm-prompt",
        seed=0,
        settings={**settings, "personas": str(mine), "about": "hotel reviews", "several": 4},
    )
    made, wrote = model.sample_with_curation(20, seed=1)
    assert made.rows.columns == ["text", "label", "stars"] and len(made) == 20
    assert made.rows["text"].n_unique() == 20 and made.rows["text"].null_count() == 0
    for prompt in prompts_of(server):
        label = re.search(r'of the kind "(\w+)"', prompt)[1]
        shown = re.findall(r"^- (secret .*)$", prompt, re.M)
        assert len(shown) == 3 and all(f"secret {label} review" in each for each in shown)
        assert "hotel reviews" in prompt and "a beekeeper" in prompt and "stars is " in prompt
    assert wrote.curation.kept == 20 and wrote.usage.requests == len(server.asked)
    assert wrote.usage.cost == pytest.approx(len(server.asked) * (9 + 2 * 7) / 1e6)
    assert wrote.to_dict()["usage"]["tokens_out"] == 7 * len(server.asked)


def test_the_same_seed_asks_the_same_saved_or_not_and_nothing_is_paid_twice(server, settings, tmp_path):
    model = tr.fit(reviews(), "lm-prompt", seed=0, settings=settings)
    made = model.sample(10, seed=1)
    paid = len(server.asked)
    model.save(tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.sample(10, seed=1).digest() == made.digest() and len(server.asked) == paid
    assert loaded.sample(10, seed=2).digest() != made.digest() and len(server.asked) > paid
    assert (tmp_path / "model" / "exemplars.json").stat().st_mode & 0o077 == 0
    (tmp_path / "model" / "sieve.npz").write_bytes(b"no archive")
    with pytest.raises(ModelError, match="broken"):
        load_model(tmp_path / "model")


def test_without_exemplars_no_real_text_is_asked_or_kept(server, settings, tmp_path):
    model = tr.fit(reviews(), "lm-prompt", seed=0, settings={**settings, "exemplars": 0})
    model.sample(10, seed=1)
    model.save(tmp_path / "model")
    assert not any("secret" in prompt for prompt in prompts_of(server))
    assert not any("secret" in path.read_text(encoding="utf-8") for path in (tmp_path / "model").rglob("*.json"))


def test_real_texts_leave_this_machine_only_when_they_may(settings):
    elsewhere = {**settings, "engine": "https://models.example.com/v1"}
    with pytest.raises(EngineError, match=r"3 real texts in each prompt would leave.*allow_leaving"):
        tr.fit(reviews(), "lm-prompt", settings=elsewhere)
    allowed = tr.fit(reviews(), "lm-prompt", settings={**elsewhere, "allow_leaving": True})
    assert "3 real texts in each prompt went to tiny at https://models.example.com/v1" in allowed.describe()["leaves"]
    nothing = tr.fit(reviews(), "lm-prompt", settings={**elsewhere, "exemplars": 0})
    assert nothing.describe()["leaves"].startswith("No real text")
    assert tr.fit(reviews(), "lm-prompt", settings=settings).describe()["leaves"] == ""


def test_a_budget_is_refused_with_exemplars_and_pays_the_other_columns_without(server, settings):
    with pytest.raises(BudgetError, match="exemplars to 0"):
        tr.fit(reviews(), "lm-prompt", settings=settings, budget=Budget(1.0))
    budget = Budget(4.0, 1e-6, domain_share=0.2)
    model = tr.fit(reviews(400), "lm-prompt", settings={**settings, "exemplars": 0}, budget=budget)
    assert model.guarantee is not None and model.guarantee.spent.epsilon <= 4.0 + 1e-9
    assert len(model.sample(4, seed=1)) == 4 and not any("secret" in prompt for prompt in prompts_of(server))
    assert not len(model.sieve.runs) and not model.pool.exemplars
    with pytest.raises(BudgetError, match="nothing is learnt"):
        tr.fit(dialogues(), "lm-prompt", settings={**settings, "exemplars": 0}, budget=budget)


@pytest.mark.parametrize("kind", ["question-answer", "translation"])
def test_pairs_are_held_to_a_schema(server, settings, kind):
    model = tr.fit(pairs(kind), "lm-prompt", seed=0, settings=settings)
    made = model.sample(9, seed=1)
    assert model.layout.kind == kind and made.rows["first"].str.starts_with("new ").all()
    assert made.rows["second"].null_count() == 0
    items = server.asked[0]["response_format"]["json_schema"]["schema"]["properties"]["items"]
    assert set(items["items"]["properties"]) == {"first", "second"}
    assert '{"first": "what of' in prompts_of(server)[0]


def test_dialogues_come_as_messages(server, settings):
    made = tr.fit(dialogues(), "lm-prompt", seed=0, settings=settings).sample(5, seed=1)
    for cell in made.rows["messages"]:
        assert all(turn.content.startswith("new ") for turn in turns_of(cell))


def test_rows_are_written_and_what_is_no_row_is_thrown_away(server, settings):
    def spoilt(body, number):
        status, headers, document = obedient(body, number)
        if number == 1:
            value = json.loads(document["choices"][0]["message"]["content"])
            value["items"][0]["age"] = "old"
            document["choices"][0]["message"]["content"] = json.dumps(value)
        return status, headers, document

    server.answer = spoilt
    model = tr.fit(numbers(), "lm-prompt", seed=0, settings=settings)
    made, wrote = model.sample_with_curation(4, seed=1)
    assert model.layout.kind == "rows" and made.rows["age"].dtype == pl.Int64 and set(made.rows["town"]) == {"Oslo"}
    assert wrote.curation.rejected["malformed"] == 1
    row = server.asked[0]["response_format"]["json_schema"]["schema"]["properties"]["items"]["items"]["properties"]
    assert row["town"]["enum"] == ["Lugo", "Oslo"] and "enum" not in row["age"]


def test_a_list_goes_on_and_its_copies_fall_into_a_file(server, settings, tmp_path):
    real = reviews().rows["text"].to_list()

    def lists(body, number):
        text = f"{real[number % 40]}" if number % 3 == 0 else f'2. "a new line of {PHRASES[number * 101]}"\n- and more'
        return 200, {}, chat(text)

    server.answer = lists
    model = tr.fit(reviews(), "lm-prompt", seed=0, settings={**settings, "style": "list"})
    with thrown_to(tmp_path / FILE) as fallen:
        made, wrote = model.sample_with_curation(20, seed=1)
    _, begun = server.asked[0]["messages"]
    assert begun["role"] == "assistant" and re.fullmatch(r"(- secret .*\n){3}-", begun["content"])
    assert server.asked[0]["stop"] == ["\n"]
    assert all(re.fullmatch(r"a new line of [\w ]+", text) for text in made.rows["text"])
    assert wrote.curation.rejected["verbatim"] > 3
    told = [json.loads(line) for line in fallen.read_text(encoding="utf-8").splitlines()]
    assert Counter(each["reason"] for each in told) == wrote.curation.rejected and fallen.stat().st_mode & 0o77 == 0
    assert {each["text"] for each in told if each["reason"] == "verbatim"} <= set(real)
    assert "secret" not in json.dumps(wrote.to_dict())


def test_instructions_are_spanish_or_the_users_own(server, settings, tmp_path):
    tr.fit(reviews(), "lm-prompt", settings={**settings, "language": "es", "personas": "own"}).sample(4, seed=1)
    assert all("Escribe en español" in each and "claramente del tipo" in each for each in prompts_of(server))
    mine = tmp_path / "own.txt"
    mine.write_text("{count} x {label}! {form}", encoding="utf-8")
    tr.fit(reviews(), "lm-prompt", settings={**settings, "template": str(mine)}).sample(2, seed=7)
    assert re.fullmatch(r"\d+ x (good|bad)! Answer with .*", prompts_of(server)[-1])
    for template, what in (
        ("{count} {nope} {form}", "nope"),
        ("{count} texts", "lacks {form}"),
        ("{count", "cannot be read"),
    ):
        with pytest.raises(FitError, match=what):
            LmPrompt(template=template)


def test_a_look_shows_the_prompts_and_what_all_would_cost_before_it_is_spent(server, settings):
    model = tr.fit(reviews(), "lm-prompt", settings=settings)
    look = model.look(100, seed=1, asked=0)
    assert not server.asked and look.estimate["prompts"] == len(look.requests) >= 10
    assert look.estimate["cost"] == pytest.approx(
        (look.estimate["tokens_in"] + 2 * look.estimate["tokens_out"]) / 1e6, abs=1e-4
    )
    look = model.look(100, seed=1)
    assert len(server.asked) == len(look.replies) == 2
    model.sample(100, seed=1)
    assert sorted(prompts_of(server)[:2]) == sorted(each.turns[0].content for each in look.requests[:2])
    assert len(server.asked) == len(look.requests), "what the look asked is not asked again"


def test_too_few_usable_texts_are_one_clear_error(server, settings):
    server.answer = lambda body, number: (
        200,
        {},
        chat(json.dumps({"items": [{"text": "the very same"}] * 10})),
    )
    model = tr.fit(reviews(), "lm-prompt", settings={**settings, "several": 10})
    with pytest.raises(SampleError, match=r"too few can be used.*duplicate"):
        model.sample(40, seed=1)
    with pytest.raises(SampleError, match="-1"):
        model.sample(-1, seed=1)
    assert len(model.sample(0, seed=1)) == 0


def test_what_is_given_is_kept(settings):
    model = tr.fit(reviews(), "lm-prompt", settings=settings)
    label = TableSchema((Column("label", "category"), Column("stars", "category")))
    rows = pl.DataFrame({"label": ["bad"] * 4, "stars": ["one"] * 4})
    made = model.sample(4, seed=1, given=Dataset.of(Table(label, rows)))
    assert made.rows["label"].to_list() == ["bad"] * 4


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"exemplars": -1}, "exemplars is -1"),
        ({"style": "verse"}, "style is 'verse'"),
        ({"serving": {"trys": 3}}, r"serving\.trys"),
        ({"top_p": 0.0}, "top_p is 0.0"),
        ({"template": "nowhere.txt"}, "cannot be read"),
        ({"personas": "nowhere.txt"}, "cannot be read"),
        ({"personas": "own", "style": "list"}, "no personas"),
    ],
)
def test_settings_out_of_range_are_refused(wrong, message):
    with pytest.raises((FitError, EngineError, FileError), match=message):
        LmPrompt(**wrong)
