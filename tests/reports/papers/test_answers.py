"""What people answer is kept, shown in each language, and never filled by a machine."""

import pytest
import yaml

from trasunto.errors import FileError, RecipeError
from trasunto.reports.papers.answers import Answers, read_answers
from trasunto.reports.papers.recorded import recorded
from trasunto.reports.papers.words.asked import ASKED
from trasunto.reports.papers.write import compose, papers, template


def test_a_template_asks_every_question_and_answers_none(full, tmp_path):
    path = tmp_path / "answers.yaml"
    asked = template(full, path, answers=Answers())
    document = yaml.safe_load(path.read_text())
    assert set(document["answers"]) == set(asked) == set(ASKED)
    assert set(document["answers"].values()) == {""}
    assert document["run"] == "readmission-1234abcd"
    assert papers(full, names=("dpia",), formats=("md",), answers=path, folder=tmp_path / "p").open


def test_answers_are_shown_with_who_gave_them_and_no_longer_counted(full, tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text(
        'run: readmission-1234abcd\nanswers:\n  controller: "Hospital: Calle 1"\n  legal_basis: {en: Art. 6(1)(e), es: Art. 6.1.e}\n'
        "  review: 2027-05-01\n  recipients: [university, ministry]\n"
    )
    answers, run = read_answers(path), recorded(full)
    for language, basis in (("en", "Art. 6(1)(e)"), ("es", "Art. 6.1.e")):
        before, after = (compose(run, "dpia", language, each) for each in (Answers(), answers))
        given = {block.key: block.answer for block in after.blocks if getattr(block, "answer", "")}
        assert given == {
            "controller": "Hospital: Calle 1", "legal_basis": basis, "review": "2027-05-01",
            "recipients": "university; ministry",
        }  # fmt: skip
        assert len(after.blanks) == len(before.blanks) - 4
        assert answers.digest in str(after.blocks)


def test_all_answers_make_a_complete_draft(full, tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text(yaml.safe_dump({"answers": {key: f"answer to {key}" for key in ASKED}}))
    done = papers(full, formats=("md",), answers=path, folder=tmp_path / "p")
    assert done.open == ()
    page = (done.folder / "es" / "dpia.md").read_text()
    assert "Por completar" not in page and "Borrador completo" in page and "answer to legal\\_basis" in page


def test_answers_for_another_run_are_shown_as_such(full, tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text("run: another-run\nanswers: {controller: Hospital}\n")
    paper = compose(recorded(full), "dpia", "en", read_answers(path))
    assert "another run (another-run)" in str(paper.blocks)


def test_a_template_written_again_keeps_the_answers(full, tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text('run: old\nanswers: {controller: "a \\"b\\" \\\\ c", dpo: {en: x, es: "y: z"}, ai_gaps: none}\n')
    template(full, path, names=("dpia",), answers=read_answers(path))
    answers = read_answers(path)
    assert answers.of("controller", "es") == 'a "b" \\ c'
    assert (answers.of("dpo", "en"), answers.of("dpo", "es")) == ("x", "y: z")
    assert answers.of("ai_gaps", "en") == "none" and answers.run == "old"
    assert "legal_basis" in answers.given


def test_an_answer_in_one_language_serves_both():
    answers = Answers({"dpo": {"es": "Ana", "en": ""}})
    assert answers.of("dpo", "en") == "Ana" and answers.of("controller", "en") == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("answers: {controler: x}", "'controller'"),
        ("answers: {controller: {fr: x}}", "'fr'"),
        ("[1, 2]", "no mapping"),
        ("answers: [1]", "no mapping"),
        ("answers: {a: b: c}", "not valid YAML"),
    ],
)
def test_a_broken_file_of_answers_is_refused_with_the_next_move(tmp_path, text, says):
    path = tmp_path / "answers.yaml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=says):
        read_answers(path)
    with pytest.raises(FileError, match="cannot be read"):
        read_answers(tmp_path / "nowhere.yaml")
