"""The platform's side: puts jobs into Redis as php-resque does, and answers over HTTP."""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web
from redis.asyncio import Redis

from system_daemon.jobs.keys import Keys

NAMESPACE = "resque"
QUEUE = "clinic"
KEYS = Keys(f"{NAMESPACE}:")
Answering = Callable[[dict[str, object]], Awaitable[web.Response]]


def payload(number: int, job_class: str = "Import", **argument: object) -> str:
    """A job as php-resque writes it; its id is its number."""
    args = [{"number": number, **argument}]
    return json.dumps({"class": job_class, "args": args, "id": job_id(number), "queue_time": 1.5})


def job_id(number: int) -> str:
    return f"{number:032x}"


async def enqueue(redis: Redis, *payloads: str) -> None:
    """Push the jobs as the API does."""
    await redis.sadd(KEYS.queues, QUEUE)
    for first in range(0, len(payloads), 1000):
        await redis.rpush(KEYS.queue(QUEUE), *payloads[first : first + 1000])


async def waiting(redis: Redis) -> list[int]:
    """The numbers of the jobs that wait, in the order of the queue."""
    found = await redis.lrange(KEYS.queue(QUEUE), 0, -1)
    return [json.loads(each)["args"][0]["number"] for each in found]


async def done(_job: dict[str, object]) -> web.Response:
    return web.json_response({"code": "success", "message": "done"})


def after(gate: asyncio.Event) -> Answering:
    """Does every job as soon as the gate is open."""

    async def answer(job: dict[str, object]) -> web.Response:
        await gate.wait()
        return await done(job)

    return answer


@dataclass(slots=True)
class Endpoint:
    """What received jobs over HTTP, and from how many connections."""

    url: str = ""
    answering: Answering = done
    jobs: list[dict[str, object]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    peers: set[object] = field(default_factory=set)
    now: int = 0
    most: int = 0

    @property
    def numbers(self) -> list[int]:
        return [job["args"][0]["number"] for job in self.jobs]  # type: ignore[index]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        job = await request.json()
        self.jobs.append(job)
        self.headers.append(dict(request.headers))
        if request.transport is not None:
            self.peers.add(request.transport.get_extra_info("peername"))
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await self.answering(job)
        finally:
            self.now -= 1


async def until(
    condition: Callable[[], Awaitable[object] | object], description: str, within: float = 20
) -> None:
    """Wait for a condition without keeping the loop from turning."""
    try:
        async with asyncio.timeout(within):
            while True:
                found = condition()
                if await found if inspect.isawaitable(found) else found:
                    return
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"not within {within:g} s: {description}") from None
