"""Words that quote a job are left out."""

from __future__ import annotations

import pytest

from system_daemon.jobs.discretion import LEFT_OUT, discreet
from system_daemon.jobs.payload import Job


def _job(*args: object) -> Job:
    return Job(id="1", job_class="Import", args=list(args), queue="q", raw=b"")


@pytest.mark.parametrize(
    ("words", "args"),
    [
        ("no bed for Ana Muster", [{"name": "Ana Muster"}]),
        ("no bed for MUSTER", [{"name": "Ana Muster"}]),
        ("case 47110815 is closed", [{"case": 47110815}]),
        ("cannot read patient_4711.xml", ["4711"]),
        ("no key birthday_of_ana", [{"birthday_of_ana": 1}]),
        ("Núñez is unknown", [[["NÚÑEZ"]]]),
    ],
)
def test_quotes_are_left_out(words: str, args: list[object]) -> None:
    assert discreet(words, _job(*args)) == LEFT_OUT


@pytest.mark.parametrize("args", [[], [None], [{"n": 1, "es": True}], [{"name": "Ana"}]])
def test_other_words_stay(args: list[object]) -> None:
    assert discreet("the database is locked", _job(*args)) == "the database is locked"
