"""What a look at a queue and a claim bring."""

from __future__ import annotations

from dataclasses import dataclass

from system_daemon.jobs.payload import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """A queue as it is now, seen without taking anything."""

    depth: int
    """Jobs that wait."""
    orphans: int
    """Jobs that dead consumers hold; a reaper gives them back."""
    paused: bool
    """Nobody may take a job: Resque's ``pause-all-workers``."""
    dead: int = 0
    """Consumers that died, with or without jobs; a reaper removes them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """The jobs of one claim, in the order of the queue."""

    jobs: list[Job]
    buried: int
    """Unreadable payloads, which went to the failed list instead."""
    paused: bool = False
    """Nothing was taken: nobody may."""
    alone: bool = False
    """Nothing was taken although jobs wait: a job that was interrupted before is worked alone."""


@dataclass(frozen=True, slots=True)
class RawClaim:
    """A claim as the script answers it."""

    state: str
    payloads: list[tuple[str, bytes]]
    """Token and payload."""


_TOKEN_LENGTH = 32


def raw_claim(reply: list[bytes]) -> RawClaim:
    """The script's reply: payloads in one string, because Redis' protocol is slow for many."""
    state, lengths, payloads, tokens = reply
    found, at = [], 0
    for index, length in enumerate(map(int, lengths.split(b",") if lengths else ())):
        token = tokens[index * _TOKEN_LENGTH : (index + 1) * _TOKEN_LENGTH].decode()
        found.append((token, payloads[at : at + length]))
        at += length
    return RawClaim(state.decode(), found)


def says_paused(value: bytes | None) -> bool:
    """Whether ``pause-all-workers`` stops the workers; Resque compares like this."""
    return value is not None and value.strip().lower() == b"true"
