"""What is wrong at a place of a JSON text: a slip that can be mended, or a sentence (R32)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_VALUE_ENDS = frozenset('"}]0123456789el')
"""Last characters of a JSON value: string, object, array, number, true, false, null."""
_VALUE_STARTS = frozenset('"{[-0123456789tfn')
_KEY = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"\s*:')


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A slip with one obvious remedy: ``by`` in place of ``replaced`` characters at ``at``."""

    at: int
    replaced: int
    by: str
    message: str


def slip_at(text: str, error: json.JSONDecodeError) -> Slip | None:
    """The slip that made JSON's reader stop there, or None where nothing is obvious."""
    before = text[: error.pos].rstrip()
    here = text[error.pos : error.pos + 1]
    if error.msg.startswith("Illegal trailing comma"):  # Python 3.13 points at the comma itself
        return _trailing(error.pos)
    if here in ("}", "]") and before.endswith(","):
        return _trailing(len(before) - 1)
    if (
        error.msg.startswith("Expecting ',' delimiter")
        and here in _VALUE_STARTS
        and before[-1:] in _VALUE_ENDS
        and _two_members(text, end=len(before), start=error.pos)
    ):
        message = "expected a comma here, got none; read as if it were there"
        return Slip(at=len(before), replaced=0, by=",", message=message)
    return None


def _trailing(at: int) -> Slip:
    message = "expected no comma before the closing bracket, got one; read as if it were not there"
    return Slip(at=at, replaced=1, by="", message=message)


def _two_members(text: str, *, end: int, start: int) -> bool:
    """Whether two values are two members, not one that is misspelled: ``1 000``, ``"a "b" c"``."""
    between = text[end:start]
    return (
        "\n" in between
        or text[start] in "{["
        or _KEY.match(text, start) is not None
        or (text[start] == '"' and between != "")
    )


def explain(text: str, error: json.JSONDecodeError) -> str:
    """The sentence about what cannot be mended."""
    here = text[error.pos : error.pos + 1]
    if not text.strip():
        return "expected a JSON array, got an empty file; write [] if there is nothing to configure"
    if text[error.pos : error.pos + 2] in ("//", "/*") or here == "#":
        return "expected JSON, got a comment; JSON has none, remove it"
    if here == "'":
        return "expected text in double quotes, got a single quote"
    if text.startswith("<?"):
        return "expected JSON, got PHP; `system-daemon import-php` turns it into JSON"
    return f"{_expected(error.msg)}, got {_got(error.msg, here)}"


def _expected(reason: str) -> str:
    for start, expected in _EXPECTED.items():
        if reason.startswith(start):
            return expected
    return f"expected JSON ({reason[:1].lower()}{reason[1:]})"


_EXPECTED = {
    "Expecting value": "expected a value",
    "Expecting property name": "expected a key in double quotes",
    "Expecting ':' delimiter": "expected a colon after the key",
    "Expecting ',' delimiter": "expected a comma or the closing bracket",
    "Unterminated string": "expected a closing quote for the text that begins here",
    "Invalid control character": "expected text on one line",
    "Invalid \\": 'expected one of the escapes \\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0000',
    "Extra data": "expected the end of the file",
}


def _got(reason: str, here: str) -> str:
    if reason.startswith("Unterminated string"):
        return "none"
    match here:
        case "":
            return "the end of the file"
        case '"':
            return "a quote"
        case "\n" | "\r":
            return "a line break"
        case "\t":
            return "a tab"
    return f'"{here}"' if here.isprintable() else f"the character U+{ord(here):04X}"
