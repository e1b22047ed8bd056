"""A file imports from its own folder and from floors below; heavy libraries keep to their rooms."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import trasunto

ROOT = Path(trasunto.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
FLOORS = {
    "errors": 0, "registry": 0, "progress": 0, "writing": 0, "machine": 0, "executors": 0, "data": 1, "connectors": 2, "privacy": 2,
    "encoders": 3, "rules": 3, "metrics": 4, "networks": 4, "graphical": 4, "language": 5, "synthesizers": 6,
    "reports": 7, "store": 7, "pipeline": 8, "cli": 9, "testing": 9, "integrations": 9, "__main__": 10,
}  # fmt: skip
# Windows between floors: conveniences of a dataset that call the connector or the writer when they are used.
WINDOWS = {("data/dataset.py", "connectors")}
ROOMS = {
    "torch": {"networks", "language", "synthesizers", "cli"},
    "transformers": {"language"},
    "peft": {"language"},
    "ctranslate2": {"language"},
    "httpx": {"language"},
    "xllamacpp": {"language"},
    "typst": {"reports"},
    "vl_convert": {"reports"},
    "nbclient": {"reports"},
    "click": {"cli"},
    "rich": {"cli"},
    "pydantic": {"pipeline"},
    "pandas": {"data", "connectors"},
    "sqlalchemy": {"connectors"},
    "duckdb": {"connectors"},
    "deltalake": {"connectors"},
    "pyiceberg": {"connectors"},
    "ray": {"integrations"},
}
NO_NAMES = {"utils", "util", "common", "helpers", "base", "core", "engine", "manager", "misc"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            if node.module == "trasunto":
                yield from (f"trasunto.{alias.name}" for alias in node.names)


def room(path):
    parts = path.relative_to(ROOT).parts
    return parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down(path):
    mine = room(path)
    if mine == "__init__":
        return
    for module in imports(path):
        if not module.startswith("trasunto."):
            continue
        other = module.split(".")[1]
        if other in ("__version__", mine) or (str(path.relative_to(ROOT)), other) in WINDOWS:
            continue
        assert other in FLOORS, f"{module} has no floor"
        assert FLOORS[other] < FLOORS[mine] or FLOORS[mine] == FLOORS[other] == 0, f"{path} reaches up to {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_heavy_libraries_keep_to_their_rooms(path):
    for module in imports(path):
        top = module.partition(".")[0]
        assert top not in ROOMS or room(path) in ROOMS[top], f"{path} imports {module}"
        assert top not in ("pickle", "joblib", "dill", "cloudpickle"), f"{path} imports {module}"


def test_there_is_no_circle():
    """Module-level imports (those that run when a file is imported) form no circle."""
    graph = {}
    for path in FILES:
        name = ".".join(("trasunto", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")
        graph[name] = {m for m in top_level(path) if m.startswith("trasunto")}
    done, under_way = set(), []

    def visit(module):
        assert module not in under_way, " → ".join([*under_way, module])
        if module in done or module not in graph:
            return
        under_way.append(module)
        for other in graph[module]:
            visit(other)
        under_way.pop()
        done.add(module)

    for module in graph:
        visit(module)


def top_level(path):
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_keep_their_size(path):
    text = path.read_text(encoding="utf-8")
    assert path.stem not in NO_NAMES
    assert len(text.splitlines()) <= 400, "a file over 400 lines tells two stories"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1
            assert length <= 75, f"{node.name} has {length} lines"
            count = len(node.args.args) + len(node.args.kwonlyargs)
            commanded = room(path) == "cli" and node.name == "command"
            # The verb that compares takes all that can be asked of a comparison.
            commanded |= room(path) == "pipeline" and node.name == "evaluate"
            assert count <= 9 or commanded, f"{node.name} takes {count} parameters"
            assert node.args.kwarg is None or node.name == "say", f"{node.name} takes any keyword"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_things_are_documented(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if path.name != "__init__.py" and room(path) != "cli":
        assert ast.get_docstring(tree), f"{path} does not say what it is for"
    if room(path) in ("reports", "cli", "pipeline", "store"):
        return
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node) or node.name in ("Progress",), f"{path}: {node.name} is not documented"


@pytest.mark.parametrize("start", ["import trasunto", "from trasunto.cli import main; main.code_of(['--help'])"])
def test_the_package_and_its_help_load_nothing_heavy(start):
    heavy = "('torch', 'transformers', 'polars', 'sklearn', 'scipy', 'pandas', 'numpy', 'pydantic', 'rich')"
    code = f"{start}\nimport sys\nfound = [m for m in {heavy} if m in sys.modules]\nassert not found, found"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
