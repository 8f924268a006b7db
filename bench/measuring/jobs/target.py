"""The server that every job is a POST to: it answers after some milliseconds and notes what came.

Run as a program it is that server, in a process of its own; it does nothing but what it must, so
that no consumer waits for it. `/50` answers after 50 ms, `/0` at once. The bodies hold
`"number":N`, N with nine digits. `GET /count`, `GET /seen` and `GET /forget` are the bench's.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast
from urllib.request import urlopen

from system_daemon.local import processes
from system_daemon.local.ports import free_port
from tests.waiting import wait_until

_PROJECT = Path(__file__).resolve().parents[3]
_IMPORTS = (_PROJECT, _PROJECT / "include", _PROJECT / "bench")

_ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 33\r\n\r\n"
    b'{"code":"success","message":"ok"}'
)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NUMBER = re.compile(rb'"number": ?(\d{9})')
BODY_BYTES = 300
"""What a job sends."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One POST."""

    at: float
    """Seconds since 1970."""
    number: int
    """The job's; -1 when its body holds none."""


class _Connection(asyncio.Protocol):
    """One client; it sends the next request only when it has the answer."""

    arrivals: list[tuple[float, bytes]] = []  # noqa: RUF012 - the process' one record

    def __init__(self) -> None:
        self._received = b""
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none by inheritance.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not separator or len(body) < (int(length[1]) if length else 0):
            return
        self._received = b""
        method, path, _ = head.split(b" ", 2)
        if method == b"POST":
            self.arrivals.append((time.time(), body))
            delay = int(path.rpartition(b"/")[2]) / 1000
            if delay:
                self._loop.call_later(delay, self._answer)
            else:
                self._transport.write(_ANSWER)
        else:
            self._control(path)

    def _answer(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(_ANSWER)

    def _control(self, path: bytes) -> None:
        content: object = len(self.arrivals)
        if path == b"/seen":
            content = [(at, _number(body)) for at, body in self.arrivals]
        elif path == b"/forget":
            self.arrivals.clear()
        text = json.dumps(content).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
        self._transport.write(head.encode() + text)
        self._transport.close()


def _number(body: bytes) -> int:
    found = _NUMBER.search(body)
    return int(found[1]) if found else -1


class Target:
    """The server as a process of its own; started and stopped by a `with` block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._process = processes.start(
            [sys.executable, "-m", "measuring.jobs.target", str(self._port)],
            log=self._folder / "target.log",
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, _IMPORTS))},
        )
        wait_until(self._answers, timeout=30, description="the target")
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: object, _trace: TracebackType | None
    ) -> None:
        processes.stop(self._process, grace=2)

    def count(self) -> int:
        """How many jobs have come."""
        return int(self._get("count"))

    def seen(self) -> list[Arrival]:
        """What came, in order."""
        return [Arrival(at, number) for at, number in self._get("seen")]

    def forget(self) -> None:
        """Begin anew."""
        self._get("forget")

    def _answers(self) -> bool:
        try:
            self._get("count")
        except OSError:
            return False
        return True

    def _get(self, what: str) -> Any:
        with urlopen(f"{self.url}/{what}", timeout=30) as answer:
            return json.load(answer)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(
        _Connection, "127.0.0.1", port, backlog=2048
    )
    await server.serve_forever()


if __name__ == "__main__":
    import uvloop

    uvloop.run(_serve(int(sys.argv[1])))
