"""Anything may happen to a queue in any order: a job is always in exactly one place."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable
from typing import TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from system_daemon import redis_client
from system_daemon.jobs import scripts
from system_daemon.jobs.failed import FailedList, NotInFailedError
from system_daemon.jobs.keys import Keys
from system_daemon.jobs.ownership import unowned_keys
from system_daemon.jobs.payload import Job
from system_daemon.jobs.reaper import Reaper
from tests.integration.jobs.crew import FORK, PHP_1_2, PHP_MASTER, Crew, number, ruby

_Reply = TypeVar("_Reply")
_FORMS = [PHP_1_2, PHP_MASTER, FORK, None]
WHO = st.integers(0, 2)
WHICH = st.integers(0, 7)
SOME = st.lists(st.integers(0, 7), max_size=5, unique=True)


class QueueModel(RuleBasedStateMachine):
    """Three consumers, PHP workers, producers, a reaper, DAG runs and an operator."""

    url: str
    steps = 0
    """Taken by all runs of the model."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.keys = Keys("resque:")
        self.redis = self.run(self._connect())
        self.crew = Crew(self.redis, self.keys)
        self.consumers = [self.crew.consumer() for _ in range(3)]
        self.hands: list[list[Job]] = [[], [], []]
        self.claims: list[list[tuple[str, int]]] = [[], [], []]
        self.pushed: Counter[int] = Counter()
        self.ended: Counter[int] = Counter()
        self.run(self.redis.flushdb())

    async def _connect(self) -> redis_client.Redis:
        return redis_client.connect(self.url, decode_responses=False)

    def run(self, work: Awaitable[_Reply]) -> _Reply:
        async def whole() -> _Reply:
            return await work

        return self.runner.run(whole())

    def some(self, who: int, which: list[int]) -> list[Job]:
        """Jobs that a consumer was given once; it may have ended them, or lost them."""
        return [self.hands[who][index] for index in which if index < len(self.hands[who])]

    @initialize(forms=st.lists(st.sampled_from(_FORMS), min_size=8, max_size=8))
    def begin(self, forms: list[bytes | None]) -> None:
        """Jobs in the queue, in two consumers' hands and with a DAG run."""
        for form in forms:
            self.push(form, 1, equal=False)
        self.claim(0, 3)
        self.claim(1, 2)
        self.promote(0, 2)

    @rule(form=st.sampled_from(_FORMS), count=st.integers(1, 4), equal=st.booleans())
    def push(self, form: bytes | None, count: int, *, equal: bool) -> None:
        for index in range(count):
            new = len(self.pushed) + (0 if equal and index else 1)
            self.pushed[new] += 1
            self.run(self.crew.push(form % (new, new) if form else ruby(new)))

    @rule(who=WHO, count=st.integers(0, 5))
    def claim(self, who: int, count: int) -> None:
        claim_id = str(len(self.claims[who]))
        self.claims[who].append((claim_id, count))
        self.hands[who] += self.run(self.consumers[who].claim(claim_id, count)).jobs

    @rule(who=WHO, which=WHICH)
    def claim_again(self, who: int, which: int) -> None:
        for claim_id, count in self.claims[who][-which - 1 :][:1]:
            known = {job.token for job in self.hands[who]}
            again = self.run(self.consumers[who].claim(claim_id, count)).jobs
            assert {job.token for job in again} <= known

    @rule(who=WHO, which=SOME)
    def ack(self, who: int, which: list[int]) -> None:
        jobs = self.some(who, which)
        accepted = Counter(self.run(self.consumers[who].ack(jobs)))
        for job in jobs:
            if accepted[job.id]:
                accepted[job.id] -= 1
                self.ended[number(job.raw)] += 1

    @rule(who=WHO, which=SOME)
    def give_back(self, who: int, which: list[int]) -> None:
        self.run(self.consumers[who].give_back(self.some(who, which)))

    @rule(who=WHO, which=WHICH)
    def promote(self, who: int, which: int) -> None:
        for job in self.some(who, [which]):
            self.run(self.consumers[who].promote(job))

    @rule(who=WHO, which=WHICH)
    def bury(self, who: int, which: int) -> None:
        for job in self.some(who, [which]):
            self.run(self.consumers[who].bury(job, exception="E", error="e"))

    @rule(who=WHO, which=WHICH, well=st.booleans())
    def end_promoted(self, who: int, which: int, *, well: bool) -> None:
        ids = sorted(self.run(self.redis.hkeys(self.keys.promoted("q"))))[which : which + 1]
        for job_id in map(bytes.decode, ids):
            job = self.run(self.consumers[who].promoted(job_id))
            assert job
            assert job.id == job_id
            if well:
                assert self.run(self.consumers[who].finish_promoted(job_id))
                self.ended[number(job.raw)] += 1
            else:
                ended = self.consumers[who].bury_promoted(job_id, exception="E", error="e")
                assert self.run(ended)

    @rule(which=WHICH, to=st.sampled_from(["retry", "promote", "discard"]))
    def see_to_failed(self, which: int, to: str) -> None:
        failed = FailedList(self.redis, namespace="resque")
        items = self.run(self.redis.lrange(self.keys.failed, which, which))
        for payload in (json.loads(item)["payload"] for item in items):
            before = self.run(failed.find(payload["id"]))
            place = {"queue": "q"} if to == "promote" else {}
            try:
                self.run(getattr(failed, to)(payload["id"], **place))
            except NotInFailedError:
                assert to == "promote"  # another job with its id is there
                continue
            if to == "discard":
                self.ended[number(before.failure.payload)] += 1

    @rule(count=st.integers(1, 3))
    def php_worker(self, count: int) -> None:
        for _ in range(count):
            if payload := self.run(self.redis.lpop(self.keys.queue("q"))):
                self.ended[number(payload)] += 1

    @rule(who=WHO)
    def stall(self, who: int) -> None:
        """Its session expires; it goes on without knowing."""
        self.run(self.crew.kill(self.consumers[who]))

    @rule(who=WHO)
    def die(self, who: int) -> None:
        self.run(self.crew.kill(self.consumers[who]))
        self.replace(who)

    @rule(who=WHO)
    def stop(self, who: int) -> None:
        self.run(self.consumers[who].stop())
        self.replace(who)

    @rule(who=WHO)
    def beat(self, who: int) -> None:
        self.run(self.consumers[who].beat())

    @rule(concurrency=st.sampled_from([None, 1, 3]))
    def reap(self, concurrency: int | None) -> None:
        reaper = Reaper(self.redis, namespace="resque", queue="q", concurrency=concurrency)
        self.run(reaper.reap())

    @rule()
    def forget_scripts(self) -> None:
        self.run(self.redis.script_flush())

    @rule(paused=st.booleans())
    def pause(self, *, paused: bool) -> None:
        self.run(self.redis.set(self.keys.paused, str(paused).lower()))

    @rule(who=WHO, which=WHICH, count=st.integers(1, 5))
    def an_old_claim_arrives_late(self, who: int, which: int, count: int) -> None:
        consumer, me = self.consumers[who], self.keys.of_consumer(self.consumers[who].consumer, "q")
        last = int(consumer._claims.last_answered()[16:], 16)
        if which < last and self.run(self.redis.exists(me.session)):
            before = self.run(self.redis.llen(self.keys.queue("q")))
            keys = [self.keys.queue("q"), me.processing, me.session, self.keys.paused]
            name = consumer._claims.name(last - which)
            self.run(scripts.CLAIM(self.redis, keys, [name, count]))
            assert self.run(self.redis.llen(self.keys.queue("q"))) == before

    @invariant()
    def a_job_is_in_exactly_one_place(self) -> None:
        QueueModel.steps += 1
        assert self.run(self._everywhere()) + self.ended == self.pushed

    @invariant()
    def every_key_has_an_owner(self) -> None:
        assert self.run(unowned_keys(self.redis, self.keys)) == []

    def replace(self, who: int) -> None:
        self.consumers[who] = self.crew.consumer()
        self.hands[who] = []
        self.claims[who] = []

    async def _everywhere(self) -> Counter[int]:
        found = Counter(map(number, await self.crew.waiting()))
        async for key in self.redis.scan_iter(f"{self.keys.ours}processing:*"):
            found.update(map(number, await self.redis.hvals(key)))
        found.update(map(number, await self.redis.hvals(self.keys.promoted("q"))))
        for item in await self.crew.failed():
            found[number(json.dumps(item["payload"]).encode())] += 1
        return found

    def teardown(self) -> None:
        """All stop, all dead are reaped, a last consumer does what is left: nothing stays."""
        self.run(self._finish())
        self.runner.close()

    async def _finish(self) -> None:
        await self.redis.delete(self.keys.paused)
        await self.crew.dismiss()
        failed = FailedList(self.redis, namespace="resque")
        last = self.crew.consumer()
        claim = 0
        while jobs := (await last.claim(str(claim), 50)).jobs:
            claim += 1
            assert len(await last.ack(jobs)) == len(jobs)
            self.ended.update(number(job.raw) for job in jobs)
        for job_id in await self.redis.hkeys(self.keys.promoted("q")):
            job = await last.promoted(job_id.decode())
            assert job
            assert await last.finish_promoted(job.id)
            self.ended[number(job.raw)] += 1
        for item in await self.crew.failed():
            self.ended[number(json.dumps(item["payload"]).encode())] += 1
            await failed.discard(item["payload"]["id"])
        await last.stop()
        assert self.ended == self.pushed
        left = {key async for key in self.redis.scan_iter("*")}
        assert left <= {b"resque:queues", b"resque:stat:processed", b"resque:stat:failed"}
        await self.redis.aclose()


def walk(redis_url: str, steps: int) -> int:
    """Take at least so many steps on this Redis, a new queue every 50; how many it were."""

    class OnThisRedis(QueueModel):
        url = redis_url

    QueueModel.steps = 0
    while QueueModel.steps < steps:
        run_state_machine_as_test(
            OnThisRedis,
            settings=settings(
                max_examples=20,
                stateful_step_count=50,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    return QueueModel.steps
