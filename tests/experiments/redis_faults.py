"""Redis dies, its replies are lost, consumers fall asleep, PHP takes jobs too: none is lost."""

from __future__ import annotations

import os
import random
import signal
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from system_daemon.local import processes
from system_daemon.local.redis import Redis
from tests.experiments import lpop_process
from tests.experiments.consumer_process import CONCURRENCY, consumer
from tests.experiments.faulty_proxy import faulty_proxy
from tests.experiments.findings import Findings
from tests.experiments.ledger import Ledger, judge, nothing_doubled, nothing_lost
from tests.experiments.producer import KEYS, QUEUE, Producer
from tests.waiting import wait_until

_SLACK_S = 1.0
"""What a busy machine may add to a time limit."""


class MortalRedis(Redis):
    """A Redis that can be killed; what it keeps is decided by its append-only file."""

    def __init__(self, folder: Path, *, fsync: str, **options: Any) -> None:
        super().__init__(folder, **options)
        self.fsync = fsync

    def kill(self) -> None:
        """kill -9."""
        identity = self._process
        assert identity
        os.kill(identity.pid, signal.SIGKILL)
        wait_until(lambda: not processes.is_alive(identity), 10, "the end of Redis")

    def _configuration(self) -> str:
        return f"{super()._configuration()}appendfsync {self.fsync}\n"


