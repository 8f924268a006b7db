"""An HTTP service on a raw socket that does exactly what a test tells it, however wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field


@dataclass
class Received:
    """One request as it came over the wire."""

    line: str
    headers: dict[str, str]
    raw_head: bytes
    body: bytes


@dataclass
class Exchange:
    """What a behaviour may do with one connection after the request was read."""

    request: Received
    writer: asyncio.StreamWriter
    closed_by_client: asyncio.Event
    extra: dict[str, object] = field(default_factory=dict)

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()


Behaviour = Callable[[Exchange], Awaitable[None]]


class FaultServer:
    """Counts requests and how many are open at once; ``behaviour`` decides what each gets."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.open = 0
        self.most_open = 0
        self.hung_up = 0
        self.bytes_sent = 0
        self.behaviour: Behaviour = answers({"code": "success", "message": "done"})
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/run"

    async def start(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self._tls, backlog=600
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            await self._exchange(reader, writer)
        except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            with contextlib.suppress(Exception):
                writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, *fields = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        headers = {k.lower(): v.strip() for k, v in (f.split(":", 1) for f in fields)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = Received(line, headers, head, body)
        self.received.append(request)
        closed = asyncio.Event()
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        watcher = asyncio.create_task(self._watch(reader, closed))
        try:
            await self.behaviour(Exchange(request, writer, closed))
        finally:
            self.open -= 1
            watcher.cancel()

    async def _watch(self, reader: asyncio.StreamReader, closed: asyncio.Event) -> None:
        with contextlib.suppress(OSError):
            await reader.read(1)
        self.hung_up += 1
        closed.set()


def http(
    body: bytes,
    status: str = "200 OK",
    content_type: str | None = "application/json",
    **headers: str,
) -> bytes:
    """A whole answer."""
    fields = {"Content-Length": str(len(body)), "Connection": "close"}
    if content_type is not None:
        fields["Content-Type"] = content_type
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def sends(data: bytes) -> Behaviour:
    """Sends these bytes and closes."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(data)
        exchange.writer.close()
        await exchange.writer.wait_closed()

    return behave


def answers(content: object, **kwargs: str) -> Behaviour:
    """Sends an object as JSON and closes."""
    return sends(http(json.dumps(content).encode(), **kwargs))


async def stalls(exchange: Exchange) -> None:
    """Never answers; ends when the client hangs up."""
    await exchange.closed_by_client.wait()


async def dribbles(exchange: Exchange) -> None:
    """Sends a long answer one byte every 50 ms."""
    data = http(b'{"code": "success", "message": "' + b"x" * 10_000 + b'"}')
    for index in range(len(data)):
        await exchange.send(data[index : index + 1])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(exchange.closed_by_client.wait(), 0.05)
            return


async def resets(exchange: Exchange) -> None:
    """Resets the connection without an answer."""
    import socket
    import struct

    raw = exchange.writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.writer.transport.abort()


def holds(release: asyncio.Event, content: object) -> Behaviour:
    """Answers once the event is set."""

    async def behave(exchange: Exchange) -> None:
        await release.wait()
        await answers(content)(exchange)

    return behave
