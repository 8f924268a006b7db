"""``conf/external_services_daemon.php`` of the original daemon: the JSON text in it (R31).

Only this shape is read, and nothing is ever executed::

    <?php $GLOBALS['EXTERNAL_BACKGROUND_SERVICES'] = '[ ... ]';

with comments anywhere, and the text in single or double quotes, as a nowdoc or as a heredoc.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from system_daemon.configuration.json_text import JsonTextError, decoded, position
from system_daemon.configuration.php_text import read_text
from system_daemon.configuration.problems import shown

VARIABLE = "EXTERNAL_BACKGROUND_SERVICES"

_OPENING = re.compile(r"\s*<\?php(?=\s|$)", re.IGNORECASE)
_SPACE = re.compile(r"(?:\s|(?://|#(?!\[))(?:(?!\?>)[^\r\n])*|/\*.*?\*/)*", re.DOTALL)
_VARIABLE = re.compile(rf"""\$GLOBALS\s*\[\s*(['"]){VARIABLE}\1\s*\]""")
_CLOSING = re.compile(r"\?>\s*")


class PhpError(JsonTextError):
    """The file is not of the one shape that is read; ``line`` and ``column`` count from 1."""


@dataclass(frozen=True, slots=True)
class PhpJson:
    """The JSON text of a PHP file."""

    text: str
    _source: str
    _origins: tuple[int, ...]
    """For each character of ``text``, and for its end, its place in the source."""

    def in_php(self, line: int, column: int) -> tuple[int, int]:
        """A place of ``text`` as line and column of the PHP file."""
        before = self.text.split("\n")[: line - 1]
        at = sum(len(text) + 1 for text in before) + column - 1
        return position(self._source, self._origins[min(at, len(self._origins) - 1)])


def read_php(data: bytes) -> PhpJson:
    """The text that the file assigns to ``$GLOBALS['EXTERNAL_BACKGROUND_SERVICES']``.

    Raises:
        JsonTextError: anything else in the file; the message names it, line and column its place.
    """
    source = decoded(data)
    opening = _OPENING.match(source)
    if opening is None:
        raise _refusal(source, _skip(r"\s*", source, 0), 'expected "<?php"')
    at = _skip(_SPACE, source, opening.end())
    variable = _VARIABLE.match(source, at)
    if variable is None:
        raise _refusal(source, at, f"expected $GLOBALS['{VARIABLE}'] = '...' and nothing else")
    at = _sign("=", source, variable.end())
    text, origins, end = read_text(source, at, lambda at, what: _refusal(source, at, what))
    at = _skip(_SPACE, source, end)
    if not _CLOSING.match(source, at):  # which ends a statement too
        at = _sign(";", source, at)
    if closing := _CLOSING.match(source, at):
        at = closing.end()
    if at < len(source):
        raise _refusal(source, at, "expected the end of the file after the one assignment")
    return PhpJson(text, source, origins)


def _sign(sign: str, source: str, at: int) -> int:
    """Past the sign, and past the space and the comments around it."""
    at = _skip(_SPACE, source, at)
    if not source.startswith(sign, at):
        raise _refusal(source, at, f'expected "{sign}"')
    return _skip(_SPACE, source, at + len(sign))


def _skip(pattern: re.Pattern[str] | str, source: str, at: int) -> int:
    found = re.compile(pattern).match(source, at)
    return found.end() if found else at


def _refusal(source: str, at: int, expected: str) -> PhpError:
    line, column = position(source, at)
    # A word or a sign, never a quoted text: that may hold a secret.
    found = re.compile(r"\$?\w{1,40}|<\?\w*|[^'\"]").match(source, at)
    got = shown(found[0]) if found else "a quoted text" if at < len(source) else "the end"
    return PhpError(f"{expected}, got {got}", line=line, column=column)
