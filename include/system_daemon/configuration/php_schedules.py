"""``conf/daemon_configuration.php`` of the original daemon: when its tasks run (R24).

Only this shape is read, as often as it comes, and nothing is ever executed::

    <?php
    $scheduledTasksFrequency[SystemMaintenance::DAEMON_PURGE_DB] =
        ['frequency' => null, 'time' => '00:00'];

with comments anywhere, and ``array( ... )`` for the brackets.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from system_daemon.configuration.catalogue import catalogued
from system_daemon.configuration.php_source import PhpSource
from system_daemon.configuration.php_text import read_text

VARIABLE = "scheduledTasksFrequency"
Schedule: TypeAlias = dict[str, str | int | float | None]
"""An entry of ``maintenance.json``: name, frequency and time as they are written."""

_TASK = re.compile(rf"\${VARIABLE}\s*\[\s*SystemMaintenance\s*::\s*([A-Za-z_]\w*)\s*\]")
_ARRAY = re.compile(r"\[|array\s*\(", re.IGNORECASE)
_KEY = re.compile(r"""(['"])(frequency|time)\1""")
_NULL = re.compile(r"null\b", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?(?![\w.])")


def names_schedules(data: bytes) -> bool:
    """Whether this is the file that is read here."""
    return f"${VARIABLE}".encode() in data


def read_schedules(data: bytes) -> list[Schedule]:
    """The schedules in the order of the file, each under its task's own name.

    Raises:
        JsonTextError: anything else in the file; the message names it, line and column its place.
    """
    source = PhpSource.of(data)
    at, found = source.opening(), []
    while task := _TASK.match(source.text, at):
        at = source.sign("=", task.end())
        known = catalogued(task[1])
        schedule: Schedule = {"name": known.name if known else task[1]}
        at = source.end_of_statement(_array(source, at, schedule))
        found.append(schedule)
    expected = f"expected ${VARIABLE}[SystemMaintenance::...] = [...]; and nothing else"
    if not found:
        raise source.refusal(at, expected)
    source.end(at, expected)
    return found


def _array(source: PhpSource, at: int, schedule: Schedule) -> int:
    """Past the array, whose keys go into the schedule."""
    opening = _ARRAY.match(source.text, at)
    if opening is None:
        raise source.refusal(at, "expected ['frequency' => ..., 'time' => ...]")
    closing = "]" if opening[0] == "[" else ")"
    at = source.space(opening.end())
    while not source.text.startswith(closing, at):
        key = _KEY.match(source.text, at)
        if key is None or key[2] in schedule:
            raise source.refusal(at, "expected 'frequency' or 'time', each once")
        schedule[key[2]], at = _value(source, source.sign("=>", key.end()))
        at = source.space(at)
        if not source.text.startswith(closing, at):
            at = source.sign(",", at)
    return at + 1


def _value(source: PhpSource, at: int) -> tuple[str | int | float | None, int]:
    if null := _NULL.match(source.text, at):
        return None, null.end()
    if number := _NUMBER.match(source.text, at):
        return (float if number[1] else int)(number[0]), number.end()
    if source.text.startswith(("'", '"'), at):
        text, _, end = read_text(source.text, at, source.refusal)
        return text, end
    raise source.refusal(at, "expected a number, a quoted time of day or null")
