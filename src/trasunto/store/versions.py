"""What a run was made with: our version and those of the libraries whose results it holds."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

LIBRARIES = (
    "trasunto", "numpy", "polars", "scikit-learn", "scipy", "torch", "transformers", "ctranslate2", "opendp",
    "dp-accounting", "opacus",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Installed versions by name; libraries that are not installed are left out."""
    found = {"python": platform.python_version(), "platform": platform.platform(terse=True)}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
