import importlib
import pkgutil
import subprocess
import sys
import tomllib

import pytest

import evidence
from evidence import errors

HEAVY = {"numpy", "scipy", "pandas", "pyarrow", "matplotlib", "pymare", "statsmodels", "pydantic"}
#: Modules that `import evidence` may bring in: those of Python itself, and what makes names lazy.
LIGHT = {
    "__future__",
    "contextlib",
    "importlib",
    "lazy_loader",
    "re",
    "types",
    "typing",
    "warnings",
}


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def faces():
    """The package and its rooms that list public names."""
    found = [evidence.__name__]
    for module in pkgutil.walk_packages(evidence.__path__, "evidence."):
        if module.ispkg and getattr(importlib.import_module(module.name), "__all__", ()):
            found.append(module.name)
    return found


@pytest.mark.parametrize("face", faces())
def test_every_listed_name_is_there_and_nothing_else_is_listed(face):
    room = importlib.import_module(face)
    assert dir(room) == sorted(room.__all__)
    for name in room.__all__:
        assert getattr(room, name) is not None


@pytest.mark.parametrize("face", faces())
def test_no_module_of_a_room_hides_a_public_name(face):
    room = importlib.import_module(face)
    modules = {found.name for found in pkgutil.iter_modules(room.__path__)}
    rooms = {found.name for found in pkgutil.iter_modules(room.__path__) if found.ispkg}
    assert not modules & set(room.__all__) - rooms


def test_the_names_of_the_package_are_what_users_call():
    kinds = {name: getattr(evidence, name) for name in evidence.__all__}
    odd = [name for name, kind in kinds.items() if not callable(kind)]
    assert odd == ["__version__", "synthesis"]


def test_every_error_of_the_family_is_public():
    roots = (errors.EvidenceError, errors.EvidenceWarning)
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    family = {kind.__name__ for kind in kinds if issubclass(kind, roots)}
    assert family <= set(evidence.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'evidence' has no attribute 'pol'"):
        _ = evidence.pol


def test_the_version_is_that_of_the_project(project):
    declared = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    assert evidence.__version__ == declared["project"]["version"]


def test_importing_the_package_imports_nothing_heavy():
    assert not modules_after("import evidence") & HEAVY
    assert not modules_after("import evidence.interfaces.cli") & {*HEAVY, "importlib.metadata"}


def test_importing_the_package_imports_nothing_but_itself_and_a_few_light_modules():
    bare = modules_after(f"import {', '.join(sorted(LIGHT))}")
    assert modules_after("import evidence") - bare == {"evidence"}
