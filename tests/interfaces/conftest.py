"""A copy of the project with dataset and reports built, and the command line in this process."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evidence.interfaces.cli import main

Evidence = Callable[..., Result]


def run_evidence(*arguments: str, stdin: str | bytes | None = None) -> Result:
    """Run a command in this process; an unexpected exception is raised, as a user would see it."""
    result = CliRunner().invoke(main, [str(one) for one in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def files_below() -> Callable[[Path], dict[Path, int]]:
    """All files below a folder, with the time of their last change."""
    return lambda folder: {
        path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture
def evidence() -> Evidence:
    """The command line."""
    return run_evidence


@pytest.fixture(scope="session")
def built_project(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the project, with dataset and reports built from it by the commands."""
    copy = tmp_path_factory.mktemp("project")
    shutil.copy(project / "pyproject.toml", copy)
    for name in ("data", "analyses"):
        shutil.copytree(project / name, copy / name)
    before = Path.cwd()
    os.chdir(copy)
    try:
        for arguments in (("data", "build"), ("report",)):
            result = run_evidence(*arguments)
            assert result.exit_code == 0, result.output
    finally:
        os.chdir(before)
    return copy


@pytest.fixture
def in_project(built_project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The built copy as current directory; what a test writes there, the next one finds."""
    monkeypatch.chdir(built_project)
    return built_project


@pytest.fixture
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory, which is no folder of the project."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
