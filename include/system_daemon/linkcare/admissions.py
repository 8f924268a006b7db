"""Admissions of every kind in fixed proportions, each with its patient and its tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from system_daemon.linkcare.expected import Expected
from system_daemon.linkcare.moments import DAY, Moments
from system_daemon.linkcare.people import Case, add_case
from system_daemon.linkcare.programs import Subscription
from system_daemon.linkcare.rows import NONE, Rows
from system_daemon.linkcare.tasks import HOUR, Tasks

_INCOMPLETE, _ACTIVE, _REJECTED, _DISCHARGED, _ENROLLED, _PAUSED = 0, 1, 2, 4, 5, 6
# How many of 200 admissions are of each kind.
_KINDS = {
    "over": 104, "active": 62, "enrolled": 10, "paused": 6, "incomplete": 3, "rejected": 2,
    "expired": 2, "migrating": 3, "purged": 4, "purged with its case": 2, "lately deleted": 1,
    "waiting": 1,
}  # fmt: skip
_LIVING = frozenset({"over", "active", "enrolled"})
FEWEST = 50
"""So many admissions at least: then there are some of each kind."""
_DELETED_AT_ONCE = (4, 4, 5, 5, 6)


def kinds(choice: Random) -> Iterator[str]:
    """The kinds of all admissions, for ever: first one of each, then in changing order."""
    block = [kind for kind, share in _KINDS.items() for _ in range(share - 1)]
    first = list(_KINDS)
    while True:
        yield from first
        mixed = list(block)
        choice.shuffle(mixed)
        yield from mixed
        choice.shuffle(first)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stay:
    """An admission's row; days count back."""

    status: int
    enrolled: int | None
    discharged: int | None = None
    deleted: str = NONE
    of: Sequence[Subscription] = ()
    """One of these subscriptions; none: of all."""
    version: int = 0
    """Of its program, from 1; 0: the newest."""
    again: bool = False
    """Whether its patient may have had an admission before."""
    purged: bool = False


