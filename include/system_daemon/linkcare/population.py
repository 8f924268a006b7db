"""All rows of a database of a given size: the same size, number and moment make the same rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

from system_daemon.linkcare.admissions import FEWEST, Admissions, kinds
from system_daemon.linkcare.expected import Expected
from system_daemon.linkcare.moments import Moments
from system_daemon.linkcare.people import add_sessions
from system_daemon.linkcare.programs import add_programs
from system_daemon.linkcare.rows import Rows

_TASKS_EACH = 40
FEWEST_TASKS = FEWEST * _TASKS_EACH
# From this many tasks on, one of the deleted admissions has thousands of them.
_LARGE, _LARGEST_SHARE = 1_000_000, 200


def populate(
    tasks: int, *, number: int, as_of: datetime, write: Callable[[str, list[str]], None]
) -> Expected:
    """Make all rows, hand them to ``write(table, lines)`` in chunks, and tell what to expect.

    Args:
        tasks: How many tasks, at least FEWEST_TASKS.
        number: Another number makes another population.
        as_of: The moment around which everything is laid.
        write: Gets lines of COPY.

    Raises:
        ValueError: too few tasks.
    """
    if tasks < FEWEST_TASKS:
        raise ValueError(f"expected {FEWEST_TASKS} tasks or more, got {tasks}")
    rows, moments, choice, expected = Rows(write), Moments(as_of), Random(number), Expected()  # noqa: S311
    subscriptions = add_programs(rows, moments, expected)
    admissions = Admissions(rows, moments, choice, expected, subscriptions)
    large = tasks // _LARGEST_SHARE if tasks >= _LARGE else 0
    if large:
        admissions.add("purged", large)
    left, remaining = tasks - large, (tasks - large) // _TASKS_EACH
    for kind in kinds(choice):
        each = left // remaining
        admissions.add(kind, each)
        rows.flush()
        left, remaining = left - each, remaining - 1
        if not remaining:
            break
    add_sessions(rows, moments, choice, expected, users=max(20, tasks // 2000))
    rows.flush(all_of_them=True)
    return expected
