"""What JSON text can spell and no configuration should hold; the models cannot see it.

Each finding is a pair of JSON path and sentence.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from system_daemon.configuration.json_text import Members
from system_daemon.configuration.problems import shown, step


def oddities(value: object, where: str) -> Iterator[tuple[str, str]]:
    """Keys written twice, numbers and texts that no JSON body can carry, at and below ``where``."""
    match value:
        case dict():
            for key in value.repeated if isinstance(value, Members) else ():
                yield where + step(key), written_twice(key)
            for key, inner in value.items():
                yield from oddities(key, where + step(key))
                yield from oddities(inner, where + step(key))
        case list():
            for index, inner in enumerate(value):
                yield from oddities(inner, f"{where}[{index}]")
        case float() if math.isinf(value):
            yield where, "expected a number that fits into 64 bits, got a larger one"
        case str() if any("\ud800" <= char <= "\udfff" for char in value):
            yield where, "expected text, got half of a character written as \\ud800 to \\udfff"


def written_twice(key: str) -> str:
    """The sentence about a key that an object has twice; readers keep the last without a word."""
    return f"expected each key once, got {shown(key)} twice; remove one"
