"""The demo platform's mail server: takes every e-mail, with as little SMTP as that needs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from aiohttp import web

from system_daemon.local.ports import LOOPBACK

Receive = Callable[[str], None]
_LARGEST = 1024 * 1024
_ANSWERS = {
    "EHLO": "250 demo",
    "HELO": "250 demo",
    "MAIL": "250 fine",
    "RCPT": "250 fine",
    "RSET": "250 fine",
    "NOOP": "250 fine",
    "DATA": "354 go on",
    "QUIT": "221 bye",
}


def mail_server(port: int, receive: Receive) -> Callable[[web.Application], AsyncIterator[None]]:
    """An aiohttp `cleanup_ctx` that serves SMTP on loopback while the application runs."""

    async def serving(_application: web.Application) -> AsyncIterator[None]:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            # A client that breaks off, or sends a line or an e-mail that is too long.
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await _talk(reader, writer, receive)
            writer.close()

        server = await asyncio.start_server(talk, LOOPBACK, port, limit=_LARGEST)
        yield
        server.close()

    return serving


async def _talk(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, receive: Receive
) -> None:
    writer.write(b"220 demo ESMTP\r\n")
    while True:
        line = await reader.readuntil(b"\r\n")
        word = line[:4].decode("latin-1").upper()
        writer.write(f"{_ANSWERS.get(word, '502 not here')}\r\n".encode())
        if word == "QUIT":
            await writer.drain()
            return
        if word == "DATA":
            mail = await reader.readuntil(b"\r\n.\r\n")
            receive(mail[:-5].replace(b"\r\n..", b"\r\n.").decode("utf-8", "replace"))
            writer.write(b"250 taken\r\n")
