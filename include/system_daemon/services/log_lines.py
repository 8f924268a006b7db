r"""Text from elsewhere, made fit for a log: one line each, capped, without control characters.

A service's message is data, not layout. A newline in it must not begin a forged log line, an
escape sequence must not repaint an operator's terminal, and a bidirectional override must not turn
a sentence around. Such characters are shown as ``\x1b`` or ``\u202e``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol, assert_never

from system_daemon.outcome import Outcome
from system_daemon.services.result import Result

LINE_LIMIT = 1000
"""Characters in one line, the mark of the cut included."""
LINES_LIMIT = 100
"""Lines from one message or one list of details."""
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_JOINERS = frozenset(
    "\u200c\u200d"
)  # letters of Persian and Hindi, and of composed emoji, need them


class Log(Protocol):
    """What this room needs of a log; any ``logging.Logger`` fits."""

    def info(self, message: str, /, *args: object) -> object:
        """Say what happened."""

    def warning(self, message: str, /, *args: object) -> object:
        """Say what somebody should look at."""

    def error(self, message: str, /, *args: object) -> object:
        """Say what failed."""


def clean(text: str, limit: int = LINE_LIMIT) -> str:
    """One line of at most ``limit`` characters in which every control character is visible."""
    shown = "".join(map(_visible, text[: limit + 1].replace("\t", " ")))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _visible(character: str) -> str:
    if unicodedata.category(character) not in _UNSAFE or character in _JOINERS:
        return character
    return character.encode("unicode_escape").decode("ascii")


def lines(texts: Iterable[str]) -> tuple[str, ...]:
    """The lines of all texts, cleaned, blank ones left out, the surplus counted in a last line."""
    every = [line for text in texts for line in text.splitlines() if line.strip()]
    kept = tuple(clean(line) for line in islice(every, LINES_LIMIT))
    surplus = len(every) - len(kept)
    return (*kept, f"... and {surplus} more") if surplus else kept


def outcome_line(service: str, result: Result) -> str:
    """The one greppable line that ends every call (R3)."""
    name = clean(service)
    shown_name = name if re.fullmatch(r"[\w.-]+", name) else _quoted(name)
    status = "-" if result.http_status is None else result.http_status
    return (
        f"service={shown_name} outcome={result.outcome} http_status={status} "
        f"duration_ms={result.duration_ms} message={_quoted(clean(result.message))}"
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def log_said(log: Log, service: str, outcome: Outcome, said: Sequence[str], label: str) -> None:
    """Log what a service said line by line, each line under the service's name (R29, R30)."""
    for line in said:
        _at_level(log, outcome, "%s %s: %s", clean(service), label, line)


def log_outcome(log: Log, service: str, result: Result) -> None:
    """Log the line that ends a call."""
    _at_level(log, result.outcome, "%s", outcome_line(service, result))


def _at_level(log: Log, outcome: Outcome, message: str, *args: object) -> None:
    match outcome:
        case Outcome.SUCCESS | Outcome.IDLE | Outcome.LOCKED:
            log.info(message, *args)
        case Outcome.ERROR | Outcome.TIMEOUT:
            log.error(message, *args)
        case _:
            assert_never(outcome)
