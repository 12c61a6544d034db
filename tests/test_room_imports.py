"""Tests reach into the room they test, and into other rooms by what their faces list.

A test under ``tests/<layer>/<room>`` may import the modules of that room, whatever their names.
Everything else that tests and benchmarks import from the package is listed by a face (the
``__init__.pyi`` of a room), or is a module that has no room: the ground of the package, a single
file of the layer that is tested, and the command line, which ``pyproject.toml`` names.

The check reads import statements and the names of imported rooms. It does not see what a test
takes by ``getattr``, ``importlib`` or a path in a string, nor attributes of an object it was given.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    str(path.relative_to(ROOT))
    for top in ("tests", "benchmarks")
    for path in (ROOT / top).rglob("*.py")
)
#: Folders of tests that are no room: they test the package as users call it.
NO_ROOM = ("fuzz", "reference", "benchmarks")
COMMAND_LINE = "evidence.interfaces.cli"
#: Holds the tables of names of all rooms against one another, some of which users do not see.
OF_ALL_ROOMS = "tests/test_choices.py"


def path_of(name):
    return ROOT.joinpath(*name.split("."))


def is_file(name):
    return path_of(name).with_suffix(".py").is_file()


def is_room(name):
    return (path_of(name) / "__init__.py").is_file()


@cache
def listed(face):
    """Names that a face lists."""
    stub = path_of(face) / "__init__.pyi"
    if not stub.is_file():
        return frozenset()
    body = ast.parse(stub.read_text(encoding="utf-8")).body
    found = {alias.name for one in body if isinstance(one, ast.ImportFrom) for alias in one.names}
    annotated = {one.target.id for one in body if isinstance(one, ast.AnnAssign)}
    return frozenset(found | annotated)


def room_of(file):
    """The room whose tests a file holds, and its layer; None for both if it holds other tests."""
    folders = Path(file).parts[1:-1]
    if not file.startswith("tests") or not folders or folders[0] in NO_ROOM:
        return None, None
    return ".".join(("evidence", *folders)), f"evidence.{folders[0]}"


def is_near(name, file):
    """Whether a module is of the room under test, or has no room."""
    if file == OF_ALL_ROOMS:
        return True
    room, layer = room_of(file)
    above = name.rpartition(".")[0]
    if name == COMMAND_LINE or (is_file(name) and above in ("evidence", layer)):
        return True
    return room is not None and (name == room or name.startswith(f"{room}."))


def reached(file):
    """Module and name of everything that a file takes from the package."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    rooms = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "evidence":
                    rooms[(alias.asname or "evidence")] = alias.name if alias.asname else "evidence"
                    yield alias.name.rpartition(".")[::2] if "." in alias.name else ("", "evidence")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "evidence":
            for alias in node.names:
                yield node.module, alias.name
                if is_room(f"{node.module}.{alias.name}"):
                    rooms[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            below, name = ast.unparse(node).rpartition(".")[::2]
            head, _, rest = below.partition(".")
            full = f"{rooms.get(head, '')}.{rest}".rstrip(".")
            # what no face lists is no attribute of a room, except a module that was imported
            if head in rooms and is_file(f"{full}.{name}"):
                yield full, name


def is_open(module, name, file):
    """Whether a face lists the name, it is a room, or it is of the room under test."""
    full = f"{module}.{name}".lstrip(".")
    if is_room(full) or name in listed(module):
        return True
    return is_near(full if is_file(full) else module, file)


@pytest.mark.parametrize("file", FILES)
def test_a_test_reaches_into_its_own_room_and_into_the_faces_of_others(file):
    closed = sorted({f"{of}.{name}" for of, name in reached(file) if not is_open(of, name, file)})
    assert closed == [], "test these in their own room, or list them in its face if users call them"


@pytest.mark.parametrize(
    ("module", "name", "file", "is_allowed"),
    [
        ("evidence", "pool", "tests/fuzz/draws.py", True),
        ("evidence.synthesis.pairwise", "POLICIES", "tests/fuzz/draws.py", True),
        ("evidence.synthesis.pairwise.pooling", "pool", "tests/fuzz/draws.py", False),
        ("evidence.synthesis.pairwise", "pooling", "tests/fuzz/draws.py", False),
        ("evidence.synthesis.pairwise.pooling", "pool", "tests/synthesis/stacks/test_x.py", False),
        ("evidence.synthesis.pairwise.pooling", "pool", "tests/synthesis/pairwise/test_x.py", True),
        ("evidence.synthesis.engines", "EngineValue", "tests/synthesis/pairwise/test_x.py", True),
        ("evidence.synthesis.engines", "EngineValue", "tests/effects/test_x.py", False),
        ("evidence.errors", "BadInput", "benchmarks/lines.py", True),
    ],
)
def test_the_check_knows_a_module_from_a_face(module, name, file, is_allowed):
    assert is_open(module, name, file) is is_allowed
