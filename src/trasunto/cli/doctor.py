from __future__ import annotations

import importlib.util
import platform
import shutil
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import click

from trasunto.cli.main import DONE
from trasunto.cli.say import json_option, say_json, say_table

CORE = ("trasunto", "numpy", "polars", "scikit-learn", "scipy", "pydantic")
# Extra → (the libraries it brings by import name, what they are for).
EXTRAS = {
    "lm": (("torch", "transformers", "peft", "gguf", "safetensors", "ctranslate2"), "language models"),
    "server": (("httpx",), "language models behind an address"),
    "llama": (("xllamacpp",), "GGUF files in this process"),
    "report": (("vl_convert", "typst", "nbformat", "nbclient", "ipykernel"), "charts, PDF, notebooks"),
    "excel": (("fastexcel", "xlsxwriter"), "Excel files"),
    "pandas": (("pandas",), "pandas frames"),
    "arrow": (("pyarrow",), "Arrow tables"),
    "hub": (("datasets",), "Hugging Face data sets"),
    "documents": (("pypdf", "docx"), "PDF and Word documents"),
}


@click.command("doctor")
@json_option
def command(as_json: bool) -> int:
    """Show versions, extras, cores, GPU and offline models, what is missing and how to get it.

    \b
    Examples:
      trasunto doctor
      trasunto doctor --json
    """
    found = _found()
    if as_json:
        say_json(found)
        return DONE
    machine = [(name, str(value)) for name, value in found["machine"].items()]
    say_table("Machine", ("what", "found"), machine)
    say_table("Libraries", ("name", "version"), list(found["versions"].items()))
    extras = [
        (e["extra"], e["for"], "yes" if not e["missing"] else ", ".join(e["missing"]), e["get"])
        for e in found["extras"]
    ]
    say_table("Extras", ("extra", "for", "installed, or what is missing", "how to get it"), extras)
    models = [(m["name"], m["kind"], "yes" if m["found"] else "no", m["get"]) for m in found["models"]]
    say_table("Offline models and data", ("name", "kind", "found", "how to get it"), models)
    return DONE


def _found() -> dict[str, Any]:
    from trasunto.connectors.packaged import PACKAGED, locate
    from trasunto.errors import MissingLibraryError
    from trasunto.language.offline import cache_folder, models
    from trasunto.machine import cores

    def there(name: str) -> bool:
        try:
            return locate(name).exists()
        except MissingLibraryError:
            return False

    extras = []
    for extra, (libraries, purpose) in EXTRAS.items():
        missing = [name for name in libraries if importlib.util.find_spec(name) is None]
        get = f'pip install "trasunto[{extra}]"' if missing else ""
        extras.append({"extra": extra, "for": purpose, "missing": missing, "get": get})
    known = [{"name": m.name, "kind": m.kind, "found": m.found, "get": "" if m.found else m.install} for m in models()]
    known += [
        {
            "name": f"packaged:{d.name}",
            "kind": "data",
            "found": there(d.name),
            "get": "" if there(d.name) else d.install,
        }
        for d in PACKAGED.values()
    ]
    return {
        "machine": {
            "python": platform.python_version(),
            "platform": platform.platform(terse=True),
            "cores": cores(),
            "memory_gb": _memory(),
            "gpu": _gpu(),
            "cache": str(cache_folder()),
            "disk_free_gb": round(shutil.disk_usage(".").free / 1e9, 1),
        },
        "versions": {name: _version(name) for name in CORE},
        "extras": extras,
        "models": known,
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _memory() -> float | None:
    import os

    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _gpu() -> str:
    if importlib.util.find_spec("torch") is None:
        return "not known without torch"
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
