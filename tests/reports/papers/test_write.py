"""Every paper in both languages: rendered, true to the run, silent where the run is silent, and the same twice."""

import hashlib
import json
import re
import shutil

import pytest
import yaml

from trasunto.errors import RecipeError, StoreError
from trasunto.reports.papers.answers import Answers
from trasunto.reports.papers.laws import LAWS
from trasunto.reports.papers.recorded import recorded
from trasunto.reports.papers.words.asked import ASKED, WHO
from trasunto.reports.papers.words.said import WORDS
from trasunto.reports.papers.write import PAPERS, compose, papers

BOTH = ("en", "es")
EACH = [(name, language) for name in PAPERS for language in BOTH]


def text(run, name, language="en", answers=None):
    """The paper as Markdown, marks of escape taken away."""
    from trasunto.reports.markdown import block_text

    paper = compose(recorded(run), name, language, answers or Answers())
    return re.sub(r"\\(.)", r"\1", "\n\n".join(block_text(block) for block in paper.blocks))


@pytest.fixture(scope="module")
def written(full, tmp_path_factory):
    return papers(full, folder=tmp_path_factory.mktemp("papers"))


def test_every_paper_is_written_in_every_form_and_language_and_linked_from_the_index(written):
    for name, language in EACH:
        for form in ("md", "html", "pdf"):
            assert (written.folder / language / f"{name}.{form}").stat().st_size > 1000
        assert (written.folder / language / f"{name}.pdf").read_bytes().startswith(b"%PDF")
    for form in ("md", "html"):
        page = (written.folder / f"index.{form}").read_text()
        links = re.findall(r'href="([^"#]+)"' if form == "html" else r"\]\(<([^>]+)>\)", page)
        assert len(links) == len(EACH) + 4
        assert all((written.folder / link).is_file() for link in links)


@pytest.mark.parametrize("form", ["md", "html"])
def test_no_place_to_fill_is_left_and_no_word_is_missing(written, form):
    for name, language in EACH:
        page = (written.folder / language / f"{name}.{form}").read_text()
        page = re.sub(r"<style>.*?</style>", "", page, flags=re.S)
        assert not re.search(r"\{\w*\}", page), (name, language)
        assert not re.search(r"\| None|: None|>None<|\bnan\b", page), (name, language)


def test_two_writings_are_equal_byte_for_byte(full, written, tmp_path):
    again = papers(full, names=("dpia", "lineage", "data-card"), folder=tmp_path / "x" / "papers")
    for path in again.files:
        old = written.folder / path.relative_to(again.folder)
        if path.stem not in ("index", "croissant"):  # the index links fewer papers; Croissant's addresses are relative
            assert path.read_bytes() == old.read_bytes(), path


def test_no_value_of_any_row_reaches_a_paper(written):
    for path in written.files:
        if path.suffix != ".pdf":
            page = path.read_text()
            for private in ("Rareville", "Madrid", "rare syndrome", "Garcia", "Evangelina"):
                assert private not in page, (path, private)


@pytest.mark.parametrize("language", BOTH)
def test_a_run_without_facts_of_privacy_claims_nothing(bare, language):
    none = WORDS["m.dp_no"][BOTH.index(language)]
    not_measured = WORDS["not_measured"][BOTH.index(language)]
    statement = text(bare, "dp-statement", language)
    assert WORDS["dp.none"][BOTH.index(language)] in statement
    assert "epsilon)" not in statement and "ε =" not in statement
    assessment = text(bare, "anonymisation", language)
    assert assessment.count(WORDS["an.unmeasured"][BOTH.index(language)]) == 3
    assert none in assessment
    assert "metrics" in assessment and "privacy.keys" in assessment
    assert not_measured in text(bare, "dpia", language)
    assert WORDS["co.none"][BOTH.index(language)] in text(bare, "consent", language)
    assert WORDS["de.linked.unmeasured"][BOTH.index(language)] in text(bare, "deidentification", language)
    assert WORDS["protection.none"][BOTH.index(language)] in text(bare, "data-card", language)
    assert WORDS["lm.none"][BOTH.index(language)] in text(bare, "language-model-card", language)


