"""JSON text to values: strict first, then the narrow repair of R32, each repair told.

The original daemon's own example lacks a comma; PHP read it as "no services" without a word. Here
a missing comma between two members and a comma before a closing bracket are mended with a warning,
and nothing else is guessed (``json_slips``).
"""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from system_daemon.configuration.json_slips import explain, slip_at

_MOST_REPAIRS = 200
MOST_LEVELS = 100
"""How deep values may be nested: far more than anybody writes, far less than any reader's limit."""


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


class _Refusal(json.JSONDecodeError):
    """What Python reads and JSON has not; the message is a whole sentence."""


def read_json(data: bytes) -> JsonText:
    """Read the bytes of a configuration file.

    Raises:
        JsonTextError: not UTF-8, or not JSON even after the narrow repair.
    """
    text = decoded(data)
    level = 0
    for bracket in _outside_texts(r"[\[{}\]]", text):
        level += 1 if bracket[0] in "[{" else -1
        if level > MOST_LEVELS:
            line, column = position(text, bracket.start())
            message = f"expected values nested at most {MOST_LEVELS} levels deep, got more"
            raise JsonTextError(message, line=line, column=column)
    return _mend(text)


def decoded(data: bytes) -> str:
    """The bytes as text, without a byte order mark.

    Raises:
        JsonTextError: not UTF-8.
    """
    data = data.removeprefix(BOM_UTF8)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line, column = position(before, len(before))
        raise JsonTextError(
            f"expected text in UTF-8, got the byte 0x{data[error.start]:02x};"
            " save the file as UTF-8",
            line=line,
            column=column,
        ) from None


def position(text: str, at: int) -> tuple[int, int]:
    """The line and the column of a place in the text, both from 1."""
    head = text[: max(at, 0)]
    return head.count("\n") + 1, len(head) - (head.rfind("\n") + 1) + 1


def _mend(text: str) -> JsonText:
    repairs: list[Repair] = []
    mended, shift = text, 0  # shift: how much longer the mended text is than the original so far
    while True:
        try:
            return JsonText(_parse(mended), mended, tuple(repairs))
        except json.JSONDecodeError as error:
            refused = isinstance(error, _Refusal)
            slip = None if refused or len(repairs) == _MOST_REPAIRS else slip_at(mended, error)
            if slip is None:
                line, column = position(text, error.pos - shift)
                message = error.msg if refused else explain(mended, error)
                raise JsonTextError(message, line=line, column=column) from None
            repairs.append(Repair(*position(text, slip.at - shift), slip.message))
            mended = mended[: slip.at] + slip.by + mended[slip.at + slip.replaced :]
            shift += len(slip.by) - slip.replaced


def _parse(text: str) -> object:
    def refuse(name: str) -> NoReturn:
        found = next(_outside_texts(rf"{name}\b", text))
        raise _Refusal(f"expected a number, got {name}", text, found.start())

    try:
        return json.loads(text, object_pairs_hook=Members.from_pairs, parse_constant=refuse)
    except json.JSONDecodeError:
        raise
    except ValueError:  # Python reads no whole number of more than 4300 digits
        longest = max(_outside_texts("[0-9]+", text), key=lambda found: len(found[0]))
        message = f"expected a number that fits into 64 bits, got one of {len(longest[0])} digits"
        raise _Refusal(message, text, longest.start()) from None


def _outside_texts(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """Where the pattern is found outside quoted texts."""
    texts = r'"[^"\\]*(?:\\.[^"\\]*)*"?'
    for found in re.finditer(f"{texts}|{pattern}", text, re.DOTALL):
        if not found[0].startswith('"'):
            yield found
