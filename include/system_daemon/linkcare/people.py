"""Patients, and who is logged in."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from system_daemon.linkcare.expected import Expected
from system_daemon.linkcare.moments import DAY, Moments
from system_daemon.linkcare.rows import NONE, Rows
from system_daemon.linkcare.words import FAMILY_NAMES, GIVEN_NAMES, ZONES, address

_VALUES = ("language\ten", "role\t24", "last_patient\t17")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A patient."""

    key: int
    channel: str
    """The way in which the patient is told."""
    timezone: str


def add_case(rows: Rows, choice: Random, *, deleted: str = NONE) -> Case:
    """One more patient; `deleted`: when it was marked so."""
    number = choice.getrandbits(30)
    given = GIVEN_NAMES[number % len(GIVEN_NAMES)]
    family = FAMILY_NAMES[(number >> 8) % len(FAMILY_NAMES)]
    zone = ZONES[(number >> 16) % len(ZONES)]
    email, phone = address(number)
    key = rows.add("patient_case", f"{given} {family}\t{email}\t{phone}\t{zone}\t{deleted}")
    return Case(key=key, channel="sms" if email == NONE else "email", timezone=zone)


def add_sessions(
    rows: Rows, moments: Moments, choice: Random, expected: Expected, *, users: int
) -> None:
    """Users and their sessions, of which every second was left open and forgotten."""
    for number in range(users):
        user = rows.add("app_user", f"user{number + 1}")
        forgotten = number % 2 == 0
        zone = ZONES[number % len(ZONES)]
        age = DAY + choice.randrange(30 * DAY) if forgotten else choice.randrange(10)
        active, started = moments.at(-age), moments.at(-age - 30)
        session = rows.add("session", f"{user}\t{zone}\t{started}\t{active}")
        for value in _VALUES:
            rows.add("session_value", f"{session}\t{value}")
        if forgotten:
            expected.sessions_removed += 1
            expected.session_values_removed += len(_VALUES)
