"""A TCP proxy before Redis that loses the reply to a command after Redis has executed it."""

from __future__ import annotations

import asyncio
import contextlib


class ReplyDropper:
    """Loses one reply to the first command that contains ``marker``, by closing the connection."""

    def __init__(self, port: int) -> None:
        self._redis_port = port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.marker: bytes | None = None
        self.dropped = 0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
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
        redis_reader, redis_writer = await asyncio.open_connection("127.0.0.1", self._redis_port)
        drop = asyncio.Event()
        replies = asyncio.create_task(self._replies(redis_reader, writer, drop))
        try:
            while data := await reader.read(65536):
                if self.marker is not None and self.marker in data:
                    self.marker = None
                    drop.set()
                redis_writer.write(data)
                await redis_writer.drain()
        finally:
            replies.cancel()
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await replies
            redis_writer.transport.abort()
            writer.transport.abort()

    async def _replies(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drop: asyncio.Event
    ) -> None:
        while data := await reader.read(65536):
            if drop.is_set():
                self.dropped += 1
                writer.transport.abort()
                return
            writer.write(data)
            await writer.drain()
