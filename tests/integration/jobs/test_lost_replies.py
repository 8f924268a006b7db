"""Redis does what it was told and its answer is lost, again and again."""

from __future__ import annotations

from itertools import cycle

from redis.asyncio import Redis

from system_daemon.jobs import scripts
from tests.integration.jobs.crew import Crew, number, php, ruby
from tests.integration.services.reply_dropper import ReplyDropper


async def test_lost_replies_neither_lose_nor_double_a_job(
    crew: Crew, lossy_redis: Redis, dropper: ReplyDropper
) -> None:
    total = 3000
    await crew.push(*(php(index) if index % 2 else ruby(index) for index in range(total)))
    consumer = crew.consumer(redis=lossy_redis)
    done: list[int] = []
    lossy = cycle([scripts.CLAIM, scripts.BEGIN, scripts.ACK])
    for claim in range(total):
        if claim % 3 == 1:
            dropper.marker = next(lossy)._sha.encode()
        claimed = await consumer.claim(str(claim), 16)
        if not claimed.jobs:
            break
        accepted = await consumer.ack(claimed.jobs)
        assert accepted == [job.id for job in claimed.jobs]
        done += [number(job.raw) for job in claimed.jobs]
    assert done == list(range(total))
    assert dropper.dropped > 50
    assert await crew.stat(crew.keys.stat_processed) == total