CLAIMS = [
    ("dp-statement", "1.5", lambda f, m, r: m["guarantee"]["spent"].update(epsilon=2.75), "2.75"),
    ("dp-statement", "1 × 10⁻⁷", lambda f, m, r: m["guarantee"]["spent"].update(delta=3e-9), "3 × 10⁻⁹"),
    ("dp-statement", "one person (column patient)", lambda f, m, r: m["guarantee"].update(unit="row"), "one row"),
    ("dp-statement", "marginals | discrete", lambda f, m, r: m["guarantee"]["spending"].pop(), None),
    ("dp-statement", "column names are public", lambda f, m, r: m["guarantee"]["assumptions"].pop(0), None),
    ("dp-statement", "left | ε = 1.5, δ = 8 × 10⁻⁷", lambda f, m, r: f["privacy"]["ledger"].update(left={"epsilon": 0.125}), "left | ε = 0.125 |"),
    ("dp-statement", "does not contradict", lambda f, m, r: f["privacy"]["audit"].update(epsilon_lower=1.9), "Do not release"),
    ("dp-statement", "1000", lambda f, m, r: f["privacy"]["audit"].update(canaries=77), "canaries planted | 77"),
    ("processing-record", "research on readmission", lambda f, m, r: f["privacy"].update(purpose="billing"), "billing"),
    ("processing-record", "name (pseudonymised)", lambda f, m, r: f["privacy"]["protection"]["actions"][0].update(action="drop"), "name (left out)"),
    ("processing-record", "(k) | 1 | 7", lambda f, m, r: f["privacy"]["protection"]["after"].update(k=5), "(k) | 1 | 5"),
    ("processing-record", "notes: 3", lambda f, m, r: f["privacy"]["protection"].update(left={}), None),
    ("processing-record", "birth | date of birth | generalised", lambda f, m, r: f["privacy"]["protection"]["actions"].pop(1), None),
    ("processing-record", "ward.csv", lambda f, m, r: f["data"].update(source="clinic.parquet"), "clinic.parquet"),
    ("processing-record", "| address |", lambda f, m, r: r["data"].update(drop=["street"]), "| street |"),
    ("dpia", "400 of 431", lambda f, m, r: f["data"].update(rows=123), "123 of 431"),
    ("dpia", "sensitive columns (city, diagnosis)", lambda f, m, r: f["privacy"].update(secrets=["age"]), "(city, diagnosis, age)"),
    ("dpia", "repair: share of outcomes changed | 6.7 %", lambda f, m, r: f["fairness"].pop("repair"), None),
    ("dpia", "[To be completed by: steward of the data — Justification", lambda f, m, r: f["fairness"].update(flags=[]), None),
    ("dpia", "0.317", lambda f, m, r: f["fairness"]["before"][0].update(value=0.444), "0.444"),
    ("anonymisation", "city, age", lambda f, m, r: f["privacy"].update(keys=["age", "seen"]), "age, seen"),
    ("anonymisation", "0.043 | yes", lambda f, m, r: m["gates"][0].update(passed=False), "0.043 | no"),
    ("anonymisation", "rows that the generator learnt from | 299", lambda f, m, r: m["split"]["parts"]["train"].update(rows=298), "298"),
    ("consent", "rows left out for want of consent | 31", lambda f, m, r: f["privacy"]["consent"].update(rows_excluded=32), "rows kept | 399"),
    ("consent", "religion", lambda f, m, r: f["privacy"]["consent"].update(columns_excluded=[]), None),
    ("model-card", "McKenna", lambda f, m, r: f["synthesis"]["method"].update(source="Zhang et al. 2017"), "Zhang"),
    ("language-model-card", "22,715,911", lambda f, m, r: f["training"].update(parameters=7), "parameters | 7 |"),
    ("ai-act", "minilm-l6", lambda f, m, r: f["training"].update(base="another"), "another"),
    ("ai-act", "300 synthetic texts; less than 1 billion", lambda f, m, r: f["training"].update(examples=9 * 10**8), "900,000,000 synthetic texts |"),
    ("data-card", "CC BY 4.0", lambda f, m, r: f["data"].pop("licence"), None),
    ("lineage", "c" * 64, lambda f, m, r: f["data"].update(digest="9" * 64), "9" * 64),
]  # fmt: skip


@pytest.mark.parametrize(("name", "told", "change", "then"), CLAIMS)
def test_a_claim_follows_its_fact(full, maker, tmp_path, name, told, change, then):
    def copied(facts, manifest, recipe):
        for key in facts:
            facts[key] = json.loads(json.dumps(facts[key]))
        manifest["guarantee"] = json.loads(json.dumps(manifest["guarantee"]))
        change(facts, manifest, recipe)

    assert told.replace("1000", "1,000") in text(full, name)
    other = text(maker(tmp_path / "run", change=copied), name)
    if then is None:
        assert told not in other
    else:
        assert then in other


