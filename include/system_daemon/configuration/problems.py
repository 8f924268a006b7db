"""Problems are values: what is wrong in which file, where, and what to write instead."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error refuses what it stands at; a warning speaks and lets it pass."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding in one configuration file."""

    severity: Severity
    file: str
    """The file's name inside the configuration folder."""
    where: str
    """A JSON path such as ``[2].execution_plan.time``, or ``line 4, column 45``."""
    message: str
    """A sentence of the form "expected ..., got ...", and the remedy."""

    def __str__(self) -> str:
        return f"{self.file} {self.where}: {self.message}"


class ConfigurationError(Exception):
    """The configuration was refused; the text names every place and its remedy."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"  {problem}" for problem in self.problems))

    def __str__(self) -> str:
        count = len(self.problems)
        head = f"{count} configuration {'problem' if count == 1 else 'problems'}:"
        return f"{head}\n{super().__str__()}"


def shown(value: object, *, limit: int = 60) -> str:
    """The value as an operator wrote it, short enough for a sentence and fit for any terminal.

    Objects and arrays are named, never printed: they may hold what nobody should read in a log.
    """
    match value:
        case dict():
            return "an object"
        case list():
            return "an array"
        case str():
            short = value if len(value) <= limit else f"{value[:limit]}..."
            return "".join(map(_visible, json.dumps(short, ensure_ascii=False)))
        case _:
            text = json.dumps(value)
            return text if len(text) <= limit else f"{text[:limit]}..."


def _visible(char: str) -> str:
    return char if char.isprintable() else json.dumps(char)[1:-1]


_PLAIN_KEY = re.compile(r"[^\W\d][\w$-]*")


def step(key: str) -> str:
    """One step of a JSON path: ``.timeout``, or ``["odd key"]``."""
    plain = _PLAIN_KEY.fullmatch(key) and len(key) <= 60
    return f".{key}" if plain else f"[{shown(key)}]"


def nearest(word: object, valid: Iterable[str]) -> str | None:
    """The valid word that was probably meant."""
    by_folded = {choice.casefold(): choice for choice in valid}
    near = difflib.get_close_matches(str(word).casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[near[0]] if near else None


def did_you_mean(word: object, valid: Iterable[str]) -> str:
    """``; did you mean "timeout"?`` for a word near a valid one, else nothing."""
    near = nearest(word, valid)
    return f'; did you mean "{near}"?' if near else ""
