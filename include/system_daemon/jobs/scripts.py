"""The Lua scripts beside this file: each runs as a whole or not at all, on one Redis server.

Each may be sent twice, by us or by the client library, and may arrive late: a claim is known by
its number, a step by its name, a job by the token of its claim. Redis 5 or newer, no cluster.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from system_daemon.redis_client import repeat_once

Value = str | bytes | int


class Script:
    """One script; calling it runs it, once more when its connection was lost."""

    def __init__(self, name: str) -> None:
        self._text = "\n".join((_source("prologue"), _source(name)))
        self._sha = sha1(self._text.encode(), usedforsecurity=False).hexdigest()

    async def __call__(self, redis: Redis, keys: Sequence[str], args: Sequence[Value] = ()) -> Any:
        """What the script returns.

        Raises:
            RedisError: Redis refused it, or it failed twice.
            OSError: No connection, twice.
        """
        return await repeat_once(lambda: self._run(redis, keys, args))

    async def _run(self, redis: Redis, keys: Sequence[str], args: Sequence[Value]) -> Any:
        try:
            return await redis.evalsha(self._sha, len(keys), *keys, *args)
        except NoScriptError:
            return await redis.eval(self._text, len(keys), *keys, *args)


def _source(name: str) -> str:
    return files("system_daemon.jobs").joinpath("lua", f"{name}.lua").read_text("utf-8")


ACK = Script("ack")
BEAT = Script("beat")
BEGIN = Script("begin")
BURY = Script("bury")
CLAIM = Script("claim")
CLASSES = Script("classes")
FINISH_PROMOTED = Script("finish_promoted")
GIVE_BACK = Script("give_back")
LOOK = Script("look")
PROMOTE = Script("promote")
REAP = Script("reap")
RELEASE = Script("release")
RETURN_PROMOTED = Script("return_promoted")
TAKE_FAILED = Script("take_failed")
UNREGISTER = Script("unregister")
