"""Takes one statement apart: which rows are due, what is done with them, what is counted.

::

    WITH due AS (
        SELECT ... WHERE ... LIMIT :batch FOR UPDATE ... SKIP LOCKED
    ), changed AS (
        UPDATE ... RETURNING ...
    )
    SELECT count(*) AS tasks_closed FROM changed;

A run executes it whole. A preview is ``due`` without its lock and the last SELECT read from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from system_daemon.maintenance.sql_text import blanked, closing, depth_zero, newlines

_ANY_CASE = re.IGNORECASE
_BEGIN = re.compile(r"\s*WITH\s+due\s+AS\s*\(", _ANY_CASE)
_TABLES = r"(?:\s+OF\s+[\w.]+(?:\s*,\s*[\w.]+)*)?\s+SKIP\s+LOCKED\b\s*"
# First the rows that are changed, then those that a foreign key needs; each lock skips.
_LOCK = re.compile(
    rf"\bFOR\s+(?:NO\s+KEY\s+)?UPDATE{_TABLES}"
    rf"(?:FOR\s+(?:(?:NO\s+KEY\s+)?UPDATE|(?:KEY\s+)?SHARE){_TABLES})*$",
    _ANY_CASE,
)
_LIMIT = re.compile(r"\bLIMIT\s+:batch\s*$", _ANY_CASE)
_BATCH = re.compile(r"(?<!:):batch\b")
_CHANGES = re.compile(r"\b(?:INSERT|UPDATE|DELETE|MERGE)\b", _ANY_CASE)
_SELECT = re.compile(r"\bSELECT\b", _ANY_CASE)
_FROM = re.compile(r"\bFROM\s+[A-Za-z_]\w*\s*;\s*$", _ANY_CASE)
_ITEM = re.compile(r"\bAS\s+([a-z_]\w*)\s*$", _ANY_CASE)
_ROWS = " (SELECT count(*) FROM due) AS due_rows,"
_CURSOR = "next_"
NOTIFICATION_IDS = "notification_ids"


class StatementError(Exception):
    """A .sql file is not one that a sweep can run; the sentence says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A statement's two texts, and the columns of its row."""

    change: str
    preview: str
    counts: tuple[str, ...]
    cursor: tuple[str, ...]
    notifies: bool


@dataclass(frozen=True, slots=True)
class _Item:
    """One column of the last SELECT."""

    name: str
    start: int
    end: int

    @property
    def counts(self) -> bool:
        return not self.name.startswith(_CURSOR) and self.name != NOTIFICATION_IDS


def parts(text: str, *, report: bool, where: str) -> Parts:
    """Take a statement apart. Raises StatementError, its sentence beginning with `where`."""
    blank = blanked(text)
    if blank.count(";") != 1 or not blank.rstrip().endswith(";"):
        raise StatementError(
            f"{where}: expected one statement that ends with ;, got {_ends(blank)}"
        )
    begin = _BEGIN.match(blank)
    end = closing(blank, begin.end() - 1) if begin else -1
    if begin is None or end < 0:
        raise StatementError(
            f"{where}: expected a statement that begins with WITH due AS (...), got another one"
        )
    unlocked = _bounded(blank[:end], begin.end(), report=report, where=where)
    if len(_BATCH.findall(blank)) != 1:
        raise StatementError(f"{where}: expected :batch once, in the LIMIT of due, got it again")
    select, items = _last_select(blank, end + 1, where)
    changes = _CHANGES.search(blank[begin.end() : unlocked]) or _CHANGES.search(blank, end, select)
    if bool(changes) == report:
        got = "a report that changes" if report else "one that changes nothing"
        raise StatementError(
            f'{where}: expected a statement that changes the rows of due, or "-- kind: report" and'
            f" one that only counts them, got {got}"
        )
    return Parts(
        change=text[:select] + _ROWS + text[select:].rstrip().removesuffix(";"),
        preview=(
            text[:unlocked]
            + newlines(text[unlocked:end])
            + ")"
            + newlines(text[end:select])
            + f"SELECT{_ROWS}{_shown(text, items)}\nFROM due"
        ),
        counts=tuple(each.name for each in items if each.counts),
        cursor=tuple(
            each.name.removeprefix(_CURSOR) for each in items if each.name.startswith(_CURSOR)
        ),
        notifies=any(each.name == NOTIFICATION_IDS for each in items),
    )


def _shown(text: str, items: list[_Item]) -> str:
    """The columns that a preview has too; the others need what only a change knows."""
    kept = [each for each in items if each.counts]
    return ",".join(text[each.start : each.end] for each in kept).rstrip()


def _ends(blank: str) -> str:
    return "none" if blank.count(";") == 0 else "more than one, or text behind it"


def _bounded(head: str, start: int, *, report: bool, where: str) -> int:
    """Where the lock of `due` begins, or its end if it has none."""
    lock = _LOCK.search(head, start)
    if lock is None and not report:
        raise StatementError(
            f"{where}: expected due to end with FOR UPDATE ... SKIP LOCKED, got no such lock; with"
            " it nobody waits for the sweep, nor it for them"
        )
    unlocked = lock.start() if lock else len(head)
    if not _LIMIT.search(head, start, unlocked):
        raise StatementError(
            f"{where}: expected LIMIT :batch at the end of due, before its lock, got none; every"
            " batch is a bounded one"
        )
    return unlocked


def _last_select(blank: str, start: int, where: str) -> tuple[int, list[_Item]]:
    """Where the columns of the last SELECT begin, and what they are."""
    outer = " " * start + depth_zero(blank, start)
    selects = list(_SELECT.finditer(outer, start))
    source = _FROM.search(outer, selects[0].end()) if selects else None
    if len(selects) != 1 or source is None:
        raise StatementError(
            f"{where}: expected a last line of counts out of one WITH query and nothing"
            " behind it, got another form"
        )
    select = selects[0].end()
    items = list(_items(blank, outer, select, source.start(), where))
    names = [each.name for each in items]
    if not any(each.counts for each in items) or len({*names}) != len(names):
        raise StatementError(
            f"{where}: expected a count with a name of its own in the last SELECT, such as"
            " count(*) AS tasks_closed, got none"
        )
    return select, items


def _items(blank: str, outer: str, start: int, end: int, where: str) -> Iterator[_Item]:
    while start < end:
        comma = outer.find(",", start, end)
        stop = end if comma < 0 else comma
        named = _ITEM.search(blank, start, stop)
        if named is None or named[1] == "due_rows":
            raise StatementError(
                f"{where}: expected every column of the last SELECT to be named with AS, got one"
                " without a name, or due_rows, which is the sweep's own"
            )
        yield _Item(named[1], start, stop)
        start = stop + 1
