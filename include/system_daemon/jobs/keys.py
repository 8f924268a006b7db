"""Every Redis key of background jobs by its name, Resque's and ours.

Resque's keys, which PHP and Ruby share with us (``<w>`` is a worker, ``host:pid:queue``):

======================================  ======  ============================================
key after the namespace                 type    content
======================================  ======  ============================================
queues                                  set     names of queues
queue:<q>                               list    payloads; producers push at the tail
workers                                 set     workers
worker:<w>                              string  its current job as JSON, only while working
worker:<w>:started                      string  a date
stat:processed, stat:failed             string  integers, and the same with :<w> per worker
failed                                  list    failure items as JSON
job:<id>:status                         string  status as JSON, only if the producer asked;
                                                job:<prefix>_<id>:status in the fork
pause-all-workers                       string  "true" while nobody may take a job
======================================  ======  ============================================

Ours, all after ``<namespace>system_daemon:`` (Resque and resque-web ignore them):

=================================  ======  =================================================
key                                type    content and life
=================================  ======  =================================================
consumers:<q>                      set     consumers that may hold jobs of the queue; each
                                           leaves when it stops or is reaped
consumer:<consumer>:<q>            hash    it lives: expires 60 s after the last beat. Fields:
                                           claim (its last claim), step and reply (its last
                                           step, so that a lost reply can be given again),
                                           suspect (the token of the job it works alone)
processing:<consumer>:<q>          hash    token to payload: the jobs it has claimed
promoted:<q>                       hash    id to payload: the jobs that DAG runs work on
reaper:<q>                         string  who reaps now; expires after 60 s
held:<q>                           set     targets of routes that were held when a shift
                                           ended; expires after 10 minutes
notification:<digest of an id>     string  this notification was sent, or may have been; expires
=================================  ======  =================================================

A job is always in exactly one of queue:<q>, processing:..., promoted:<q> and failed.
"""

from __future__ import annotations

from dataclasses import dataclass

from system_daemon.jobs.worker_record import worker_id


def with_colon(namespace: str) -> str:
    """The namespace as the prefix that php-resque makes of it."""
    return namespace if not namespace or namespace.endswith(":") else f"{namespace}:"


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one namespace."""

    namespace: str
    """With its colon: see `with_colon`."""

    @property
    def queues(self) -> str:
        """The set of queues."""
        return f"{self.namespace}queues"

    @property
    def workers(self) -> str:
        """The set of workers."""
        return f"{self.namespace}workers"

    @property
    def failed(self) -> str:
        """The list of failure items."""
        return f"{self.namespace}failed"

    @property
    def paused(self) -> str:
        """Says "true" while nobody may take a job."""
        return f"{self.namespace}pause-all-workers"

    @property
    def stat_processed(self) -> str:
        """How many jobs ended, well or not."""
        return f"{self.namespace}stat:processed"

    @property
    def stat_failed(self) -> str:
        """How many jobs failed."""
        return f"{self.namespace}stat:failed"

    def queue(self, queue: str) -> str:
        """The payloads that wait."""
        return f"{self.namespace}queue:{queue}"

    def status(self, job_id: str, prefix: str | None = None) -> str:
        """The status of a job; the fork puts its prefix before the id."""
        # PHP's empty() takes "0" for nothing.
        before = "" if prefix in {None, "", "0"} else f"{prefix}_"
        return f"{self.namespace}job:{before}{job_id}:status"

    @property
    def ours(self) -> str:
        """What all keys that Resque does not know begin with."""
        return f"{self.namespace}system_daemon:"

    def consumers(self, queue: str) -> str:
        """The consumers that may hold jobs of a queue."""
        return f"{self.ours}consumers:{queue}"

    def promoted(self, queue: str) -> str:
        """The jobs of a queue that DAG runs work on."""
        return f"{self.ours}promoted:{queue}"

    def held(self, queue: str) -> str:
        """The targets of routes that were held when a shift ended."""
        return f"{self.ours}held:{queue}"

    def reaper(self, queue: str) -> str:
        """Who reaps a queue now."""
        return f"{self.ours}reaper:{queue}"

    def of_consumer(self, consumer: str, queue: str) -> ConsumerKeys:
        """The keys of one consumer of one queue."""
        worker = worker_id(consumer, queue)
        return ConsumerKeys(
            session=f"{self.ours}consumer:{consumer}:{queue}",
            processing=f"{self.ours}processing:{consumer}:{queue}",
            worker=f"{self.namespace}worker:{worker}",
            started=f"{self.namespace}worker:{worker}:started",
            processed=f"{self.stat_processed}:{worker}",
            failed=f"{self.stat_failed}:{worker}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerKeys:
    """The keys of one consumer of one queue."""

    session: str
    processing: str
    worker: str
    started: str
    processed: str
    failed: str
