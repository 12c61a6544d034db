"""YAML as it was written: the content, and the keys that stand twice in a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import yaml


def load_yaml(text: str) -> tuple[object, list[str]]:
    """Return the content of a text in YAML, and a sentence for each key that is repeated.

    Of a repeated key YAML keeps the last value in silence; a reader may go by the first.

    Raises
    ------
    yaml.YAMLError
        The text is not YAML.
    """
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        content = None if node is None else loader.construct_document(node)
        return content, list(_repeated_keys(node))
    finally:
        loader.dispose()


def _repeated_keys(root: yaml.Node | None) -> Iterator[str]:
    nodes, met = [root], set()
    while nodes:
        node = nodes.pop()
        if id(node) in met:
            continue
        met.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            nodes += reversed(node.value)
        elif isinstance(node, yaml.MappingNode):
            nodes += [value for _, value in reversed(node.value)]
            yield from _repeated(key for key, _ in node.value)


def _repeated(keys: Iterable[yaml.Node]) -> Iterator[str]:
    lines: dict[str, int] = {}
    for key in keys:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines:
            yield f"{name}: stands on line {lines[name]} and again on line {line}; keep one"
        lines[name] = line
