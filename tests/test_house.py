"""The plan of the house: rooms that stay small, and imports that never run in a circle.

The order of layers and rooms is in ``pyproject.toml`` and is checked by ``make check``, which also
refuses a room that no contract names.
"""

from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

import evidence

PACKAGE = Path(evidence.__file__).parent
#: Modules of one folder that a reader can hold in the head.
MOST_MODULES = 20


def circle(graph):
    """A circle of imports between modules, or None."""
    order = TopologicalSorter(
        {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    )
    try:
        order.prepare()
    except CycleError as error:
        return error.args[1]
    return None


def test_no_folder_has_more_modules_than_one_can_overlook():
    files = [file for file in PACKAGE.rglob("*.py") if file.stem != "__init__"]
    counts = Counter(file.parent for file in files)
    assert {folder: n for folder, n in counts.items() if n > MOST_MODULES} == {}


def test_no_module_imports_itself_by_way_of_others():
    assert circle(grimp.build_graph("evidence", cache_dir=None)) is None


def test_a_circle_would_be_found():
    graph = grimp.ImportGraph()
    for one, other in (("a", "b"), ("b", "c"), ("c", "a")):
        graph.add_import(importer=one, imported=other)
    assert set(circle(graph)) == {"a", "b", "c"}


@pytest.mark.parametrize("room", [path for path in PACKAGE.rglob("__init__.py")])
def test_every_room_says_what_it_is_for(room):
    assert room.read_text(encoding="utf-8").startswith('"""')