def kill_redis(
    redis: MortalRedis,
    database_url: str,
    folder: Path,
    *,
    kills: int,
    per_second: int,
    seed: int,
) -> Findings:
    """Kill and start it again while jobs arrive and are run."""
    findings = Findings(
        experiment=f"Redis killed (kill -9) and restarted, appendfsync {redis.fsync}", unit="kills"
    )
    chance, ledger = random.Random(seed), Ledger(database_url)
    producer = Producer(redis.url(), pause=0.02)
    with consumer(folder / "consumer", redis.url(), ledger) as one:
        with producer.steadily(per_second=per_second):
            for _ in range(kills):
                ledger.more(chance.randint(per_second // 4, per_second))
                killed = time.time()
                redis.kill()
                redis.start()
                back = time.time()
                wait_until(lambda back=back: ledger.first_after(back), 60, "work that goes on")
                findings.recovery.append((ledger.first_after(back) or back) - killed)
                findings.count += 1
        sure = [job for job in range(producer.pushed) if job not in set(producer.unsure)]
        wait_until(
            lambda: not producer.waiting() and not _held(producer), 120, "the end of all jobs"
        )
        told = one.result()
    judged = judge(ledger.all(), range(producer.pushed))
    lost = sorted(set(judged.lost) & set(sure))
    findings.expect(that=not lost, otherwise=f"{len(lost)} confirmed jobs lost, as {lost[:5]}")
    findings.expect(
        that=len(judged.again) <= CONCURRENCY * kills and judged.most <= 1 + kills,
        otherwise=f"{len(judged.again)} jobs run twice with {CONCURRENCY} at once",
    )
    findings.expect(that=not producer.left(), otherwise=f"left: {producer.left()}")
    findings.notes.append(
        f"{len(sure)} confirmed jobs and {len(producer.unsure)} whose confirmation was cut off;"
        f" {len(judged.again)} jobs run twice; {told['late']} acknowledgements refused"
    )
    producer.close()
    return findings


def lose_replies(
    producer: Producer,
    redis_url: str,
    database_url: str,
    folder: Path,
    *,
    jobs: int,
    every: int,
    timeout: float,
) -> Findings:
    """Every so manieth reply does not come, or the connection ends instead, or it comes too late.

    Args:
        producer: speaks to Redis directly.
        redis_url: the same Redis.
        database_url: for the executions.
        folder: of the consumer.
        jobs: so many wait.
        every: so manieth.
        timeout: the consumer's socket timeout in seconds.
    """
    findings = Findings(
        experiment=f"every {every}th reply of Redis dropped, reset or stalled, {jobs} jobs",
        unit="faults",
    )
    ledger = Ledger(database_url)
    producer.put(jobs)
    with (
        faulty_proxy(redis_url, every=every) as (proxy, through),
        consumer(folder / "consumer", through, ledger, timeout=timeout) as one,
    ):
        ledger.wait_for(jobs, timeout=900, because=lambda: str(proxy.faults))
        wait_until(lambda: processed(producer) >= jobs, 120, "all acknowledgements")
        told = one.result()
    findings.count = proxy.faults.total()
    judged = judge(ledger.all(), range(jobs))
    nothing_lost(findings, judged)
    nothing_doubled(findings, judged)
    longest = told["longest_command_s"]
    findings.expect(
        that=longest <= timeout + _SLACK_S,
        otherwise=f"a command took {longest:.1f} s with a time limit of {timeout:g} s",
    )
    findings.expect(that=processed(producer) == jobs, otherwise=f"{processed(producer)} counted")
    findings.notes.append(
        f"{', '.join(f'{count} {fault}s' for fault, count in sorted(proxy.faults.items()))}; the"
        f" longest command took {longest:.2f} s with a socket timeout of {timeout:g} s"
    )
    return findings


def stop_a_consumer(
    producer: Producer,
    redis_url: str,
    database_url: str,
    folder: Path,
    *,
    jobs: int,
    hurried: bool,
) -> Findings:
    """SIGSTOP one until another one has been given its jobs, then SIGCONT.

    `hurried`: the first one's session ends at once, not after a minute.
    """
    findings = Findings(
        experiment="a consumer stopped (SIGSTOP) past its heartbeat, then continued",
        unit="consumer",
        count=1,
    )
    ledger = Ledger(database_url)
    producer.put(jobs)
    with ExitStack() as stack:
        first = stack.enter_context(consumer(folder / "first", redis_url, ledger))
        ledger.more(3 * CONCURRENCY)
        first.process.suspend()
        stopped = time.time()
        held = _held(producer)
        if hurried:
            producer.forget_the_dead()
        second = stack.enter_context(consumer(folder / "second", redis_url, ledger))
        wait_until(
            lambda: ledger.jobs() >= jobs and processed(producer) >= jobs, 240, "the others' jobs"
        )
        findings.recovery.append(time.time() - stopped)
        first.process.resume()
        wait_until(lambda: "too late" in first.told(), 60, "a refused acknowledgement")
        producer.put(jobs)
        jobs *= 2
        wait_until(lambda: processed(producer) >= jobs, 240, "more jobs, for both of them")
        late, other = first.result(), second.result()
    judged = judge(ledger.all(), range(jobs))
    nothing_lost(findings, judged)
    findings.expect(that=judged.most <= 2, otherwise=f"a job was run {judged.most} times")
    findings.expect(
        that=len(judged.again) <= CONCURRENCY,
        otherwise=f"{len(judged.again)} twice, {held} were held, {CONCURRENCY} run",
    )
    findings.expect(that=late["late"] > 0, otherwise="no acknowledgement was refused")
    findings.expect(
        that=late["acked"] > 3 * CONCURRENCY, otherwise="it ran nothing after it had woken up"
    )
    findings.expect(that=processed(producer) == jobs, otherwise=f"{processed(producer)} counted")
    findings.expect(that=not producer.left(), otherwise=f"left: {producer.left()}")
    findings.notes.append(
        f"{held} jobs were in its hands, {CONCURRENCY} of them running; {len(judged.again)} jobs run"
        f" twice, none three times; {late['late']} late acknowledgements refused; of {jobs} jobs it"
        f" ended {late['acked']} and the other one {other['acked']}"
    )
    return findings


def share_with_php(
    producer: Producer, redis_url: str, database_url: str, folder: Path, *, jobs: int
) -> Findings:
    """One consumer pops as php-resque does, one is ours."""
    findings = Findings(
        experiment="a consumer that pops as php-resque does, and ours, on one queue",
        unit="jobs",
        count=jobs,
    )
    ledger = Ledger(database_url)
    with ExitStack() as stack:
        php = stack.enter_context(
            consumer(folder / "php", redis_url, ledger, module=lpop_process.__name__)
        )
        ours = stack.enter_context(consumer(folder / "ours", redis_url, ledger))
        wait_until(lambda: producer.client.scard(KEYS.workers) == 2, 30, "both workers")
        producer.put(jobs)
        ledger.wait_for(jobs, timeout=300)
        wait_until(lambda: processed(producer) >= jobs, 60, "all counts")
        theirs, mine = php.result(), ours.result()
    judged = judge(ledger.all(), range(jobs))
    nothing_lost(findings, judged)
    nothing_doubled(findings, judged)
    findings.expect(that=processed(producer) == jobs, otherwise=f"{processed(producer)} counted")
    findings.expect(that=theirs["done"] > 0 < mine["acked"], otherwise="one of them ran nothing")
    findings.expect(that=not producer.left(), otherwise=f"left: {producer.left()}")
    findings.notes.append(f"{theirs['done']} of them run by the one, {mine['acked']} by ours")
    return findings


def processed(producer: Producer) -> int:
    """Resque's counter of jobs that have ended."""
    return int(producer.client.get(KEYS.stat_processed) or 0)


def _held(producer: Producer) -> int:
    """Jobs in the hands of consumers."""
    keys = producer.client.scan_iter(f"{KEYS.ours}processing:*:{QUEUE}")
    return sum(int(producer.client.hlen(key)) for key in keys)
