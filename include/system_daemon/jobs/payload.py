"""A job as producers wrote it, and the marks that travel with it.

``{"class":C,"args":[...]}`` is Ruby's payload; php-resque adds ``id``, later ``queue_time``, the
fork ``prefix``. A job without an id gets one when it is claimed; it is written into the payload
when the job leaves the consumer unfinished, at the end, where php-resque 1.2 has it. There too
stand attempts and interruptions, once there are any:
``...,"system_daemon":{"attempt":2,"interruptions":1}}``. PHP and Ruby workers ignore it, all other
bytes stay as they were. In JSON the last of two equal names counts, there as here.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import NoReturn

from system_daemon.jobs.php_json import php_json

_MARKS = re.compile(rb',"system_daemon":\{"attempt":\d+,"interruptions":\d+\}\}\Z')
_JSON_SPACE = b" \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One background job in somebody's hands; its content never shows in a repr."""

    id: str
    """The payload's id, or the one assigned at the claim; kept for the job's whole life."""
    job_class: str
    """The name of what is to be done; routes know it."""
    args: list[object] = field(repr=False)
    """The payload's args, the whole list."""
    queue: str
    """The queue's name."""
    raw: bytes = field(repr=False)
    """The payload's bytes as they lie in Redis."""
    attempt: int = 1
    """1 at the first claim; interruptions count apart."""
    prefix: str | None = None
    """The fork's "prefix", for the status key."""
    interruptions: int = 0
    """How often its consumer died while holding it."""
    token: str = ""
    """The claim of this job, unique to it: who holds it may end it. Empty: not claimed."""

    def with_id(self) -> bytes:
        """The payload with the job's id and without marks."""
        return self._spliced(marks=b"")

    def marked(self) -> bytes:
        """The payload with the job's id, its attempt and its interruptions."""
        if self.attempt == 1 and self.interruptions == 0:
            return self._spliced(marks=b"")
        counts = f'"attempt":{self.attempt},"interruptions":{self.interruptions}'
        return self._spliced(marks=f',"system_daemon":{{{counts}}}'.encode())

    def interrupted(self) -> Job:
        """The same job after its consumer died."""
        again = replace(self, interruptions=self.interruptions + 1)
        return replace(again, raw=again.marked())

    def _spliced(self, *, marks: bytes) -> bytes:
        raw = _MARKS.sub(b"}", self.raw)
        identified = _usable_id(json.loads(raw)) == self.id
        added = b"" if identified else f',"id":{php_json(self.id)}'.encode()
        if not added and not marks:
            return raw
        return b"".join((raw.rstrip(_JSON_SPACE)[:-1], added, marks, b"}"))


class UnreadablePayloadError(ValueError):
    """The payload is no job; the sentence holds nothing of its content."""


def read(raw: bytes, *, queue: str, token: str = "") -> Job:
    """The job in a payload; the token of its claim is its id when it has none.

    Raises:
        UnreadablePayloadError: it is no job.
    """
    fields = _object(raw)
    job_class, args = fields.get("class"), fields.get("args", [])
    if not isinstance(job_class, str) or not job_class or not _is_text(job_class):
        raise UnreadablePayloadError('expected a payload with a "class", got none')
    if not isinstance(args, list):
        raise UnreadablePayloadError('expected "args" to be a list, got something else')
    prefix = fields.get("prefix")
    attempt, interruptions = _marks(fields)
    return Job(
        id=_usable_id(fields) or token,
        job_class=job_class,
        args=args,
        queue=queue,
        raw=raw,
        attempt=attempt,
        prefix=prefix if isinstance(prefix, str) and _is_text(prefix) else None,
        interruptions=interruptions,
        token=token,
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _object(raw: bytes) -> dict[str, object]:
    try:
        fields = _DECODER.decode(raw.decode())
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        # Raised here: the decoder's error would carry the whole payload along.
        raise UnreadablePayloadError("expected a payload that is a JSON object, got something else")
    return fields


def _usable_id(fields: dict[str, object]) -> str:
    found = fields.get("id")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found if isinstance(found, str) and _is_text(found) else ""


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _marks(fields: dict[str, object]) -> tuple[int, int]:
    marks = fields.get("system_daemon")
    if not isinstance(marks, dict):
        return 1, 0
    return _count(marks.get("attempt"), 1), _count(marks.get("interruptions"), 0)


def _count(value: object, least: int) -> int:
    return max(value, least) if isinstance(value, int) else least