def test_a_score_follows_what_was_measured_and_a_leak_is_named(full):
    assessment = text(full, "anonymisation")
    assert "0.043 | 0.011 – 0.077 | 0.000 | 0.000 | scores.json: privacy.singling_out" in assessment
    assert assessment.count("The interval lies above it") == 1
    assert assessment.count("does not lie above it") == 2
    assert "Guessing alone" not in assessment
    assert "Not measured" not in assessment.partition("Beyond the three tests")[0]
    assert "privacy.nearer_to_train" in assessment


def test_facts_are_read_from_the_other_files_when_there_is_no_report_in_json(maker, tmp_path):
    run = maker(tmp_path / "run", report=False)
    statement = text(run, "dp-statement")
    assert "epsilon (ε) | 1.5 | run.json: guarantee.spent.epsilon" in statement
    record = text(run, "processing-record")
    assert "ward.csv" in record and "not recorded in this run" in record


def test_every_blank_is_counted_and_told_by_whom(full):
    for name, language in EACH:
        paper = compose(recorded(full), name, language, Answers())
        keys = {block.key for block in paper.blocks if hasattr(block, "hint")}
        assert len(paper.blanks) == len(keys)
        first = paper.blocks[0].text
        if keys:
            assert str(len(keys)) in first
            assert sum(int(n) for n in re.findall(r"\((\d+)\)", first)) == len(keys)
        else:
            assert first == WORDS["open.none"][BOTH.index(language)]


def test_both_languages_say_the_same_things_with_the_same_numbers(written):
    for name in PAPERS:
        pages = [(written.folder / language / f"{name}.md").read_text() for language in BOTH]
        assert len({page.count("\n## ") for page in pages}) == 1
        assert len({len(re.findall(r"^> \*\*", page, re.M)) for page in pages}) == 1
        english, spanish = (page.partition("## ")[2] for page in pages)
        spanish = re.sub(r"(?<=\d)[.,](?=\d)", lambda found: "," if found[0] == "." else ".", spanish)
        tables = [[row for row in page.splitlines() if row.startswith("|")] for page in (english, spanish)]
        assert len(tables[0]) == len(tables[1]), name
        for one, two in zip(*tables, strict=True):
            sources = [re.findall(r"(?:json|yaml): [\w.\\]+", row) for row in (one, two)]
            assert sources[0] == sources[1]


def test_words_exist_in_both_languages_with_the_same_places_to_fill():
    for key, (english, spanish) in WORDS.items():
        assert english.strip() and spanish.strip(), key
        assert set(re.findall(r"\{(\w+)\}", english)) == set(re.findall(r"\{(\w+)\}", spanish)), key
    for key, (who, what, hint) in ASKED.items():
        assert who in WHO and all(what) and all(hint), key
    for key, law in LAWS.items():
        assert all(law.act) and all(law.about) and re.fullmatch(r"20\d\d-\d\d-\d\d", law.noted), key


def test_every_question_is_asked_in_some_paper_and_every_law_is_cited(full):
    asked, cited = set(), ""
    for name in PAPERS:
        asked |= {blank.key for blank in compose(recorded(full), name, "en", Answers()).blanks}
        cited += text(full, name)
    assert asked == set(ASKED)
    assert [key for key, law in LAWS.items() if law.about[0] not in cited] == []


def test_a_changed_file_or_an_unfinished_run_is_refused(maker, tmp_path):
    run = maker(tmp_path / "run")
    csv = run / "synthetic" / "ward.csv"
    csv.write_text(csv.read_text() + "1,a,1.0,true,,well\n")
    with pytest.raises(StoreError, match=r"ward\.csv is not as the run left it"):
        papers(run)
    (run / "run.json").unlink()
    with pytest.raises(StoreError, match="no finished run"):
        papers(run)


def test_a_report_of_another_run_is_refused(maker, tmp_path):
    run = maker(tmp_path / "run", change=lambda facts, manifest, recipe: facts["run"].update(digest="0" * 64))
    with pytest.raises(StoreError, match="another run"):
        papers(run)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"names": ("dpa",)}, "'dpia'"),
        ({"formats": ("doc",)}, "No paper in the form 'doc'"),
        ({"languages": ("fr",)}, "No paper in language 'fr'"),
        ({"formats": ()}, "at least one form"),
    ],
)
def test_a_wrong_wish_is_refused_with_what_there_is(full, tmp_path, wrong, says):
    with pytest.raises(RecipeError, match=says):
        papers(full, folder=tmp_path, **wrong)
    assert list(tmp_path.iterdir()) == []


