"""arq. `python arq_jobs.py put` puts the jobs; without a word it is a worker."""

from __future__ import annotations

import asyncio
import os
import sys

import aiohttp
from arq import create_pool, func, run_worker
from arq.connections import RedisSettings
from posting import bodies

_REDIS = RedisSettings.from_dsn(os.environ["BENCH_REDIS"])


async def run(context, path, body):
    """Send the body; whatever is not 200 is an error."""
    async with context["http"].post(
        f"{os.environ['BENCH_TARGET']}{path}",
        data=body.encode(),
        headers={"Content-Type": "application/json"},
    ) as answer:
        await answer.read()
        answer.raise_for_status()


async def _open(context):
    context["http"] = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))


async def _close(context):
    await context["http"].close()


class Worker:
    """The settings of a worker."""

    functions = [func(run, name="run", keep_result=0)]  # noqa: RUF012
    redis_settings = _REDIS
    on_startup, on_shutdown = _open, _close
    max_jobs = int(os.environ.get("BENCH_IN_FLIGHT", "100"))
    poll_delay = 0.01
    health_check_interval = 3600


async def _put() -> None:
    pool = await create_pool(_REDIS)
    jobs = bodies()
    for first in range(0, len(jobs), 100):
        await asyncio.gather(*(pool.enqueue_job("run", *job) for job in jobs[first : first + 100]))
    await pool.aclose()


if __name__ == "__main__":
    import uvloop

    if sys.argv[1:] == ["put"]:
        uvloop.run(_put())
    else:
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
        asyncio.set_event_loop(asyncio.new_event_loop())
        run_worker(Worker)
