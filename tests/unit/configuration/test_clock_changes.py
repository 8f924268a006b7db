"""R44: which times of day a zone skips or repeats, by the rules that hold today."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from system_daemon.configuration.clock_changes import skipped_or_repeated


@pytest.mark.parametrize(
    ("zone", "at", "word"),
    [
        ("Europe/Madrid", "01:59:59", None),
        ("Europe/Madrid", "02:00", "does not exist or comes twice"),
        ("Europe/Madrid", "02:59:59", "does not exist or comes twice"),
        ("Europe/Madrid", "03:00", None),
        ("America/New_York", "01:30", "comes twice"),
        ("America/New_York", "02:30", "does not exist"),
        ("Australia/Lord_Howe", "01:29:59", None),
        ("Australia/Lord_Howe", "01:30", "comes twice"),
        ("Australia/Lord_Howe", "02:15", "does not exist"),
        ("Australia/Lord_Howe", "02:30", None),
        # Greenland changes its clocks across midnight.
        ("America/Nuuk", "22:59", None),
        ("America/Nuuk", "23:30", "does not exist or comes twice"),
        ("America/Nuuk", "00:00", None),
        ("America/Nuuk", "10:00", None),
        ("Asia/Kolkata", "02:30", None),
        ("America/Sao_Paulo", "00:30", None),
        ("UTC", "02:30", None),
    ],
)
def test_r44_the_windows_of_a_zone(zone: str, at: str, word: str | None) -> None:
    assert skipped_or_repeated(time.fromisoformat(at), ZoneInfo(zone)) == word


@pytest.mark.parametrize(
    "zone", ["Europe/Madrid", "America/Nuuk", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Beirut"]
)
def test_r44_every_minute_agrees_with_a_look_at_every_day_of_the_year(zone: str) -> None:
    where = ZoneInfo(zone)
    odd = set()
    for number in range(365):
        day = datetime.combine(date(2037, 1, 1) + timedelta(days=number), time())
        offsets = {
            day.replace(hour=hour, fold=fold, tzinfo=where).utcoffset()
            for hour in (0, 23)
            for fold in (0, 1)
        }
        if len(offsets) == 1:
            continue
        for minute in range(1440):
            local = day.replace(hour=minute // 60, minute=minute % 60, tzinfo=where)
            if local.utcoffset() != local.replace(fold=1).utcoffset():
                odd.add(local.time())
    told = {
        at
        for at in (time(minute // 60, minute % 60) for minute in range(1440))
        if skipped_or_repeated(at, where)
    }
    assert told == odd
    assert odd
