"""Which Redis the `jobs` commands speak to."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from redis.asyncio import Redis

from system_daemon import redis_client
from system_daemon.cli.terminal import complain

RedisOption = Annotated[
    str,
    typer.Option(
        "--redis",
        help="Where the queues are: redis://, rediss:// or unix://.",
        envvar="AIRFLOW_CONN_SYSTEM_DAEMON_REDIS",
        show_envvar=True,
    ),
]
NamespaceOption = Annotated[str, typer.Option("--namespace", help="What all keys begin with.")]
DEFAULT_REDIS = "redis://localhost:6379/0"
DEFAULT_NAMESPACE = "resque:"
_Found = TypeVar("_Found")


def run(url: str, work: Callable[[Redis], Awaitable[_Found]]) -> _Found:
    """Do it with a client for the URL; exit code 1 and a sentence when Redis does not answer."""

    async def connected() -> _Found:
        client = redis_client.connect(url, decode_responses=False)
        try:
            return await work(client)
        except redis_client.UNREACHABLE as error:
            complain(redis_client.unreachable(client, error))
            raise typer.Exit(1) from error
        finally:
            await client.aclose()

    if "://" not in url or url.startswith(("{", "http")):
        complain("expected --redis to be a URL such as redis://localhost:6379/0")
        raise typer.Exit(2)
    try:
        return asyncio.run(connected())
    except ValueError as error:
        # redis-py's sentence quotes the URL, which may hold a password.
        complain("expected --redis to be a URL such as redis://localhost:6379/0")
        raise typer.Exit(2) from error
