"""Documents, docstrings and messages name what users call by its public path.

A public path is a name that a face lists: ``evidence.X``, ``evidence.synthesis.<room>.X``, or the
same of another room. Every ``evidence.`` path in the documents, the notebooks and the strings of
the package leads to such a name or to a room; a call in double backticks, and one with empty
parentheses in a message, names something that a face lists or that stands in the same module.

What this does not see: a name in prose without ``evidence.`` and without parentheses, a path that
is put together while the program runs, what the call's arguments are, comments, and whether a
name that some face lists is the one that is meant. CONTRIBUTING names files for those who edit
them; files (``evidence/...``) are not paths.
"""

import ast
import importlib
import inspect
import pkgutil
import re
from functools import cache
from pathlib import Path

import pytest

import evidence

ROOT = Path(__file__).parents[2]
#: A dotted path of the package; not a part of a longer path, of a file or of an address.
PATH = re.compile(r"(?<![\w/.])evidence((?:\.[A-Za-z_]\w*)+)(?![\w/]|-\w)")
#: Roles of docstrings: what they name is to be found.
ROLE = re.compile(r":(?:func|class|data|mod|meth):`~?([\w.]+)`")
QUOTED_CALL = re.compile(r"``([A-Za-z_][\w.]*)\([^`]*\)``")
BARE_CALL = re.compile(r"(?<![\w.`])([a-z_]\w+)\(\)")
#: Whose functions may be named beside ours: the package stands before the call.
OTHERS = re.compile(
    r"\b(metafor|meta|R|RTSA|rpact|bayesmeta|clubSandwich|robumeta|metamisc|netmeta|lme4|scipy|"
    r"CompQuadForm|numpy|statsmodels|PyMARE|psychmeta|estmeansd|stats)\b"
)
#: Signs of mathematics that look like calls.
FORMULAS = {"exp", "cos", "sqrt", "w", "P"}
#: Modules that hold addresses as data: of earlier ledgers, and of classes where they stand.
ADDRESSES = {"evidence/addresses.py", "evidence/interfaces/notebook.py"}
DOCUMENTS = sorted(
    str(path.relative_to(ROOT))
    for pattern in ("README.md", "CONTRIBUTING.md", "docs/**/*.md", "docs/**/*.py", "data/*.md")
    for path in ROOT.glob(pattern)
)
MODULES = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "evidence").rglob("*.py"))


@cache
def faces():
    """Rooms, and the names that each lists."""
    names = ["evidence"]
    names += [
        found.name for found in pkgutil.walk_packages(evidence.__path__, "evidence.") if found.ispkg
    ]
    return {
        name: frozenset(getattr(importlib.import_module(name), "__all__", ())) for name in names
    }


def is_public(path):
    """Whether a dotted path is a room, a name that a face lists, or an attribute of such a name."""
    if path in faces():
        return True
    room, _, name = path.rpartition(".")
    if room in faces():
        return name in faces()[room]
    if not room:
        return False
    above, _, listed = room.rpartition(".")
    return listed in faces().get(above, ()) and hasattr(
        getattr(importlib.import_module(above), listed), name
    )


@cache
def listed_names():
    return frozenset().union(*faces().values())


@cache
def strings_of(file):
    """Texts of a module: docstrings, messages and every other string, and the names it defines."""
    nodes = list(ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))))
    defined = {one.name for one in nodes if isinstance(one, (ast.FunctionDef, ast.ClassDef))}
    defined |= {
        one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
    }
    texts = [one.value for one in nodes if isinstance(one, ast.Constant)]
    return [text for text in texts if isinstance(text, str)], frozenset(defined)


def closed_paths(text):
    found = {f"evidence{match.group(1)}" for match in PATH.finditer(text)}
    return {path for path in found if not is_public(path)}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_and_notebooks_name_public_paths(document):
    assert closed_paths((ROOT / document).read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize("module", sorted(set(MODULES) - ADDRESSES))
def test_docstrings_and_messages_name_public_paths(module):
    assert set().union(*map(closed_paths, strings_of(module)[0])) == set()


def closed_calls(text, known):
    """Functions that a text calls or points to, and that are neither known nor of others."""
    found = {match.group(1) for match in ROLE.finditer(text)}
    found |= {match.group(1) for match in BARE_CALL.finditer(text) if not of_others(text, match)}
    found |= {match.group(1) for match in QUOTED_CALL.finditer(text) if not of_others(text, match)}
    return {name for name in found if name.rpartition(".")[2] not in known}


def of_others(text, match):
    """Whether another package is named before a call, in the same paragraph."""
    return OTHERS.search(text[: match.start()].rpartition("\n\n")[2]) is not None


@pytest.mark.parametrize("module", MODULES)
def test_what_a_text_tells_to_call_is_listed_or_stands_beside_it(module):
    texts, defined = strings_of(module)
    known = listed_names() | defined | FORMULAS
    assert set().union(*(closed_calls(text, known) for text in texts)) == set()


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("see evidence.pool and evidence.synthesis.inputs.nested(a)", set()),
        ("`evidence.PooledEffect.to_frame` of evidence.synthesis", set()),
        ("evidence.synthesis.pairwise.pooling.pool", {"evidence.synthesis.pairwise.pooling.pool"}),
        ("evidence.synthesis.pairwise.pooling", {"evidence.synthesis.pairwise.pooling"}),
        ("evidence.nested(...)", {"evidence.nested"}),
        ("a file evidence/pool.py, an address of the form x.evidence.org", set()),
    ],
)
def test_the_check_knows_a_public_path(text, closed):
    assert closed_paths(text) == closed


def test_the_check_knows_a_call_of_ours_from_one_of_others():
    text = "Use ``pool()`` or pool_harder().\n\nmetafor: ``rma(yi, vi)``.\n\nSee :func:`poool`."
    assert closed_calls(text, {"pool"}) == {"pool_harder", "poool"}


# --- arguments -----------------------------------------------------------------------------------


def public_functions():
    """Functions of several arguments that faces list, each once, by its public path."""
    found = {}
    for room, names in faces().items():
        for name in sorted(names):
            one = getattr(importlib.import_module(room), name)
            if inspect.isfunction(one) and len(inspect.signature(one).parameters) > 1:
                found.setdefault(one, f"{room}.{name}")
    return {path: one for one, path in found.items()}


@pytest.mark.parametrize("path", public_functions())
def test_a_public_function_says_what_each_of_its_arguments_is(path):
    one = public_functions()[path]
    described = (one.__doc__ or "").partition("Parameters\n")[2]
    described = re.split(r"\n *(?:Returns|Raises|References|Examples)\n", described)[0]
    silent = [
        name
        for name in inspect.signature(one).parameters
        if not re.search(rf"\b{name}\b", described)
    ]
    assert silent == []
