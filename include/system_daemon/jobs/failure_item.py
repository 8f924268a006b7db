"""One item of Resque's ``failed`` list, which resque-web shows."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

from system_daemon.jobs.php_json import php_json
from system_daemon.jobs.worker_record import php_date


def failure_item(
    payload: bytes, *, exception: str, error: str, worker: str, queue: str, now: float
) -> bytes:
    """The item with the payload byte for byte."""
    head = f'{{"failed_at":{php_json(php_date(now))},"payload":'
    rest = {"exception": exception, "error": error, "backtrace": [], "worker": worker}
    tail = php_json({**rest, "queue": queue})[1:]
    return b"".join((head.encode(), payload, b",", tail.encode()))


def unreadable_payload(raw: bytes) -> bytes:
    """A payload that resque-web can show, for bytes that are none; base64 keeps them all."""
    return php_json({"class": None, "args": [], "base64": base64.b64encode(raw).decode()}).encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureItem:
    """A failure somebody put into the list: this package, PHP or Ruby."""

    item: bytes = field(repr=False)
    """Its bytes in the list."""
    payload: bytes = field(repr=False)
    """The payload's bytes in it."""
    failed_at: str
    exception: str
    error: str = field(repr=False)
    worker: str
    queue: str


def read_item(item: bytes) -> FailureItem | None:
    """The failure in an item of the list; None when it is no such item."""
    try:
        values = _values(item.decode())
    except (ValueError, RecursionError):
        return None
    texts = {name: text for name, (_, text) in values.items()}
    fields = {name: value for name, (value, _) in values.items()}
    if not isinstance(fields.get("queue"), str) or "payload" not in texts:
        return None

    def said(name: str) -> str:
        return str(fields.get(name) or "")

    return FailureItem(
        item=item,
        payload=texts["payload"].encode(),
        failed_at=said("failed_at"),
        exception=said("exception"),
        error=said("error"),
        worker=said("worker"),
        queue=said("queue"),
    )


def _values(text: str) -> dict[str, tuple[object, str]]:
    """Each field's value and its own text: a payload must keep its bytes."""
    decoder, found = json.JSONDecoder(), {}
    at = _skip(text, _skip(text, 0, "{"))
    while text[at : at + 1] != "}":
        name, at = decoder.raw_decode(text, at)
        start = _skip(text, _skip(text, at, ":"))
        value, at = decoder.raw_decode(text, start)
        found[str(name)] = (value, text[start:at])
        at = _skip(text, at)
        if text[at : at + 1] != "}":
            at = _skip(text, _skip(text, at, ","))
    return found


def _skip(text: str, at: int, sign: str = "") -> int:
    """The place after spaces and, if given, the sign that must follow them."""
    while text[at : at + 1] and text[at] in " \t\r\n":
        at += 1
    if not text.startswith(sign, at):
        raise ValueError("expected JSON")
    return at + len(sign)
