"""One recipe through Python and through the command line gives one digest."""

import json

from trasunto.cli.main import code_of
from trasunto.pipeline.recipe import Recipe, load_recipe
from trasunto.pipeline.run import run

RECIPE = {
    "title": "Doors",
    "data": {"source": "packaged:breast_cancer", "target": "target", "rows": 200},
    "metrics": ["fidelity.shapes", "privacy.exact_copies"],
    "report": {"formats": ["json"]},
}


def test_python_and_the_command_line_agree(tmp_path, capsys):
    (tmp_path / "recipe.yaml").write_text(json.dumps(RECIPE))
    by_hand = run(Recipe.from_dict(RECIPE), folder=tmp_path / "python")
    by_file = run(load_recipe(tmp_path / "recipe.yaml"), folder=tmp_path / "file")
    capsys.readouterr()
    assert code_of(["run", str(tmp_path / "recipe.yaml"), "-o", str(tmp_path / "cli"), "--json"]) == 0
    by_command = json.loads(capsys.readouterr().out)
    assert by_hand.manifest["digest"] == by_file.manifest["digest"] == by_command["digest"]
