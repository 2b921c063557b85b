"""Form-encoded parameters with brackets: `line_items[0][price_data][currency]=usd`, `expand[]=latest_charge`."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from accounts.topups.sandbox.cards.refusals import Refusal

_NAME = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
_PART = re.compile(r"\[([^\[\]]*)\]")
Pairs = list[tuple[str, str]]


def pairs_of(encoded: str) -> Pairs:
    return parse_qsl(encoded, keep_blank_values=True)


def check(pairs: Pairs, known: Iterable[str]) -> None:
    """known: patterns such as `line_items[][quantity]` and `metadata[*]`. Raises Refusal."""
    patterns = set(known) | {"expand[]"}
    for name, _ in pairs:
        pattern = re.sub(r"\[\d+\]", "[]", name)
        if pattern not in patterns and re.sub(r"\[[^\[\]]*\]$", "[*]", pattern) not in patterns:
            raise Refusal(400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def decode(pairs: Pairs) -> dict[str, Any]:
    """Nested objects and lists. Raises Refusal."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        matched = _NAME.fullmatch(name)
        if not matched:
            raise Refusal(400, f"Invalid parameter name: {name}", param=name)
        path = [matched[1], *_PART.findall(matched[2])]
        _put(root, path, value)
    return {name: _with_lists(value) for name, value in root.items()}


def _put(node: dict[str, Any], path: list[str], value: str) -> None:
    for part in path[:-1]:
        child = node.setdefault(part or str(len(node)), {})
        if not isinstance(child, dict):
            raise Refusal(400, f"Invalid parameter name: {part}", param=path[0])
        node = child
    node[path[-1] or str(len(node))] = value


def _with_lists(value: Any) -> Any:
    """Objects whose names are all numbers are lists."""
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(each) for name, each in value.items()}
    if inner and all(name.isdecimal() for name in inner):
        return list(inner.values())
    return inner
