import importlib
import subprocess
import sys
import tomllib

import pytest

import evidence
from evidence import errors

HEAVY = {"numpy", "scipy", "pandas", "pyarrow", "matplotlib", "pymare", "statsmodels", "pydantic"}
#: Modules of Python itself that `import evidence` may bring in.
LIGHT = {"__future__", "contextlib", "importlib", "re", "types", "typing", "warnings"}


def modules_after(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; import sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", sorted(evidence._HOME))
def test_a_public_name_is_the_object_of_its_module(name):
    module = importlib.import_module(evidence._HOME[name])
    assert getattr(evidence, name) is getattr(module, name)


def test_names_are_listed_sorted_and_none_is_missing():
    assert evidence.__all__ == sorted(evidence.__all__)
    assert set(evidence.__all__) == {*evidence._HOME, "__version__"}
    assert set(evidence.__all__) <= set(dir(evidence))


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


def test_importing_the_package_imports_nothing_but_itself_and_a_few_modules_of_python():
    bare = modules_after(f"import {', '.join(sorted(LIGHT))}")
    assert modules_after("import evidence") - bare == {"evidence"}