def test_names_of_columns_that_try_to_break_out_do_not(maker, tmp_path):
    evil = '</script><script>alert(1)</script>|`$#"]) #panic("x")'

    def change(facts, manifest, recipe):
        facts["data"]["source"] = evil
        recipe["data"]["drop"] = [evil]
        facts["privacy"] = {"purpose": evil, "keys": [evil]}

    run = maker(tmp_path / "run", change=change, fairness={})
    done = papers(run, names=("dpia", "data-card"), languages=("es",))
    page = (done.folder / "es" / "dpia.html").read_text()
    assert "<script>alert" not in page and "&lt;script&gt;" in page.replace("<wbr>", "")


def test_a_model_card_begins_with_the_head_that_the_hub_reads(written):
    for name, metric in (("model-card", "fidelity.c2st"), ("language-model-card", "f1")):
        page = (written.folder / "en" / f"{name}.md").read_text()
        head = yaml.safe_load(page.split("---\n")[1])
        assert page.startswith("---\n") and "license" not in head
        metrics = head["model-index"][0]["results"][0]["metrics"]
        assert metric in {each["type"] for each in metrics}
    assert head["base_model"] == "minilm-l6" and head["pipeline_tag"] == "text-classification"


def test_what_a_run_of_today_leaves_behind_is_enough(tmp_path):
    from trasunto.pipeline.recipe import Recipe
    from trasunto.pipeline.run import run

    recipe = {
        "title": "Tumours", "data": {"source": "packaged:breast_cancer", "target": "target"}, "split": {"holdout": 0.4},
        "synthesizer": {"name": "independent"}, "metrics": ["fidelity.shapes", "privacy.exact_copies"],
        "report": {"formats": ["json"]},
    }  # fmt: skip
    done = run(Recipe.from_dict(recipe), folder=tmp_path / "run")
    made = papers(done.folder, formats=("md",))
    card = (made.folder / "en" / "data-card.md").read_text().replace("\\", "")
    assert "packaged:breast_cancer" in card and done.manifest["artifacts"]["synthetic/breast_cancer.csv"] in card
    shutil.rmtree(made.folder)


def test_the_words_of_the_run_are_put_into_spanish():
    from trasunto.networks.private import ASSUMED
    from trasunto.privacy.mechanisms import INJECTED
    from trasunto.reports.papers.words.spoken import spoken
    from trasunto.synthesizers.marginals import METHODS

    added_up = " Discrete Gaussian noise and the exponential mechanism, added up as zCDP."
    for sentence in (*ASSUMED, INJECTED, *(told + added_up for told in METHODS.values())):
        assert "en inglés" not in spoken(sentence, "es") and spoken(sentence, "en") == sentence
    assert spoken("Marginal of age, city", "es") == "Marginal de age, city"
    assert spoken("Something new.", "es") == "«Something new.» (en inglés en el registro)"


def test_noise_that_was_injected_guarantees_nothing(maker, tmp_path):
    from trasunto.privacy.mechanisms import INJECTED

    def change(facts, manifest, recipe):
        manifest["guarantee"] = {**manifest["guarantee"], "assumptions": [INJECTED]}

    run = maker(tmp_path / "run", change=change)
    statement = text(run, "dp-statement")
    assert "injected for a test" in statement and WORDS["dp.none"][0] in statement
    assert "epsilon 1.5" not in statement + text(run, "anonymisation") + text(run, "data-card")


def test_an_attack_that_guessing_beats_is_told_beside_guessing(maker, tmp_path):
    run = maker(tmp_path / "run")
    found = json.loads((run / "scores.json").read_text())
    next(each for each in found if each["metric"] == "privacy.inference")["baseline"] = 0.525
    (run / "scores.json").write_text(json.dumps(found))
    manifest = json.loads((run / "run.json").read_text())
    manifest["artifacts"]["scores.json"] = hashlib.sha256((run / "scores.json").read_bytes()).hexdigest()
    (run / "run.json").write_text(json.dumps(manifest))
    assert "Guessing alone, without the synthetic rows, reaches 0.525." in text(run, "anonymisation")
