"""`jobs promoted`: the jobs on which runs of the DAG `background_job` work."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from redis.asyncio import Redis
from rich.text import Text

from system_daemon.cli.jobs_redis import (
    DEFAULT_NAMESPACE,
    DEFAULT_REDIS,
    NamespaceOption,
    RedisOption,
    run,
)
from system_daemon.cli.options import JsonOption
from system_daemon.cli.terminal import complain, say
from system_daemon.jobs.keys import Keys, with_colon
from system_daemon.jobs.overview import queue_names
from system_daemon.jobs.payload import Job
from system_daemon.jobs.promoted import PromotedJobs

app = typer.Typer(help="Jobs with a DAG run of their own.", no_args_is_help=True)


@app.command("list")
def list_promoted(
    *,
    as_json: JsonOption = False,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """The promoted jobs, without their arguments."""

    async def work(client: Redis) -> list[Job]:
        keys = Keys(with_colon(str(namespace)))
        return [
            job
            for name in await queue_names(client, keys)
            for job in await PromotedJobs(client, keys, name).all()
        ]

    found = run(redis, work)
    if as_json:
        facts = [{"id": job.id, "class": job.job_class, "queue": job.queue} for job in found]
        typer.echo(json.dumps(facts, indent=2))
        return
    for job in found:
        say(Text.assemble((job.id, "bold"), f" {job.job_class} of {job.queue}"))
    if not found:
        say("No job has a run of its own.")


@app.command("return")
def return_to_queue(
    job_id: Annotated[str, typer.Argument(metavar="ID", help="As `jobs promoted list` shows it.")],
    *,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """Put a promoted job at the end of its queue again, when its run is gone or was given up."""

    async def work(client: Redis) -> str | None:
        keys = Keys(with_colon(str(namespace)))
        for name in await queue_names(client, keys):
            if await PromotedJobs(client, keys, name).back_to_queue(job_id):
                return name
        return None

    queue = run(redis, work)
    if queue is None:
        complain(f'expected a promoted job "{job_id}", got none of this name')
        raise typer.Exit(1)
    say(f"{job_id} waits in the queue {queue} again.")
