"""Schedules in words: for the UI, the generated documentation and the terminal."""

from __future__ import annotations

from typing import assert_never

from system_daemon.schedule.after_run import AfterRun
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.every import Every

_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))


def duration(seconds: float) -> str:
    """``90`` as "90 seconds", ``300`` as "5 minutes", ``86400`` as "1 day"."""
    for size, unit in _UNITS:
        if seconds >= size and seconds % size == 0:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:.12g} second{'' if seconds == 1 else 's'}"


def in_words(schedule: Daily | Every | AfterRun) -> str:
    """A schedule as half a sentence: "every day at 15:57 (Europe/Madrid)"."""
    match schedule:
        case Daily():
            return f"every day at {clock(schedule)} ({schedule.zone.key})"
        case Every():
            return f"every {duration(schedule.seconds).removeprefix('1 ')}"
        case AfterRun():
            return _after_run(schedule)
        case never:
            assert_never(never)


def _after_run(schedule: AfterRun) -> str:
    waits = {
        "success": schedule.on_success,
        "idle": schedule.on_idle,
        "error": schedule.on_error,
        "timeout": schedule.on_timeout,
    }
    if len(set(waits.values())) == 1:
        return f"{duration(schedule.on_success)} after each run ended"
    told = ", ".join(f"{duration(seconds)} after {how}" for how, seconds in waits.items())
    return f"after each run ended: {told}"


def brief(schedule: Daily | Every | AfterRun) -> str:
    """A schedule in the few words that fit into a table."""
    match schedule:
        case Daily():
            return f"daily {clock(schedule)} {schedule.zone.key}"
        case Every():
            return f"every {schedule.seconds:.12g} s"
        case AfterRun():
            waits = (
                f"success {schedule.on_success:.12g} s",
                f"idle {schedule.on_idle:.12g} s",
                f"error {schedule.on_error:.12g} s",
                f"timeout {schedule.on_timeout:.12g} s",
            )
            return f"after {', '.join(waits)}"
        case never:
            assert_never(never)


def clock(schedule: Daily) -> str:
    """The time of day as an operator writes it, without seconds where there are none."""
    return schedule.time.strftime("%H:%M:%S" if schedule.time.second else "%H:%M")
