"""Task rows with the activities and notifications that hang below them.

All times are minutes after the data's moment; negative: before it. Nothing lies so near to a
boundary that a minute or an hour of daylight saving could move it across.
"""

from __future__ import annotations

from random import Random

from system_daemon.linkcare.expected import Expected
from system_daemon.linkcare.moments import DAY, Moments
from system_daemon.linkcare.people import Case
from system_daemon.linkcare.rows import NONE, Rows
from system_daemon.linkcare.words import ACTIVITIES, SERVICE_TASK, TASKS, TEAM_TASKS

HOUR = 60
_OPEN, _CLOSED, _PAUSED, _EXPIRED, _CANCELLED = 12, 13, 16, 17, 99
_PATIENT, _CASE_MANAGER, _SERVICE = NONE, "24", "47"
_PENDING, _QUEUED, _SENDING, _SENT = 1, 2, 3, 4
LONG_AGO = -35 * DAY
"""What was marked as deleted then or before is purged."""
_EXPIRES = ("2 days", "3 days", "1 day")
# How often it comes again, when it was last done, and how long each can be done: the latest
# iteration is not over yet.
_RECURS = (
    ("3 days", 4 * DAY + 6 * HOUR, "2 days"),
    ("7 days", 10 * DAY, NONE),
    ("1 mon", 45 * DAY, "21 days"),
)