class Admissions:
    """Adds one admission after another."""

    def __init__(
        self,
        rows: Rows,
        moments: Moments,
        choice: Random,
        expected: Expected,
        subscriptions: list[Subscription],
    ) -> None:
        self._rows = rows
        self._at = moments.at
        self._choice = choice
        self._expected = expected
        self._tasks = Tasks(rows, moments, choice, expected)
        self._migrated = subscriptions[0]
        self._limited = [each for each in subscriptions if each.limited]
        self._for_years = [each for each in subscriptions if each.for_years]
        self._any = subscriptions
        self._last: Case | None = None
        # Every so many admissions that work hold what a task is to act on.
        self._worked = count()

    def add(self, kind: str, tasks: int) -> None:
        """One admission with so many tasks (20 or more)."""
        match kind:
            case "over":
                self._over(tasks)
            case "active" | "enrolled":
                self._at_work(_ACTIVE if kind == "active" else _ENROLLED, tasks)
            case "paused":
                self._resting(tasks)
            case "incomplete" | "rejected":
                status = _INCOMPLETE if kind == "incomplete" else _REJECTED
                self._begin(_Stay(status=status, enrolled=None))
                self._done(tasks, since=300 * DAY)
            case "expired":
                self._expired(tasks)
            case "migrating":
                self._migrating(tasks)
            case _:
                self._deleted(kind, tasks)
        self._last = self._last if kind in _LIVING else None

    def _over(self, tasks: int) -> None:
        days = 230 + self._choice.getrandbits(8)
        self._begin(
            _Stay(
                status=_DISCHARGED,
                enrolled=days,
                discharged=days - 150,
                of=self._for_years,
                again=True,
            )
        )
        marked = self._marked(days)
        self._done(tasks - marked, since=days * DAY, until=(days - 150) * DAY)

    def _at_work(self, status: int, tasks: int) -> None:
        days = 45 + self._choice.getrandbits(32) % 100
        self._begin(_Stay(status=status, enrolled=days, again=True))
        number = next(self._worked)
        sheet, left = self._tasks, tasks
        sheet.over(number)
        sheet.current()
        sheet.overdue(-(3 + number % 30) * DAY)
        left -= 3
        if number % 8 == 4:
            sheet.over(number // 8)
            left -= 1
        if number % 10 == 0:
            sheet.untold(number // 10 % 101 - 50)
            left -= 1
        if number % 20 == 1:
            sheet.arrived(-(1 + number // 20 % 50))
            left -= 1
        if number % 50 == 3:
            sheet.missed()
            left -= 1
        if number % 30 == 2 or number < 6:
            sheet.delayed(number // 30 + number)
            left -= 1
        for _ in range(8):
            sheet.later(2 * HOUR + self._choice.getrandbits(16))
        left -= 8 + self._marked(days)
        self._done(left, since=days * DAY)

    def _resting(self, tasks: int) -> None:
        self._begin(_Stay(status=_PAUSED, enrolled=100))
        for number in range(3):
            # One in ten was opened by hand since.
            opened = number == 0 and self._choice.getrandbits(8) % 10 == 0
            add = self._tasks.forgotten if opened else self._tasks.resting
            add(-(2 + 5 * number) * DAY)
        self._done(tasks - 3, since=100 * DAY)

    def _expired(self, tasks: int) -> None:
        status = self._choice.choice((_ACTIVE, _ENROLLED, _PAUSED))
        days = 400 + self._choice.getrandbits(8)
        self._begin(_Stay(status=status, enrolled=days, of=self._limited))
        for number in range(3):
            self._tasks.cancelled_soon((20 * number - 10) * DAY)
        self._expected.admissions_discharged += 1
        self._done(tasks - 3, since=390 * DAY)

    def _migrating(self, tasks: int) -> None:
        version = 1 + self._choice.getrandbits(8) % 3
        status = self._choice.choice((_ACTIVE, _ENROLLED, _PAUSED))
        self._begin(_Stay(status=status, enrolled=120, of=[self._migrated], version=version))
        self._tasks.later(30 * DAY)
        self._done(tasks - 1, since=120 * DAY)
        self._expected.updated_admissions += 1
        self._expected.updated_migration_tasks += self._migrated.migration_tasks(version)

    def _deleted(self, kind: str, tasks: int) -> None:
        days = 40 + self._choice.getrandbits(8)
        long_ago, lately = self._at(-days * DAY), self._at(-(1 + days % 20) * DAY)
        case: Case | None = None
        deleted = long_ago
        if kind == "purged with its case":
            case = add_case(self._rows, self._choice, deleted=long_ago)
            self._expected.purged_cases += 1
            deleted = NONE
        elif kind == "lately deleted":
            deleted = lately
        gone = kind != "lately deleted"
        status = _DISCHARGED if deleted == NONE else _ACTIVE
        stay = _Stay(status=status, enrolled=days + 60, deleted=deleted, purged=gone)
        self._begin(stay, case)
        self._expected.purged_admissions += gone and kind != "waiting"
        if kind == "waiting":
            self._tasks.done(-days * DAY, deleted=-(1 + days % 20) * DAY)
        else:
            self._tasks.later(5 * DAY)
        self._tasks.forgotten(-3 * DAY)
        self._done(tasks - 2, since=(days + 60) * DAY, until=days * DAY)

    def _begin(self, stay: _Stay, case: Case | None = None) -> None:
        """Add the row, and its patient unless `case` is."""
        bits = self._choice.getrandbits(32)
        if case is None:
            case = self._last if stay.again and bits % 5 == 0 else None
            case = add_case(self._rows, self._choice) if case is None else case
        self._last = case
        of = stay.of or self._any
        subscription = of[(bits >> 4) % len(of)]
        version = subscription.versions[stay.version - 1]
        key = self._rows.add(
            "admission",
            f"{case.key}\t{subscription.key}\t{version}\t{stay.status}\t{self._days(stay.enrolled)}"
            f"\t{self._days(stay.discharged)}\t{NONE if stay.discharged is None else 'END'}"
            f"\t{stay.deleted}",
        )
        self._tasks.begin(key, case, purged=stay.purged)

    def _days(self, ago: int | None) -> str:
        return NONE if ago is None else self._at(-ago * DAY)

    def _marked(self, days: int) -> int:
        """Tasks that a change of the plan marked as deleted at once; how many."""
        bits = self._choice.getrandbits(32)
        tasks = _DELETED_AT_ONCE[bits % len(_DELETED_AT_ONCE)]
        age = 40 + (bits >> 8) % (days - 44)
        when = -(1 + age % 20) * DAY if bits >> 24 < 8 else -age * DAY
        for number in range(tasks):
            self._tasks.done(-(age + 1 + number % 3) * DAY, deleted=when)
        return tasks

    def _done(self, tasks: int, *, since: int, until: int = 5 * HOUR) -> None:
        """Tasks that ended, spread over the time between; minutes count back."""
        step = max(1, (since - until) // (tasks + 1))
        add, bits = self._tasks.done, self._choice.getrandbits
        for number in range(tasks):
            add(-(since - number * step) + bits(8))
