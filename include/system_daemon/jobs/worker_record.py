"""How Resque sees a consumer: its worker id, its dates and the packet of its current job."""

from __future__ import annotations

import os
import secrets
import socket
import time

from system_daemon.jobs.php_json import php_json

_HOST = "system-daemon"
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip


def new_consumer() -> str:
    """A name for this process' consumer that no other one has had: ``host:pid:nonce``."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


def worker_id(consumer: str, queue: str) -> str:
    """The consumer as a Resque worker, ``host:pid:queue``.

    The host is not the machine's own name: PHP and Ruby workers remove workers of their own host
    whose process they do not know.
    """
    host, *rest = consumer.split(":")
    pid = rest.pop(0) if rest and rest[0].isdigit() else "0"
    return ":".join(("-".join((_HOST, host, *rest)), pid, queue))


def is_ours(worker: str) -> bool:
    """Whether a Resque worker is such a consumer."""
    return worker.startswith(f"{_HOST}-")


def php_date(seconds: float) -> str:
    """A moment as php-resque writes it, in English whatever the locale; Ruby parses it too."""
    at = time.gmtime(seconds)
    clock = time.strftime("%H:%M:%S", at)
    return (
        f"{_DAYS[at.tm_wday]} {_MONTHS[at.tm_mon - 1]} {at.tm_mday:02} {clock} UTC {at.tm_year:04}"
    )


def working_packet(queue: str, payload: bytes, now: float) -> bytes:
    """What stands at ``worker:<id>`` while it works on a job; the payload byte for byte."""
    head = f'{{"queue":{php_json(queue)},"run_at":{php_json(php_date(now))},"payload":'
    return b"".join((head.encode(), payload, b"}"))
