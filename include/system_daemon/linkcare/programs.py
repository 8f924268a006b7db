"""Programs with their versions and subscriptions: a few dozen rows in any database."""

from __future__ import annotations

from dataclasses import dataclass

from system_daemon.linkcare.expected import Expected
from system_daemon.linkcare.moments import DAY, Moments
from system_daemon.linkcare.rows import NONE, Rows
from system_daemon.linkcare.words import PROGRAMS, TEAMS

_DURATIONS = (NONE, "1 year", NONE, "6 mons", "2 years", NONE)
_OWN_DURATION = "9 mons"
_VERSIONS = 4
_CASE_MANAGER, _PATIENT = "24", NONE
# The name of the task and its role; version 3 changed nothing for those who follow version 2.
_MIGRATIONS = {
    2: ("Take over the new plan", _CASE_MANAGER),
    4: ("Consent to the new questionnaire", _PATIENT),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription that admissions can have."""

    key: int
    versions: tuple[int, ...]
    """Keys of its program's versions, the oldest first."""
    limited: bool
    """Whether a stay in it ends by itself, after a year at the latest."""
    for_years: bool
    """Whether a stay in it may take longer than a year."""

    def migration_tasks(self, version: int) -> int:
        """How many tasks take an admission from this version (1 ...) to the newest."""
        return sum(number > version for number in _MIGRATIONS)


def add_programs(rows: Rows, moments: Moments, expected: Expected) -> list[Subscription]:
    """The subscriptions that live; the first is the one for ADMISSIONS_UPDATE."""
    found = []
    for number, name in enumerate(PROGRAMS):
        duration = _DURATIONS[number % len(_DURATIONS)]
        program = rows.add("program", f"{name}\t{duration}\t{NONE}")
        versions = tuple(_version(rows, program, each + 1) for each in range(_VERSIONS))
        for team, of in enumerate(TEAMS):
            own = _OWN_DURATION if team == 2 else NONE
            key = rows.add("subscription", f"{program}\t{name}, {of}\t{own}\t{NONE}")
            longest = duration if own == NONE else own
            found.append(
                Subscription(
                    key=key,
                    versions=versions,
                    limited=longest not in (NONE, "2 years"),
                    for_years=longest in (NONE, "2 years"),
                )
            )
    _add_deleted(rows, moments, expected)
    return found


def _version(rows: Rows, program: int, version: int) -> int:
    task, role = _MIGRATIONS.get(version, (NONE, _CASE_MANAGER))
    return rows.add("program_version", f"{program}\t{version}\t{task}\t{role}")


def _add_deleted(rows: Rows, moments: Moments, expected: Expected) -> None:
    long_ago, lately = moments.at(-90 * DAY), moments.at(-9 * DAY)
    for name, deleted in (("Sleep apnoea", long_ago), ("Migraine", lately)):
        program = rows.add("program", f"{name} (pilot)\t1 year\t{deleted}")
        _version(rows, program, 1)
        _version(rows, program, 2)
        rows.add("subscription", f"{program}\t{name}, {TEAMS[0]}\t{NONE}\t{deleted}")
    rows.add("subscription", f"1\t{PROGRAMS[0]}, closed clinic\t{NONE}\t{long_ago}")
    rows.add("subscription", f"1\t{PROGRAMS[0]}, moved clinic\t{NONE}\t{lately}")
    expected.purged_programs += 1
    expected.purged_program_versions += 2
    expected.purged_subscriptions += 2
