"""Redis clients that answer or fail in bounded time and never send a command twice unasked.

redis-py repeats a command by itself after a lost connection; a command whose reply was lost then
takes effect twice. Here that is switched off, and ``repeat_once`` stands where repeating is safe.
Nothing newer than Redis 5 is spoken: RESP 2, no client-side caching, no new commands.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

SOCKET_TIMEOUT_S = 5.0
CONNECTIONS = 32
UNREACHABLE = (RedisError, OSError)
"""What a Redis command raises; nothing else is expected of it."""
_LOST = (RedisConnectionError, RedisTimeoutError, OSError)
_Reply = TypeVar("_Reply")
_shared: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, Redis]] = WeakKeyDictionary()


def connect(url: str, *, timeout: float = SOCKET_TIMEOUT_S, decode_responses: bool = True) -> Redis:
    """A client with at most 32 connections, on which further commands wait for their turn.

    Args:
        url: ``redis://``, ``rediss://`` or ``unix://``, as redis-py reads it.
        timeout: Seconds for a connection, for each reply and for a free connection.
        decode_responses: Whether replies are text; else bytes.
    """
    pool = BlockingConnectionPool.from_url(
        url,
        decode_responses=decode_responses,
        max_connections=CONNECTIONS,
        protocol=2,
        retry=Retry(NoBackoff(), 0),
        socket_connect_timeout=timeout,
        socket_timeout=timeout,
        timeout=timeout,
    )
    return Redis.from_pool(pool)


def shared(url: str) -> Redis:
    """The client of this process' event loop for a URL: hundreds of calls need one pool.

    It stays open for the life of the loop.
    """
    clients = _shared.setdefault(asyncio.get_running_loop(), {})
    if url not in clients:
        clients[url] = connect(url)
    return clients[url]


async def repeat_once(command: Callable[[], Awaitable[_Reply]]) -> _Reply:
    """Run a command that may take effect twice without harm, again if its connection was lost.

    Raises:
        RedisError: Redis refused it, or it failed twice.
        OSError: No connection, twice.
    """
    try:
        return await command()
    except _LOST:
        return await command()


def unreachable(redis: Redis, error: Exception) -> str:
    """Which Redis did not answer and why, without credentials."""
    fields = redis.connection_pool.connection_kwargs
    place = fields.get("path") or f"{fields.get('host')}:{fields.get('port', 6379)}"
    reason = type(error).__name__
    if isinstance(error, ResponseError):
        reason = f"{reason} {str(error).split(' ', maxsplit=1)[0][:40]}"  # its code, as READONLY
    return f"Redis did not answer at {place} ({reason})"
