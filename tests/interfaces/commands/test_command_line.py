import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

import evidence as package
from evidence.errors import NotEstimable
from evidence.interfaces import console
from evidence.interfaces.cli import main


def commands(group=main, path=()):
    """Yield the words that lead to each command, and the command."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


ALL = {" ".join(path): command for path, command in commands()}


def follow(line: str, evidence):
    """Run a line of a help text as a shell would."""
    if not line.startswith("evidence "):
        subprocess.run(["bash", "-euc", line], check=True)
        return
    result = evidence(*shlex.split(line)[1:])
    assert result.exit_code == 0, f"{line}\n{result.output}"


# --- help -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ALL)
def test_every_command_has_an_example_and_explains_its_options(name, evidence):
    command = ALL[name]
    text = evidence(*name.split(), "--help").stdout
    assert any(line.startswith(f"evidence {name}") for line in command.examples)
    assert all(f"  {line}\n" in text for line in command.examples)
    assert command.help
    assert all(one.help for one in command.params if isinstance(one, click.Option))
    assert max(map(len, text.splitlines())) < 100


#: Commands whose examples go through everything; what they do has tests of its own.
LONG = {"report", "verify", "data audit", "data diff"}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in LONG else [])
        for name in ALL
        if name != "data verify"
    ],
)
def test_the_examples_run_in_the_project_as_they_stand(name, evidence, in_project):
    for line in ALL[name].examples:
        follow(line, evidence)


def test_the_examples_of_verifying_sources_run_where_the_texts_are(
    evidence, curated, monkeypatch, project
):
    folder = in_project_of(curated, monkeypatch, project)
    for line in ("evidence data build", *ALL["data verify"].examples):
        follow(line, evidence)
    assert (folder / "data" / "trials.parquet").is_file()


def in_project_of(curated, monkeypatch, project) -> Path:
    """Make the small curated dataset a project of its own with one study, and go there."""
    folder = curated.data.parent
    (folder / "analyses").mkdir()
    (folder / "pyproject.toml").write_bytes((project / "pyproject.toml").read_bytes())
    entry = curated.result(
        "relapse-free", "proportion", "drug", 54.9, source="review", lines=[2, 2], printed=["54·9"]
    )
    curated.write(curated.study("trial-1", entry))
    monkeypatch.chdir(folder)
    return folder


def test_help_and_version_answer_without_a_command(evidence):
    assert evidence("--version").stdout == f"evidence {package.__version__}\n"
    assert evidence("-h").stdout == evidence("--help").stdout
    assert all(name.split()[0] in evidence("--help").stdout for name in ALL)


# --- refusals, failures and surprises -------------------------------------------------------------


def test_an_error_of_the_package_is_a_message_and_exit_code_2(evidence, monkeypatch):
    def refuse():
        raise NotEstimable("asked, found, to do")

    monkeypatch.setattr("evidence.analysis.declared.places.all_slugs", refuse)
    result = evidence("run")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: asked, found, to do\n"


def test_an_unexpected_exception_keeps_its_traceback(evidence, monkeypatch):
    def fail():
        raise ZeroDivisionError("a fault of the program")

    monkeypatch.setattr("evidence.analysis.declared.places.all_slugs", fail)
    with pytest.raises(ZeroDivisionError):
        evidence("run")


@pytest.mark.parametrize("arguments", [("pol",), ("pool",), ("pool", "a.csv", "--metod", "DL")])
def test_a_mistyped_command_is_refused(evidence, arguments):
    assert evidence(*arguments).exit_code == 2


def test_numbers_are_counted_in_words():
    assert console.plural(1, "study", "studies") == "1 study"
    assert console.plural(2, "study", "studies") == "2 studies"
    assert console.plural(0, "file") == "0 files"


# --- as a real process ----------------------------------------------------------------------------


def process(*arguments, **settings):
    command = [sys.executable, "-c", "from evidence.interfaces.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, check=False, **settings)


def test_the_version_is_printed_by_a_process_of_its_own():
    done = process("--version")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode().strip() == f"evidence {package.__version__}"


def test_a_process_reads_a_pipe_and_writes_json(tmp_path):
    done = process("pool", "-", "--json", input=b"yi,vi\n0.1,0.04\n0.3,0.05\n", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["summary"]["k"] == 2


def test_a_process_refuses_without_a_traceback_on_a_terminal_without_greek(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = process("pool", "τ².csv", cwd=tmp_path, env=environment)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"?\xb2.csv was to be pooled" in done.stderr
    assert b"Traceback" not in done.stderr
