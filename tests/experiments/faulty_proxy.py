"""A TCP proxy before Redis that drops, resets or stalls every so manieth reply."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from urllib.parse import urlsplit

FAULTS = ("drop", "reset", "stall")
_STALL_S = 30.0


class FaultyProxy:
    """Counts the replies of all connections; use `faulty_proxy`."""

    def __init__(self, redis_port: int, *, every: int) -> None:
        self._redis_port = redis_port
        self._every = every
        self._next = cycle(FAULTS)
        self._replies = 0
        self.faults: Counter[str] = Counter()
        self.port = 0

    async def serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        tasks: set[asyncio.Task[None]] = set()

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await self._connection(reader, writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_redis, to_redis = await asyncio.open_connection("127.0.0.1", self._redis_port)
        replies = asyncio.create_task(self._answer(from_redis, writer))
        try:
            while data := await reader.read(65536):
                to_redis.write(data)
                await to_redis.drain()
        except OSError:
            pass  # it was reset
        finally:
            replies.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await replies
            to_redis.transport.abort()
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            self._replies += 1
            fault = next(self._next) if self._replies % self._every == 0 else ""
            if fault:
                self.faults[fault] += 1
            if fault == "drop":
                continue
            if fault == "reset":
                _reset(writer)
                return
            if fault == "stall":
                await asyncio.sleep(_STALL_S)
            writer.write(data)
            await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection with RST, not with FIN."""
    inside = writer.get_extra_info("socket")
    inside.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextmanager
def faulty_proxy(redis_url: str, *, every: int) -> Iterator[tuple[FaultyProxy, str]]:
    """A running proxy, in a thread, and the URL of Redis through it."""
    port = urlsplit(redis_url).port
    assert port
    proxy, ready = FaultyProxy(port, every=every), threading.Event()
    loop, stop = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(proxy.serve(ready, stop))

    thread = threading.Thread(target=run, name="faulty proxy")
    thread.start()
    ready.wait(10)
    try:
        yield proxy, redis_url.replace(f":{port}", f":{proxy.port}")
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
