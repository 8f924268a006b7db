"""`system-daemon jobs`, on a real Redis."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from system_daemon import redis_client
from system_daemon.cli.jobs import app
from system_daemon.jobs.keys import Keys
from system_daemon.jobs.queue import JobQueue
from tests.integration.jobs.crew import Crew, php

Run = Callable[..., Result]


@pytest.fixture
def run(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("AIRFLOW_CONN_SYSTEM_DAEMON_REDIS", redis_url)
    return lambda *args: CliRunner().invoke(app, [*args, "--namespace", "site"])


@pytest.fixture
def with_crew(redis_url: str) -> Callable[[Callable[[Crew], Awaitable[Any]]], Any]:
    """Runs something with a client of its own: the commands have event loops of their own."""

    def run_it(work: Callable[[Crew], Awaitable[Any]]) -> Any:
        async def whole() -> Any:
            client = redis_client.connect(redis_url, decode_responses=False)
            try:
                return await work(Crew(client, Keys("site:")))
            finally:
                await client.aclose()

        return asyncio.run(whole())

    return run_it


def consumer(crew: Crew) -> JobQueue:
    return crew.consumer("mail", namespace="site")


def test_enqueue_writes_what_php_resque_writes(run: Run, with_crew: Any) -> None:
    ended = run("enqueue", "App\\Mail", '{"to":"a/b é"}', "--queue", "mail", "--track")
    assert ended.exit_code == 0, ended.output
    job_id = ended.stdout.strip()

    async def look(crew: Crew) -> None:
        assert await crew.redis.smembers("site:queues") == {b"mail"}
        (payload,) = await crew.waiting("mail")
        head, at = payload.rsplit(b',"queue_time":', 1)
        expected = r'{"class":"App\\Mail","args":[{"to":"a\/b \u00e9"}],"id":"' + job_id + '"'
        assert head == expected.encode()
        assert abs(time.time() - float(at.rstrip(b"}"))) < 60
        status = json.loads(await crew.redis.get(f"site:job:{job_id}:status"))
        assert list(status.items()) == [
            ("status", 1),
            ("updated", status["started"]),
            ("started", status["started"]),
        ]

    with_crew(look)
    assert len(job_id) == 32
    assert run("status", job_id).stdout == "waiting\n"
    untracked = run("enqueue", "C", "--queue", "mail").stdout.strip()
    assert run("status", untracked).exit_code == 1
    assert "not tracked" in run("status", untracked).stderr


def test_stats_tell_what_waits_and_who_works(run: Run, with_crew: Any) -> None:
    assert run("stats").stdout == "No queue is known.\n0 failed\n"
    for _ in range(4):
        run("enqueue", "C", "--queue", "mail")

    async def work(crew: Crew) -> tuple[str, str]:
        alive, dead = consumer(crew), consumer(crew)
        (job,) = (await alive.claim("a", 1)).jobs
        await alive.promote(job)
        await alive.claim("b", 1)
        await dead.claim("a", 1)
        await crew.kill(dead)
        await crew.redis.set("site:pause-all-workers", "true")
        return alive.consumer, dead.consumer

    alive, dead = with_crew(work)
    told = run("stats").stdout
    assert "Paused: nobody may take a job" in told
    assert "mail: 1 waiting (the first for " in told
    assert " 2 in flight, 1 promoted\n" in told
    assert f"{alive}: 1 in flight, last heartbeat 0 s ago" in told
    assert f"{dead}: 1 in flight, dead: `system-daemon jobs reap`" in told
    found = json.loads(run("stats", "--json").stdout)
    assert (found["paused"], found["failed"]) == (True, 0)
    (queue,) = found["queues"]
    assert (queue["depth"], queue["promoted"]) == (1, 1)
    assert run("reap").stdout == "mail: 1 dead consumer, 1 job given back, 0 buried\n"
    assert run("reap", "--queue", "other").stdout == (
        "other: 0 dead consumers, 0 jobs given back, 0 buried\n"
    )


def test_failed_jobs_are_listed_shown_retried_and_discarded(run: Run, with_crew: Any) -> None:
    assert run("failed", "list").stdout == "No job has failed.\n"
    run("enqueue", "C", '"secret"', "--queue", "mail")

    async def bury(crew: Crew) -> str:
        mail = consumer(crew)
        (job,) = (await mail.claim("a", 1)).jobs
        await mail.bury(job, exception="EndpointError", error="said no")
        await mail.stop()
        return job.id

    job_id = with_crew(bury)
    listed = run("failed", "list").stdout
    assert f"{job_id} C of mail, " in listed
    assert listed.endswith("EndpointError\n")
    (facts,) = json.loads(run("failed", "list", "--json").stdout)
    assert (facts["id"], facts["class"], facts["queue"]) == (job_id, "C", "mail")
    shown = run("failed", "show", job_id).stdout
    assert "error: said no" in shown
    assert "secret" not in listed + shown
    assert 'args: ["secret"]' in run("failed", "show", job_id, "--with-args").stdout
    assert run("failed", "retry", job_id).stdout == f"{job_id} waits in its queue again.\n"
    for command in ("show", "retry", "discard"):
        refused = run("failed", command, job_id)
        assert refused.exit_code == 1
        assert refused.stderr == (f'expected a failed job "{job_id}", got none of this name\n')
    with_crew(bury)
    assert run("failed", "discard", job_id).stdout == f"{job_id} is deleted.\n"
    assert run("failed", "list").stdout == "No job has failed.\n"


@pytest.mark.parametrize(
    "url", ["localhost", "http://x", "{}", "redis://h:port/0", "ftp://secret@h"]
)
def test_what_is_no_redis_is_refused_without_quoting_it(run: Run, url: str) -> None:
    ended = run("stats", "--redis", url)
    assert ended.exit_code == 2
    assert ended.stderr == "expected --redis to be a URL such as redis://localhost:6379/0\n"


def test_a_redis_that_does_not_answer_is_named_without_its_password(run: Run) -> None:
    ended = run("stats", "--redis", "redis://:secret@127.0.0.1:1/0")
    assert ended.exit_code == 1
    assert "Redis did not answer at 127.0.0.1:1" in ended.stderr
    assert "secret" not in ended.output


def test_arguments_that_are_no_json_are_refused_without_quoting_them(run: Run) -> None:
    ended = run("enqueue", "C", "{secret", "--queue", "mail")
    assert ended.exit_code == 2
    assert ended.stderr == "expected ARGS_JSON to be JSON, got something else\n"


def test_a_payload_of_anybody_has_no_age_if_it_says_none(run: Run, with_crew: Any) -> None:
    async def push(crew: Crew) -> None:
        await crew.push(b'{"queue_time":"x"}', php(1), queue="mail")

    with_crew(push)
    assert "mail: 2 waiting, 0 in flight, 0 promoted\n" in run("stats").stdout


def test_a_promoted_job_is_listed_and_goes_back_to_its_queue(run: Run, with_crew: Any) -> None:
    async def promote(crew: Crew) -> None:
        one = consumer(crew)
        await crew.push(php(1), queue="mail")
        (job,) = (await one.claim("a", 1)).jobs
        await one.promote(job)
        await one.stop()

    with_crew(promote)
    assert json.loads(run("promoted", "list", "--json").stdout) == [
        {"id": f"{1:032x}", "class": "C", "queue": "mail"}
    ]
    assert "C of mail" in run("promoted", "list").stdout
    assert run("promoted", "return", f"{1:032x}").exit_code == 0
    assert run("promoted", "return", f"{1:032x}").exit_code == 1
    assert "No job has a run" in run("promoted", "list").stdout

    async def waits(crew: Crew) -> None:
        assert await crew.waiting("mail") == [php(1)]

    with_crew(waits)


def test_what_is_no_json_is_refused_as_that(run: Run) -> None:
    ended = run("enqueue", "C", "NaN", "--queue", "mail")
    assert ended.exit_code == 2
    assert "expected ARGS_JSON to be JSON" in ended.stderr


def test_an_unreadable_failed_job_is_refused_in_its_own_words(run: Run, with_crew: Any) -> None:
    async def bury(crew: Crew) -> None:
        one = consumer(crew)
        await crew.push(b"{no job", queue="mail")
        await one.claim("a", 1)
        await one.stop()

    with_crew(bury)
    (failed,) = json.loads(run("failed", "list", "--json").stdout)
    ended = run("failed", "retry", failed["id"])
    assert ended.exit_code == 1
    assert "can only be discarded" in ended.stderr.replace("\n", " ")


def test_namespace_and_connection_are_those_of_the_configuration(
    redis_url: str, with_crew: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    configuration = {"namespace": "site", "redis_connection": "clinic_redis"}
    (tmp_path / "background_jobs.json").write_text(json.dumps(configuration))
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(tmp_path))
    monkeypatch.setenv("AIRFLOW_CONN_CLINIC_REDIS", redis_url)
    ended = CliRunner().invoke(app, ["enqueue", "C", "--queue", "mail"])
    assert ended.exit_code == 0, ended.output

    async def waits(crew: Crew) -> None:
        assert len(await crew.waiting("mail")) == 1

    with_crew(waits)


def test_stats_tell_of_jobs_that_an_interrupted_dequeue_left_behind(
    run: Run, with_crew: Any
) -> None:
    async def leave(crew: Crew) -> None:
        await crew.redis.rpush("site:queue:mail:temp:1763845200", php(1), php(2))
        await crew.redis.rpush("site:queue:mail:temp:1763845200:requeue", php(3))

    with_crew(leave)
    assert json.loads(run("stats", "--json").stdout)["stranded"] == {
        "site:queue:mail:temp:1763845200": 2,
        "site:queue:mail:temp:1763845200:requeue": 1,
    }
    assert "2 jobs stranded in site:queue:mail:temp:1763845200" in run("stats").stdout.replace(
        "\n", " "
    )
