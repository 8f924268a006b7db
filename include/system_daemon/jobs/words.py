"""What the jobs' DAGs do, in words, for the UI's documentation tab."""

from __future__ import annotations

from collections.abc import Iterable

from system_daemon.configuration.background_jobs import BackgroundJobs, Queue
from system_daemon.schedule.words import duration


def queue_documentation(queue: Queue, jobs: BackgroundJobs) -> str:
    """The page of ``jobs__<queue>``, in Markdown."""
    order = (
        "in the order of the queue"
        if queue.workers == queue.concurrency == 1
        else f"up to {queue.workers * queue.concurrency} at once"
    )
    key = f"{jobs.namespace.rstrip(':')}:queue:{queue.name}"
    processes = "one process takes" if queue.workers == 1 else f"{queue.workers} processes take"
    return f"""\
Runs the jobs that the platform puts into the Resque queue `{queue.name}` (`{key}`), {order}.

**What it does.** `wait_for_jobs` looks at the queue every {duration(queue.poll_interval)} without
taking anything and without a process. When jobs wait, {processes} them in `work`, until the queue
was empty for {duration(queue.linger)}. The next run begins when one ends, and waits.

**How a job ends.** Done: nothing of it stays. Failed {queue.max_attempts} times in a row: it gets a
run of the DAG `background_job`, which tries again with growing pauses and goes to Resque's failed
list at last. A job that took its process down {queue.max_interruptions} times is buried there at
once, and so is one without a route.

{_table(jobs)}

**When it is red.** Read the log of `work`: mostly Redis could not be reached. Nothing is lost: jobs
wait in Redis, and those of a process that died are given back within a minute or two.

**To stop it** pause the DAG; the jobs wait. Configured in `background_jobs.json`.
"""


def _table(jobs: BackgroundJobs) -> str:
    rows: Iterable[str] = (f"| `{route.job_class}` | `{route.target}` |" for route in jobs.routes)
    return "\n".join(("| class | goes to |", "|---|---|", *rows))


PROMOTED = """\
One run for each background job that failed several times in a row, or whose route asks for it.

**What it does.** Runs the job again, with growing pauses between the tries. The run's conf names
the job's id, class and queue; its arguments stay in Redis.

**When it is red.** The last try failed and the job lies in Resque's failed list. Read the log, mend
the cause, then clear the task: the job runs again. To give it up:
`system-daemon jobs failed discard ID`.

**By hand.** Trigger this DAG with the id of a job in the failed list: it runs again and keeps its
id.
"""
