"""The project's folder: where data, analyses and reports lie while one works on them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

DISTRIBUTION: Final = "ms-evidence"
#: The folder of the installed package, beside which or inside which data and analyses lie.
PACKAGE: Final = Path(__file__).resolve().parent


def project_folder() -> Path | None:
    """Return the current directory if it is a folder of this project, else None.

    It is one if its ``pyproject.toml`` has the name of this project and ``data`` and ``analyses``
    stand beside it. Such a folder goes before the files beside or inside the installed package, so
    that what is edited is what is run.
    """
    try:
        folder = Path.cwd()
    except FileNotFoundError:  # the directory was deleted while the shell stood in it
        return None
    parts = (folder / "data", folder / "analyses")
    return folder if all(part.is_dir() for part in parts) and declared_version(folder) else None


def declared_version(folder: Path) -> str | None:
    """Return the version that ``pyproject.toml`` of this project in ``folder`` declares, if any.

    The installed distribution knows the version of the day on which it was installed, which is not
    that of a project that was edited since.
    """
    project = _pyproject(folder).get("project", {})
    return str(project.get("version")) if project.get("name") == DISTRIBUTION else None


def _pyproject(folder: Path) -> dict[str, Any]:
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
