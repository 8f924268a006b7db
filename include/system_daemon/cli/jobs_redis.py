"""Which Redis the `jobs` commands speak to."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from redis.asyncio import Redis

from system_daemon import redis_client
from system_daemon.cli.terminal import complain
from system_daemon.configuration.loading import load


def _redis(url: str) -> str:
    variable = f"AIRFLOW_CONN_{load().jobs.redis_connection.upper()}"
    return url or os.environ.get(variable, "") or "redis://localhost:6379/0"


def _namespace(namespace: str | None) -> str:
    return load().jobs.namespace if namespace is None else namespace


RedisOption = Annotated[
    str,
    typer.Option(
        "--redis",
        help="Where the queues are: redis://, rediss:// or unix://.",
        callback=_redis,
        show_default="the connection of background_jobs.json, from AIRFLOW_CONN_<ID>",
    ),
]
NamespaceOption = Annotated[
    str | None,
    typer.Option(
        "--namespace",
        help="What all keys begin with.",
        callback=_namespace,
        show_default="that of background_jobs.json",
    ),
]
DEFAULT_REDIS = ""
DEFAULT_NAMESPACE = None
_Found = TypeVar("_Found")


def run(url: str, work: Callable[[Redis], Awaitable[_Found]]) -> _Found:
    """Do it with a client for the URL; exit code 1 and a sentence when Redis does not answer."""

    async def connected() -> _Found:
        try:
            client = redis_client.connect(url, decode_responses=False)
        except ValueError as error:
            # redis-py's sentence quotes the URL, which may hold a password.
            complain("expected --redis to be a URL such as redis://localhost:6379/0")
            raise typer.Exit(2) from error
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
    return asyncio.run(connected())
