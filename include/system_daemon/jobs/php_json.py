"""JSON as PHP's json_encode writes it: no spaces, ASCII only, slashes escaped."""

from __future__ import annotations

import json


def php_json(value: object) -> str:
    """A value as JSON in PHP's spelling."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("/", r"\/")  # a slash stands nowhere but in a string
