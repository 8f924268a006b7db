"""SQL as text: where its comments, strings and parameters are, without understanding the rest."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
      (?P<hidden>
          --[^\n]* | /\*.*?\*/                      # comments
        | [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' # strings
        | "(?:[^"]|"")*"                            # quoted names
        | (?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag) # dollar-quoted strings
      )
    | ::                                            # a cast is no parameter
    | :(?P<parameter>[A-Za-z_]\w*)
    | \w+
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_VISIBLE = re.compile(r"[^\n]")


def blanked(text: str) -> str:
    """The text with spaces for comments, strings and quoted names; every other sign in place."""
    return _TOKEN.sub(
        lambda found: newlines(found[0], filler=" ") if found["hidden"] else found[0], text
    )


def newlines(text: str, *, filler: str = "") -> str:
    """Only the line ends of the text, so that what follows stays in its line."""
    return _VISIBLE.sub(filler, text)


def depth_zero(blank: str, start: int = 0) -> str:
    """The blanked text from `start` with spaces for everything in parentheses, both included."""
    depth, kept = 0, []
    for sign in blank[start:]:
        depth += sign == "("
        kept.append(sign if depth == 0 or sign == "\n" else " ")
        depth -= sign == ")"
    return "".join(kept)


def closing(blank: str, opening: int) -> int:
    """Where the parenthesis that is opened at `opening` is closed; -1: nowhere."""
    depth = 0
    for place in range(opening, len(blank)):
        depth += (blank[place] == "(") - (blank[place] == ")")
        if depth == 0:
            return place
    return -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """SQL as PostgreSQL takes it, its parameters ``$1``, ``$2`` ... by name."""

    text: str
    parameters: tuple[str, ...]

    def values(self, named: dict[str, object]) -> list[object]:
        """The values of the parameters in their order."""
        return [named[name] for name in self.parameters]


def query(text: str) -> Query:
    """SQL with ``:name`` for each parameter as a query; lines stay where they are."""
    names: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        name = found["parameter"]
        return found[0] if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return Query(text=_TOKEN.sub(numbered, text), parameters=tuple(names))
