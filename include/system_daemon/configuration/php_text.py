"""A text as PHP writes it: in single or double quotes, as a nowdoc or a heredoc; never a value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

Refuse: TypeAlias = Callable[[int, str], Exception]
"""Makes the exception for a place in the source and what was expected there."""
Piece: TypeAlias = tuple[str, int]
"""Characters of the text, and where they stand in the source."""

_HEREDOC = re.compile(r"<<<[ \t]*(['\"]?)([A-Za-z_]\w*)\1\r?\n")
_INTERPOLATION = re.compile(r"\$(?:[A-Za-z_\x80-\U0010ffff]|\{)|\{\$")
_ESCAPE = re.compile(
    r"\\(?:(?P<letter>[nrtvef\\$])|(?P<octal>[0-7]{1,3})|x(?P<hex>[0-9A-Fa-f]{1,2})"
    r"|u\{(?P<code>[0-9A-Fa-f]{1,6})\})"
)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "v": "\v", "e": "\x1b", "f": "\f"}


def read_text(source: str, at: int, refuse: Refuse) -> tuple[str, tuple[int, ...], int]:
    """The text that begins at a place of the source.

    Returns:
        The text; for each of its characters, and for its end, the place in the source; the place
        behind the text.
    """
    if source.startswith("'", at):
        body, end = _quoted("'", source, at, refuse)
        pieces = _single(source, at + 1, body)
    elif source.startswith('"', at):
        body, end = _quoted('"', source, at, refuse)
        pieces = _double(source, at + 1, body, refuse, quote='"')
    elif opening := _HEREDOC.match(source, at):
        lines, body, end = _heredoc(opening, source, refuse)
        pieces = _chained(
            _verbatim(source, start, stop)
            if opening[1] == "'"
            else _double(source, start, stop, refuse, quote="")
            for start, stop in lines
        )
    else:
        raise refuse(at, "expected a quoted text of JSON, which PHP need not compute")
    text, origins = [], []
    for characters, origin in pieces:
        text.append(characters)
        origins += [origin] * len(characters)
    return "".join(text), (*origins, body), end


def _chained(parts: Iterator[Iterator[Piece]]) -> Iterator[Piece]:
    for part in parts:
        yield from part


def _quoted(quote: str, source: str, at: int, refuse: Refuse) -> tuple[int, int]:
    """Where the text's body ends, and the place behind its closing quote."""
    found = re.compile(rf"{quote}[^{quote}\\]*(?:\\.[^{quote}\\]*)*{quote}", re.DOTALL)
    whole = found.match(source, at)
    if whole is None:
        raise refuse(len(source), "expected a closing quote")
    return whole.end() - 1, whole.end()


def _single(source: str, at: int, end: int) -> Iterator[Piece]:
    for found in re.compile(r"\\([\\'])|.", re.DOTALL).finditer(source, at, end):
        yield found[1] or found[0], found.start()


def _verbatim(source: str, at: int, end: int) -> Iterator[Piece]:
    yield from ((source[place], place) for place in range(at, end))


def _double(source: str, at: int, end: int, refuse: Refuse, *, quote: str) -> Iterator[Piece]:
    """With the escapes of double quotes; ``quote`` is the one that a backslash frees."""
    while at < end:
        if _INTERPOLATION.match(source, at, end):
            raise refuse(at, "expected a text without PHP variables")
        if quote and source.startswith(f"\\{quote}", at):
            yield quote, at
            at += 2
        elif escape := _ESCAPE.match(source, at, end):
            yield _escaped(escape, refuse), at
            at = escape.end()
        else:
            yield source[at], at
            at += 1


def _escaped(escape: re.Match[str], refuse: Refuse) -> str:
    if letter := escape["letter"]:
        return _LETTERS.get(letter, letter)
    code = int(escape["code"] or escape["hex"] or escape["octal"], 8 if escape["octal"] else 16)
    is_byte = escape["code"] is None
    if (is_byte and code > 0x7F) or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise refuse(escape.start(), "expected escapes of whole characters")
    return chr(code)


def _heredoc(
    opening: re.Match[str], source: str, refuse: Refuse
) -> tuple[list[tuple[int, int]], int, int]:
    """The lines without the closing label's indent, the body's end and the place behind it all."""
    label = re.compile(rf"^([ \t]*){opening[2]}(?!\w)", re.MULTILINE)
    closing = label.search(source, opening.end())
    if closing is None:
        raise refuse(len(source), f"expected the closing label {opening[2]}")
    indent, lines, at = closing[1], [], opening.end()
    body = max(at, closing.start() - 1)
    if source[at:body].endswith("\r"):
        body -= 1
    while at < body:
        stop = source.find("\n", at, body) + 1 or body
        if source.startswith(indent, at):
            lines.append((at + len(indent), stop))
        elif source[at:stop].strip():
            raise refuse(at, "expected the indent of the closing label in every line")
        else:
            lines.append((stop - 1 if source[stop - 1] == "\n" else stop, stop))
        at = stop
    return lines, body, closing.end()
