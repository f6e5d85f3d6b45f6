"""JSON from elsewhere: what every reader understands alike, no deeper than every later step can follow."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable
from typing import Any

MAX_DEPTH = 100  # objects and lists inside one another


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object with these keys, each of which it has once."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def parsed(text: str, depth: int = MAX_DEPTH, pairs: Callable[[Any], Any] = distinct) -> Any:
    """The value of a JSON text; ValueError for anything else, NaN, infinite numbers and deeper nesting.

    `pairs` makes an object of its keys and values; with `dict` the last of two equal keys counts.
    """
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_finite, object_pairs_hook=pairs)
        if not deeper(value, depth):
            return value
    except RecursionError:
        pass
    raise ValueError(f"objects and lists are nested more than {depth} deep")


def deeper(value: Any, limit: int) -> bool:
    """Whether objects and lists are nested more than `limit` deep; asked without recursion."""
    level = [value]
    for _ in range(limit + 1):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(outer: dict[str, Any] | list[Any]) -> list[Any]:
    values = outer.values() if isinstance(outer, dict) else outer
    return [value for value in values if isinstance(value, dict | list)]


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large a number")
    return number
