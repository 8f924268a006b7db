"""An answer's bytes as a JSON object, or a sentence on why they are none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

# What PHP servers really declare; JSON itself is UTF-8, so any other name is read as that.
_CHARSETS = frozenset({"us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"})


class NotAnObjectError(ValueError):
    """The answer is not a JSON object."""


def parse(body: bytes, content_type: str = "") -> Mapping[str, object]:
    """The JSON object in an answer's body (R27, R28).

    A byte order mark before it is tolerated: PHP files often begin with one.

    Args:
        body: All bytes of the body.
        content_type: The Content-Type header, for its charset.

    Raises:
        NotAnObjectError: With a sentence that quotes nothing of the body.
    """
    declared = re.search(r"charset\s*=\s*\"?([\w-]+)", content_type, re.IGNORECASE)
    charset = declared[1].lower() if declared else ""
    try:
        text = body.decode(charset if charset in _CHARSETS else "utf-8-sig")
    except UnicodeDecodeError:
        raise NotAnObjectError("the answer is not valid UTF-8 text") from None
    if not text.strip():
        raise NotAnObjectError("the answer is empty, expected a JSON object with code and message")
    try:
        value: object = json.loads(text, parse_constant=_refuse_constant)
    except NotAnObjectError:
        raise
    except json.JSONDecodeError as error:
        raise NotAnObjectError(_not_json(text, error)) from None
    except RecursionError:
        raise NotAnObjectError("the answer is nested too deeply to be read") from None
    except ValueError:  # an integer of thousands of digits
        raise NotAnObjectError("the answer holds a number too long to be read") from None
    if not isinstance(value, dict):
        raise NotAnObjectError(f"expected the answer to be a JSON object, got {kind(value)}")
    return value


def kind(value: object) -> str:
    """The JSON name of a value's type, with its article."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def _refuse_constant(name: str) -> object:
    raise NotAnObjectError(f"the answer is not JSON: {name} is not a JSON number")


def _not_json(text: str, error: json.JSONDecodeError) -> str:
    if text.lstrip().startswith("<"):
        return "the answer is not JSON but looks like HTML or XML"
    return f"the answer is not JSON (line {error.lineno}, column {error.colno})"
