"""The source of a PHP file, read sign by sign; nothing of it is ever executed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from system_daemon.configuration.json_text import JsonTextError, decoded, position
from system_daemon.configuration.problems import shown

_OPENING = re.compile(r"\s*<\?php(?=\s|$)", re.IGNORECASE)
_BLANK = re.compile(r"\s*")
_SPACE = re.compile(r"(?:\s|(?://|#(?!\[))(?:(?!\?>)[^\r\n])*|/\*.*?\*/)*", re.DOTALL)
_CLOSING = re.compile(r"\?>\s*")


class PhpError(JsonTextError):
    """The file is not of the one shape that is read; ``line`` and ``column`` count from 1."""


@dataclass(frozen=True, slots=True)
class PhpSource:
    """The text of a PHP file. Places in it are counted in characters from 0."""

    text: str

    @classmethod
    def of(cls, data: bytes) -> PhpSource:
        """The bytes of a file as text. Raises JsonTextError where they are none."""
        return cls(decoded(data))

    def opening(self) -> int:
        """Past ``<?php`` and the space behind it."""
        found = _OPENING.match(self.text)
        if found is None:
            raise self.refusal(self.past(_BLANK, 0), 'expected "<?php"')
        return self.space(found.end())

    def space(self, at: int) -> int:
        """Past space and comments."""
        return self.past(_SPACE, at)

    def sign(self, sign: str, at: int) -> int:
        """Past the sign, and past the space and the comments around it."""
        at = self.space(at)
        if not self.text.startswith(sign, at):
            raise self.refusal(at, f'expected "{sign}"')
        return self.space(at + len(sign))

    def end_of_statement(self, at: int) -> int:
        """Past the semicolon, which the end of the PHP may stand for."""
        at = self.space(at)
        return at if _CLOSING.match(self.text, at) else self.sign(";", at)

    def end(self, at: int, expected: str) -> None:
        """Refuse what stands behind the PHP that is read."""
        at = self.past(_CLOSING, at)
        if at < len(self.text):
            raise self.refusal(at, expected)

    def past(self, pattern: re.Pattern[str], at: int) -> int:
        """Past what the pattern matches there, if it does."""
        found = pattern.match(self.text, at)
        return found.end() if found else at

    def refusal(self, at: int, expected: str) -> PhpError:
        """The exception for a place where something else was expected."""
        line, column = position(self.text, at)
        # A word or a sign, never a quoted text: that may hold a secret.
        found = re.compile(r"\$?\w{1,40}|<\?\w*|[^'\"]").match(self.text, at)
        got = shown(found[0]) if found else "a quoted text" if at < len(self.text) else "the end"
        return PhpError(f"{expected}, got {got}", line=line, column=column)
