"""A maintenance task's .sql file: named statements, each of which changes one bounded batch.

What pastes into psql is what runs. The count before, the dry run and what is left are made of the
same text, so that they cannot differ from what a run does.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from system_daemon.maintenance.sql_text import Query, blanked, query
from system_daemon.maintenance.statement_parts import (
    NOTIFICATION_IDS,
    Parts,
    StatementError,
    parts,
)

__all__ = ["NOTIFICATION_IDS", "Statement", "StatementError", "read_statements"]

_HEADER = re.compile(r"^-- (name|description|kind):[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
REPORT = "report"
ALWAYS = frozenset({"as_of", "batch"})
"""Parameters that every statement may use: the moment (timestamptz), and the rows of a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement of a task."""

    name: str
    description: str
    file: str
    """The file's name, for messages."""
    line: int
    """Where its text begins in the file, from 1."""
    report: bool
    """It counts something worth knowing and changes nothing."""
    change: Query
    """One batch. Its row: ``due_rows``, the counts, ``next_<parameter>``, ``notification_ids``."""
    preview: Query
    """What would be changed, with the batch's limit: ``due_rows`` and the counts."""
    counts: tuple[str, ...]
    """What it counts."""
    cursor: tuple[str, ...]
    """Parameters that the batch before gives the next one; null in the first."""
    notifies: bool
    """Its row has ``notification_ids``, to be handed over after the commit."""


def read_statements(file: Path, *, parameters: Collection[str] = ()) -> tuple[Statement, ...]:
    """The statements of a file, in its order.

    Args:
        file: the task's .sql file.
        parameters: names that the task binds beside ``as_of`` and ``batch``.

    Raises:
        StatementError: no run could use the file; the sentence names the line.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StatementError(
            f"expected {file.name} to be a readable UTF-8 file, got {type(error).__name__}"
        ) from None
    found = [_statement(section, file.name) for section in _sections(text, file.name)]
    if not found:
        raise StatementError(
            f'expected statements in {file.name}, each below a line "-- name: ...", got none'
        )
    for statement in found:
        _check(statement, found, ALWAYS.union(parameters, statement.cursor))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A header's values, and the text below it."""

    headers: dict[str, str]
    text: str
    line: int
    where: str


def _sections(text: str, file: str) -> Iterator[_Section]:
    blank = blanked(text)
    # Headers are comments: what looks like one inside of a string is none.
    starts = [
        each
        for each in _HEADER.finditer(text)
        if each[1] == "name" and not blank[each.start() : each.end()].strip()
    ]
    before = blank[: starts[0].start()] if starts else ""
    if before.strip():
        raise StatementError(
            f'{file}: expected a line "-- name: ..." before the first statement, got SQL'
        )
    for number, start in enumerate(starts):
        end = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        section = text[start.start() : end]
        headers = {each[1]: each[2] for each in _HEADER.finditer(section)}
        line = text.count("\n", 0, start.start()) + 1
        yield _Section(headers=headers, text=section, line=line, where=f"{file} line {line}")


def _statement(section: _Section, file: str) -> Statement:
    name = section.headers["name"]
    if not _NAME.fullmatch(name):
        raise StatementError(
            f"{section.where}: expected a name of small letters, digits and underscores,"
            f" got {name!r}"
        )
    if not section.headers.get("description"):
        raise StatementError(
            f'{section.where}: expected a line "-- description: ..." below the name of'
            f" {name}, got none"
        )
    kind = section.headers.get("kind", "change")
    if kind not in {"change", REPORT}:
        raise StatementError(
            f'{section.where}: expected the kind "change" or "report", got {kind!r}'
        )
    taken: Parts = parts(section.text, report=kind == REPORT, where=f"{section.where} ({name})")
    return Statement(
        name=name,
        description=section.headers["description"],
        file=file,
        line=section.line,
        report=kind == REPORT,
        change=query(taken.change),
        preview=query(taken.preview),
        counts=taken.counts,
        cursor=taken.cursor,
        notifies=taken.notifies,
    )


def _check(statement: Statement, all_of_them: list[Statement], known: Collection[str]) -> None:
    where = f"{statement.file} line {statement.line} ({statement.name})"
    if [each.name for each in all_of_them].count(statement.name) > 1:
        raise StatementError(f"{where}: expected a name of its own, got one that is there twice")
    unknown = sorted({*statement.change.parameters} - {*known})
    if unknown:
        raise StatementError(
            f"{where}: expected only the parameters :{', :'.join(sorted(known))},"
            f" got :{', :'.join(unknown)}"
        )
