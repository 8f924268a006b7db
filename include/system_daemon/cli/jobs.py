"""`jobs`: put a job into a queue, look into the queues, and see to failed jobs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, NoReturn

import typer
from redis.asyncio import Redis
from rich.text import Text

from system_daemon.cli import jobs_failed, jobs_promoted
from system_daemon.cli.jobs_redis import (
    DEFAULT_NAMESPACE,
    DEFAULT_REDIS,
    NamespaceOption,
    RedisOption,
    run,
)
from system_daemon.cli.options import JsonOption
from system_daemon.cli.problem_lines import counted
from system_daemon.cli.terminal import complain, say
from system_daemon.configuration.background_jobs import Queue
from system_daemon.configuration.loading import load
from system_daemon.jobs import producer
from system_daemon.jobs import status as job_status
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.overview import ConsumerOverview, Overview, overview, queue_names
from system_daemon.jobs.reaper import Reaped, Reaper

app = typer.Typer(help="Background jobs in Resque queues.", no_args_is_help=True)
app.add_typer(jobs_failed.app, name="failed")
app.add_typer(jobs_promoted.app, name="promoted")


@app.command()
def enqueue(
    job_class: Annotated[str, typer.Argument(metavar="CLASS", help="What is to be done.")],
    args_json: Annotated[str, typer.Argument(metavar="[ARGS_JSON]", help="With what.")] = "null",
    *,
    queue: Annotated[str, typer.Option(help="The queue's name.")],
    track: Annotated[bool, typer.Option("--track", help="Keep a status of the job.")] = False,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """Put a job into a queue as php-resque does, and print its id."""
    try:
        args = json.loads(args_json, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        complain("expected ARGS_JSON to be JSON, got something else")
        raise typer.Exit(2) from error

    async def work(client: Redis) -> str:
        keys = Keys(with_colon(str(namespace)))
        return await producer.enqueue(
            client, keys, queue=queue, job_class=job_class, args=args, track=track
        )

    typer.echo(run(redis, work))


@app.command()
def stats(
    *,
    as_json: JsonOption = False,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """What waits, what is worked on and by whom, what failed."""

    async def work(client: Redis) -> Overview:
        return await overview(client, Keys(with_colon(str(namespace))))

    found = run(redis, work)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    if found.paused:
        say("Paused: nobody may take a job (pause-all-workers).")
    for queue in found.queues:
        age = "" if queue.oldest_age_s is None else f" (the first for {queue.oldest_age_s:g} s)"
        counts = f"{queue.depth} waiting{age}, {queue.in_flight} in flight"
        say(Text.assemble((queue.name, "bold"), f": {counts}, {queue.promoted} promoted"))
        for consumer in queue.consumers:
            say(f"  {consumer.name}: {consumer.in_flight} in flight, {_heartbeat(consumer)}")
    if not found.queues:
        say("No queue is known.")
    for key, jobs in found.stranded.items():
        say(
            f"{counted(jobs, 'job')} stranded in {key}: an interrupted Resque::dequeue left them;"
            " RPOPLPUSH moves them back to their queue"
        )
    say(f"{found.failed} failed")


@app.command()
def status(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="The job's id.")],
    *,
    prefix: Annotated[str | None, typer.Option(help="The prefix of resque/php-resque.")] = None,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """Tell a tracked job's status in a word; exit code 1 when the job has none."""

    async def work(client: Redis) -> job_status.Code | None:
        return await job_status.status_of(client, Keys(with_colon(str(namespace))), job_id, prefix)

    code = run(redis, work)
    if code is None:
        complain(
            f'expected a status of the job "{job_id}", got none: it is not tracked, or ended more'
            " than a day ago"
        )
        raise typer.Exit(1)
    say(code.name.lower())


@app.command()
def reap(
    *,
    queue: Annotated[
        list[str] | None, typer.Option(help="Only this queue; may be given again.")
    ] = None,
    max_interruptions: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="A job interrupted so often is buried.",
            show_default="that of the queue in background_jobs.json",
        ),
    ] = None,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """Give the jobs of dead consumers back to the head of their queues."""

    async def work(client: Redis) -> dict[str, Reaped | None]:
        names = queue or await queue_names(client, Keys(with_colon(str(namespace))))
        return {name: await _reaper(client, name).reap() for name in names}

    def _reaper(client: Redis, name: str) -> Reaper:
        configured = load().jobs.queue(name)
        often = (
            configured.max_interruptions
            if configured
            else Queue.model_fields["max_interruptions"].default
        )
        return Reaper(
            client,
            namespace=str(namespace),
            queue=name,
            max_interruptions=max_interruptions or often,
            concurrency=configured.concurrency if configured else None,
        )

    for name, reaped in run(redis, work).items():
        if reaped is None:
            say(f"{name}: another process reaps this queue right now")
            continue
        say(
            f"{name}: {counted(reaped.consumers, 'dead consumer')},"
            f" {counted(reaped.given_back, 'job')} given back, {reaped.buried} buried"
        )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are Python's, not JSON's


def _heartbeat(consumer: ConsumerOverview) -> str:
    if consumer.heartbeat_age_s is None:
        return "dead: `system-daemon jobs reap` gives its jobs back"
    return f"last heartbeat {consumer.heartbeat_age_s} s ago"
