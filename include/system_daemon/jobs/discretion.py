"""What a target says about a job may quote the job; such words reach no log."""

from __future__ import annotations

import re
from collections.abc import Iterator

from system_daemon.jobs.payload import Job

LEFT_OUT = "its words quote the job and are left out"
_SHORTEST = 3
"""Shorter values, such as 1 or "es", are in every sentence."""
_WORD = re.compile(r"\w+")


def discreet(words: str, job: Job) -> str:
    """The words, unless they hold a word or a number of the job's arguments."""
    said = {word.casefold() for word in _WORD.findall(words)}
    for text in _texts(job.args):
        for word in _WORD.findall(text):
            if len(word) >= _SHORTEST and any(word.casefold() in each for each in said):
                return LEFT_OUT
    return words


def _texts(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case None | bool():
            return
        case _:
            yield str(value)
