"""YAML as people write it: its leaves with their lines, and one leaf changed while comments stay where they are."""

from __future__ import annotations

from typing import Any

import yaml  # type: ignore[import-untyped]  # ships no types

Leaf = tuple[str, Any, int]


def flatten(text: str) -> list[Leaf]:
    """Dotted key, value and line of every leaf; a list is a leaf.

    Raises:
        ValueError: the text is no YAML, no mapping at its top, or has a key twice.
    """
    root = _parsed(text)
    leaves: list[Leaf] = []
    try:
        if root is not None:
            _collect(root, "", leaves, {})
    except yaml.MarkedYAMLError as error:
        raise ValueError(_problem(error)) from error
    except RecursionError as error:
        raise ValueError("it contains itself") from error
    return leaves


def changed(text: str, key: str, value: Any) -> str:
    """*text* with the leaf *key* set to *value*.

    Raises:
        ValueError: the text is no YAML, or no mapping at its top.
    """
    wanted = {**_plain(text), key: value}
    for stem in _stems(key):
        if stem in wanted and wanted[stem] is None:  # `record:` with nothing below it
            text = removed(text, stem)
            del wanted[stem]
        elif stem in wanted:
            raise ValueError(f"{stem} is a single value, and {key} would stand below it")
    return _verified(_with_leaf(text, key, value), wanted)


def removed(text: str, key: str) -> str:
    """*text* without the leaf *key*; a mapping that becomes empty goes too.

    Raises:
        ValueError: the text is no YAML, or no mapping at its top.
    """
    wanted = _plain(text)
    if key not in wanted:
        return text
    del wanted[key]
    return _verified(_without_leaf(text, key), wanted)


def dump(values: dict[str, Any]) -> str:
    """Dotted keys as a nested YAML text."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        *above, last = name.split(".")
        place = tree
        for part in above:
            place = place.setdefault(part, {})
        place[last] = value
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True) if tree else ""


def _verified(text: str | None, wanted: dict[str, Any]) -> str:
    # Flow mappings, anchors and other fine things are not edited in place: then the text is written anew.
    try:
        if text is not None and _plain(text) == wanted:
            return text
    except ValueError:
        pass
    return dump(wanted)


def _plain(text: str) -> dict[str, Any]:
    return {key: value for key, value, _ in flatten(text)}


def _stems(key: str) -> list[str]:
    parts = key.split(".")
    return [".".join(parts[:count]) for count in range(1, len(parts))]


def _with_leaf(text: str, key: str, value: Any) -> str | None:
    root, shown = _parsed(text), _scalar(value)
    parts = key.split(".")
    node, depth = root, 0
    while isinstance(node, yaml.MappingNode) and depth < len(parts):
        below = _child(node, parts[depth])
        if below is None:
            break
        node, depth = below[1], depth + 1
    if depth == len(parts) and node is not None:
        begin, end = node.start_mark.index, node.end_mark.index
        return f"{text[:begin]}{'' if begin != end else ' '}{shown}{text[end:]}"
    if not depth or not isinstance(node, yaml.MappingNode):
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}{dump({key: value})}" if not depth else None
    if node.flow_style:
        return None
    begin, column = node.start_mark.index, node.start_mark.column
    lines = dump({".".join(parts[depth:]): value}).splitlines()
    inserted = "".join(f"{line}\n{' ' * column}" for line in lines)
    return f"{text[:begin]}{inserted}{text[begin:]}"


def _without_leaf(text: str, key: str) -> str | None:
    node: Any = _parsed(text)
    target = None
    for part in key.split("."):
        below = _child(node, part) if isinstance(node, yaml.MappingNode) else None
        if below is None or node.flow_style:
            return None
        # The topmost entry that would be left empty.
        target = target if target is not None and len(node.value) == 1 else below
        node = below[1]
    assert target is not None  # noqa: S101 - a key has at least one part
    lines = text.splitlines(keepends=True)
    return "".join(lines[: target[0].start_mark.line] + lines[node.end_mark.line + 1 :])


def _parsed(text: str) -> Any:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise ValueError(_problem(error)) from error
    except yaml.YAMLError as error:
        raise ValueError(f"it is no YAML ({error})") from error
    if root is not None and not isinstance(root, yaml.MappingNode):
        if isinstance(root, yaml.ScalarNode) and not root.value:
            return None
        raise ValueError("it must hold KEY: VALUE lines")
    return root


def _problem(error: Any) -> str:
    line = "" if error.problem_mark is None else f" in line {error.problem_mark.line + 1}"
    return f"{error.problem or 'it is no YAML'}{line}"


def _child(node: Any, name: str) -> tuple[Any, Any] | None:
    return next((pair for pair in reversed(node.value) if pair[0].value == name), None)


def _collect(node: Any, prefix: str, leaves: list[Leaf], lines: dict[str, int]) -> None:
    for key, value in node.value:
        name, line = f"{prefix}{key.value}", key.start_mark.line + 1
        if lines.setdefault(name, line) != line:  # the first one would be without effect, and say nothing
            raise ValueError(f"{name} stands in line {lines[name]} and again in line {line}")
        if isinstance(value, yaml.MappingNode) and value.value:
            _collect(value, f"{name}.", leaves, lines)
        else:
            constructor = yaml.constructor.SafeConstructor()
            leaves.append((name, constructor.construct_document(value), line))


def _scalar(value: Any) -> str:
    text: str = yaml.safe_dump([value], default_flow_style=True, allow_unicode=True, width=float("inf"))
    return text.strip()[1:-1]
