"""JSON text to values: strict first, then the narrow repair of R32, each repair told.

The original daemon's own example lacks a comma; PHP read it as "no services" without a word. Here
a missing comma between two members and a comma before a closing bracket are mended with a warning,
and nothing else is guessed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import NoReturn

_MOST_REPAIRS = 200
_VALUE_ENDS = frozenset('"}]0123456789el')
"""Last characters of a JSON value: string, object, array, number, true, false, null."""
_VALUE_STARTS = frozenset('"{[-0123456789tfn')


class JsonTextError(ValueError):
    """The text is not JSON and not mendable; ``line`` and ``column`` count from 1."""

    def __init__(self, message: str, *, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(frozen=True, slots=True)
class Repair:
    """One mended slip; ``line`` and ``column`` count from 1 in the text as it was written."""

    line: int
    column: int
    message: str


@dataclass(frozen=True, slots=True)
class JsonText:
    """What a text says: its value, the text as mended, and what was mended."""

    value: object
    mended: str
    repairs: tuple[Repair, ...]


class Members(dict[str, object]):
    """A JSON object that remembers which of its keys were written twice."""

    repeated: tuple[str, ...] = ()

    @classmethod
    def from_pairs(cls, pairs: list[tuple[str, object]]) -> Members:
        """The last value of a repeated key wins, as in every JSON reader; the key is remembered."""
        members = cls(pairs)
        if len(members) < len(pairs):
            counts = Counter(key for key, _ in pairs)
            members.repeated = tuple(key for key, count in counts.items() if count > 1)
        return members


def read_json(data: bytes) -> JsonText:
    """Read the bytes of a configuration file.

    Raises:
        JsonTextError: not UTF-8, or not JSON even after the narrow repair.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _position(data.decode("utf-8", "replace"), len(data[: error.start].decode()))
        raise JsonTextError(
            f"expected text in UTF-8, got the byte 0x{data[error.start]:02x};"
            " save the file as UTF-8",
            line=line,
            column=column,
        ) from None
    return _mend(text)


def _mend(text: str) -> JsonText:
    repairs: list[Repair] = []
    mended, shift = text, 0  # shift: how much longer the mended text is than the original so far
    while True:
        try:
            return JsonText(_parse(mended), mended, tuple(repairs))
        except json.JSONDecodeError as error:
            slip = _mendable(mended, error)
            if slip is None or len(repairs) == _MOST_REPAIRS:
                line, column = _position(text, error.pos - shift)
                raise JsonTextError(_explain(mended, error), line=line, column=column) from None
            at, replaced, by, message = slip
            repairs.append(Repair(*_position(text, at - shift), message))
            mended = mended[:at] + by + mended[at + replaced :]
            shift += len(by) - replaced
        except RecursionError:
            raise JsonTextError(
                "expected values nested a few levels deep, got hundreds", line=1, column=1
            ) from None


def _parse(text: str) -> object:
    def refuse(name: str) -> NoReturn:
        found = re.search(rf"(?<![\w\"]){name}\b", text)
        line, column = _position(text, found.start() if found else 0)
        raise JsonTextError(f"expected a number, got {name}", line=line, column=column)

    return json.loads(text, object_pairs_hook=Members.from_pairs, parse_constant=refuse)


def _mendable(text: str, error: json.JSONDecodeError) -> tuple[int, int, str, str] | None:
    """Where to mend: (position, characters replaced, replacement, what to tell), or None."""
    before = text[: error.pos].rstrip()
    here = text[error.pos : error.pos + 1]
    if error.msg.startswith("Illegal trailing comma"):  # Python 3.13 points at the comma itself
        return error.pos, 1, "", _TRAILING
    if here in ("}", "]") and before.endswith(","):
        return len(before) - 1, 1, "", _TRAILING
    if (
        error.msg.startswith("Expecting ',' delimiter")
        and here in _VALUE_STARTS
        and before[-1:] in _VALUE_ENDS
    ):
        return len(before), 0, ",", "expected a comma here, got none; read as if it were there"
    return None


_TRAILING = "expected no comma before the closing bracket, got one; read as if it were not there"


def _explain(text: str, error: json.JSONDecodeError) -> str:
    here = text[error.pos : error.pos + 1]
    if not text.strip():
        return "expected a JSON array, got an empty file; write [] if there is nothing to configure"
    if text[error.pos : error.pos + 2] in ("//", "/*") or here == "#":
        return "expected JSON, got a comment; JSON has none, remove it"
    if here == "'":
        return "expected text in double quotes, got a single quote"
    got = f'"{here}"' if here else "the end of the file"
    reason = error.msg[:1].lower() + error.msg[1:]
    return f"expected JSON, got {got} ({reason})"


def _position(text: str, at: int) -> tuple[int, int]:
    head = text[: max(at, 0)]
    return head.count("\n") + 1, len(head) - (head.rfind("\n") + 1) + 1
