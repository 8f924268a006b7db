"""The one error that the embedded stack raises for the person at the terminal."""

from __future__ import annotations

from pathlib import Path


class StackError(Exception):
    """The embedded stack could not do what was asked; the message is one sentence with a remedy."""

    def __init__(self, message: str, *, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


def log_tail(log: Path, lines: int = 15, *, of: str | None = None) -> str:
    """The last `lines` lines of a log file; empty where there is none.

    `of`: only the lines of this component, in a log where each line begins with its component.
    """
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    found = [line for line in text.splitlines() if of is None or line.startswith(of)]
    return "\n".join(found[-lines:])
