"""`jobs failed`: the jobs in Resque's failed list."""

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
from system_daemon.jobs.failed import FailedJob, FailedList, NotInFailedError, NotRepeatableError

app = typer.Typer(
    help="Jobs that failed: look, run them again, discard them.", no_args_is_help=True
)
IdArgument = Annotated[str, typer.Argument(metavar="ID", help="As `jobs failed list` shows it.")]


@app.command("list")
def list_failed(
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: JsonOption = False,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """The newest failed jobs, without their arguments."""

    async def work(client: Redis) -> list[FailedJob]:
        found: list[FailedJob] = []
        async for failed in FailedList(client, namespace=str(namespace)).newest():
            found.append(failed)
            if len(found) == limit:
                break
        return found

    found = run(redis, work)
    if as_json:
        typer.echo(json.dumps([_facts(each) for each in found], indent=2))
        return
    for each in found:
        failure = each.failure
        about = f" {_class_of(each)} of {failure.queue}, {failure.failed_at}: {failure.exception}"
        say(Text.assemble((each.name, "bold"), about))
    if not found:
        say("No job has failed.")


@app.command()
def show(
    job_id: IdArgument,
    *,
    with_args: Annotated[
        bool, typer.Option("--with-args", help="Its arguments, too: they may be personal data.")
    ] = False,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """All about one failed job; exit code 1 when there is none."""

    async def work(client: Redis) -> FailedJob:
        return await FailedList(client, namespace=str(namespace)).find(job_id)

    try:
        failed = run(redis, work)
    except NotInFailedError as error:
        raise _refused(error) from error
    for name, value in _facts(failed).items():
        say(f"{name}: {value}")
    say(f"error: {failed.failure.error}")
    if with_args and failed.job is not None:
        say(f"args: {json.dumps(failed.job.args)}")


@app.command()
def retry(
    job_id: IdArgument,
    *,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """Put a failed job at the end of its queue again; it keeps its id."""

    async def work(client: Redis) -> None:
        await FailedList(client, namespace=str(namespace)).retry(job_id)

    try:
        run(redis, work)
    except (NotInFailedError, NotRepeatableError) as error:
        raise _refused(error) from error
    say(f"{job_id} waits in its queue again.")


@app.command()
def discard(
    job_id: IdArgument,
    *,
    redis: RedisOption = DEFAULT_REDIS,
    namespace: NamespaceOption = DEFAULT_NAMESPACE,
) -> None:
    """Delete a failed job for good."""

    async def work(client: Redis) -> None:
        await FailedList(client, namespace=str(namespace)).discard(job_id)

    try:
        run(redis, work)
    except NotInFailedError as error:
        raise _refused(error) from error
    say(f"{job_id} is deleted.")


def _refused(error: Exception) -> typer.Exit:
    complain(str(error))
    return typer.Exit(1)


def _class_of(failed: FailedJob) -> str:
    return failed.job.job_class if failed.job else "(unreadable)"


def _facts(failed: FailedJob) -> dict[str, str]:
    failure = failed.failure
    return {
        "id": failed.name,
        "class": _class_of(failed),
        "queue": failure.queue,
        "failed_at": failure.failed_at,
        "exception": failure.exception,
        "worker": failure.worker,
    }