class Tasks:
    """Adds the tasks of one admission after another."""

    def __init__(self, rows: Rows, moments: Moments, choice: Random, expected: Expected) -> None:
        self._rows = rows
        self._at = moments.at
        self._bits = choice.getrandbits
        self._expected = expected
        self._admission = 0
        self._case = Case(key=0, channel="email", timezone="UTC")
        self._purged = False

    def begin(self, admission: int, case: Case, *, purged: bool = False) -> None:
        """From now on tasks belong to this admission; `purged`: it goes, with all below it."""
        self._admission = admission
        self._case = case
        self._purged = purged

    def done(self, minutes: int, *, deleted: int | None = None) -> None:
        """A task that ended; `deleted`: when it was marked so."""
        number = self._bits(32)
        name, role = _who(number)
        kind = (number >> 8) % 20
        status = _CANCELLED if kind == 0 else _EXPIRED if kind == 1 else _CLOSED
        closed = self._at(minutes + 90) if status == _CLOSED else NONE
        told = self._at(minutes - 50) if role == _PATIENT else NONE
        when = self._at(minutes)
        # What was marked lately stays, whatever becomes of the things above it.
        purged = self._purged if deleted is None else deleted <= LONG_AGO
        marked = NONE if deleted is None else self._at(deleted)
        key = self._rows.add(
            "task",
            f"{self._admission}\t{name}\tADMISSION\t{status}\t{role}"
            f"\t{self._case.timezone}\t{when}\t{NONE}\t{NONE}\t{NONE}\t1\t{told}\t{closed}\t{marked}",
        )
        self._expected.purged_tasks += purged
        if status == _CLOSED and number & 1 << 20:
            what, content = ACTIVITIES[(number >> 21) % len(ACTIVITIES)]
            self._rows.add("activity", f"{key}\t{what}\t{content}")
            self._expected.purged_activities += purged
        if role == _PATIENT and not number & 3 << 25:
            self._told(key, name, told, purged=purged, number=number >> 27)

    def later(self, minutes: int) -> None:
        """An open task of the future."""
        name, role = _who(self._bits(32))
        recurs = "7 days" if minutes % 3 == 0 else NONE
        self._open(name, role, minutes, "2 days", recurs)

    def overdue(self, minutes: int) -> None:
        """An open task of the past that stays open for ever."""
        self._open(TEAM_TASKS[minutes % len(TEAM_TASKS)], _CASE_MANAGER, minutes)

    def current(self) -> None:
        """An open task whose time runs: neither over nor due again, and the patient knows."""
        self._open(TASKS[1], _PATIENT, -5 * HOUR, "1 day", "2 days", told=-6 * HOUR)

    def over(self, kind: int) -> None:
        """An open task whose time is over: it expires, or moves to its latest iteration."""
        name = TASKS[kind % len(TASKS)]
        recurs, ago, expires = _RECURS[kind // 4 % len(_RECURS)]
        match kind % 4:
            case 0 | 1:
                days = -(4 + kind % 9) * DAY
                self._open(name, _PATIENT, days, _EXPIRES[kind % len(_EXPIRES)], told=days)
                self._expected.outdated_expired += 1
            case 2:
                self._open(name, _PATIENT, -ago, expires, recurs, told=-ago)
                self._expected.outdated_rescheduled += 1
            case _:
                # Its next iteration is yet to come, but this one is over.
                self._open(name, _PATIENT, -2 * DAY, "20 hours", "7 days", told=-2 * DAY)
                self._expected.outdated_expired += 1

    def forgotten(self, minutes: int) -> None:
        """An open task of an admission that rests: its time is over, but nobody may end it."""
        self._open(TASKS[2], _PATIENT, minutes, "1 day", told=minutes)

    def resting(self, minutes: int) -> None:
        """A task that was paused with its admission."""
        self._open(TASKS[2], _PATIENT, minutes, "1 day", told=minutes, status=_PAUSED)

    def untold(self, minutes: int) -> None:
        """An open task that is available now, and of which the patient was not told."""
        self._open(TASKS[3], _PATIENT, minutes, "1 day")
        self._expected.available_notified += 1

    def missed(self) -> None:
        """An open task of which the patient was not told when there was time."""
        self._open(TASKS[4], _PATIENT, -3 * HOUR, "2 days")
        self._expected.available_missed += 1

    def arrived(self, minutes: int) -> None:
        """A task of the role SERVICE whose time has come."""
        self._open(SERVICE_TASK, _SERVICE, minutes)
        self._expected.service_closed += 1

    def cancelled_soon(self, minutes: int) -> None:
        """An open task of an admission whose time is over."""
        self._open(TEAM_TASKS[0], _CASE_MANAGER, minutes)
        self._expected.admissions_tasks_cancelled += 1

    def delayed(self, kind: int) -> None:
        """An open task with a notification that waits in one of the states of its way."""
        key = self._open(TASKS[5], _PATIENT, 3 * HOUR, told=-HOUR)
        at, expected = self._at, self._expected
        match kind % 6:
            case 0 | 1:
                self._notify(key, _PENDING, at(-20))
                expected.delayed_queued += 1
            case 2:
                self._notify(key, _PENDING, at(2 * HOUR))
            case 3:
                self._notify(key, _QUEUED, at(-2 * HOUR), queued=at(-2 * HOUR))
                expected.delayed_rescued += 1
            case 4:
                self._notify(key, _QUEUED, at(-4), queued=at(-4))
            case _:
                moment = at(-5 * HOUR)
                self._notify(key, _SENDING, moment, queued=moment, claimed=moment)
                expected.delayed_uncertain += 1

    def _open(
        self, name: str, role: str, minutes: int, expires: str = NONE, recurs: str = NONE,
        *, told: int | None = None, status: int = _OPEN,
    ) -> int:  # fmt: skip
        notified = NONE if told is None else self._at(told)
        when = self._at(minutes)
        first = NONE if recurs == NONE else when
        self._expected.purged_tasks += self._purged
        return self._rows.add(
            "task",
            f"{self._admission}\t{name}\tADMISSION\t{status}\t{role}"
            f"\t{self._case.timezone}\t{when}\t{expires}\t{recurs}\t{first}\t1\t{notified}\t{NONE}\t{NONE}",
        )

    def _told(self, key: int, name: str, moment: str, *, purged: bool, number: int) -> None:
        marked = NONE
        if number == 0:
            marked = self._at(-60 * DAY)
            purged = True
        self._notify(
            key, _SENT, moment, queued=moment, claimed=moment, sent=moment, subject=name,
            deleted=marked,
        )  # fmt: skip
        self._expected.purged_notifications += purged

    def _notify(
        self, task: int, status: int, due: str, *, subject: str = "A task waits for you",
        queued: str = NONE, claimed: str = NONE, sent: str = NONE, deleted: str = NONE,
    ) -> None:  # fmt: skip
        self._rows.add(
            "notification",
            f"{self._case.key}\t{task}\t{self._case.channel}\t{subject}"
            f"\tPlease open the application when it suits you.\t{status}\t{due}\t{queued}"
            f"\t{claimed}\t{sent}\t{NONE}\t{deleted}",
        )


def _who(number: int) -> tuple[str, str]:
    """The name of a task and the role that does it."""
    if number & 3:
        return TASKS[(number >> 2) % len(TASKS)], _PATIENT
    return TEAM_TASKS[(number >> 2) % len(TEAM_TASKS)], _CASE_MANAGER
