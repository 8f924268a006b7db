"""Lines for people: coloured on a terminal only, never cut, wrapped or read as markup."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text


def say(text: str | Text = "") -> None:
    """One line on standard output."""
    _print(text, stderr=False)


def complain(text: str | Text) -> None:
    """One line on standard error."""
    _print(text, stderr=True)


def _print(text: str | Text, *, stderr: bool) -> None:
    line = text if isinstance(text, Text) else Text(text)
    Console(stderr=stderr, highlight=False, soft_wrap=True).print(line)
