"""Jobs as calls of a Python function: ``async def handle(job, context)``.

It returns nothing when the job is done, and raises when it is not. What it raises is told by its
class and place only, for its text may quote the job. It may also return ``Failed(...)`` with a
sentence fit for logs, or ``Wait(...)``.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from system_daemon.configuration.background_jobs import Route
from system_daemon.jobs.handlers.context import Context
from system_daemon.jobs.handlers.loop_thread import Attempt, LoopThread
from system_daemon.jobs.payload import Job
from system_daemon.jobs.verdict import DONE, Failed, Verdict, Wait
from system_daemon.services.log_lines import Log, clean

BLOCKED_S = 1.0
"""A handler that keeps its event loop from turning for so long is named in the log."""
_WATCH_S = 0.25
Function = Callable[[Job, Context], Awaitable[object]]


class NoSuchHandlerError(Exception):
    """What the route names is not there, or is no ``async def``."""


class PythonHandlers:
    """All ``handler`` routes of one shift; they share a thread."""

    def __init__(
        self,
        opening: Callable[[], contextlib.AbstractAsyncContextManager[Context]],
        log: Log,
    ) -> None:
        self._opening = opening
        self._log = log
        self._thread: LoopThread[Context] | None = None
        self._watch: asyncio.Task[None] | None = None

    def of(self, route: Route) -> Callable[[Job], Awaitable[Verdict]]:
        """The handler of a route; the function is looked up at the first job."""
        dotted = route.handler or ""
        found: list[Function] = []

        async def handle(job: Job) -> Verdict:
            if not found:
                try:
                    found.append(await asyncio.to_thread(look_up, dotted))
                except NoSuchHandlerError as error:
                    return Failed(exception="NoSuchHandler", reason=str(error), down=True)

            async def run(context: Context) -> Verdict:
                said = await found[0](job, context)
                return said if isinstance(said, Failed | Wait) else DONE

            attempt = Attempt[Context](
                run=run,
                handler=dotted,
                job_class=job.job_class,
                timeout=route.timeout,
                verdict=asyncio.get_running_loop().create_future(),
            )
            return await self._running().run(attempt)

        return handle

    async def close(self) -> None:
        """End the thread."""
        if self._watch is not None:
            self._watch.cancel()
        if self._thread is not None:
            await self._thread.close()

    def _running(self) -> LoopThread[Context]:
        if self._thread is None:
            self._thread = LoopThread(self._opening, self._log)
        if self._watch is None:
            self._watch = asyncio.create_task(self._watching(), name="handlers' watch")
        return self._thread

    async def _watching(self) -> None:
        told = False
        while True:
            await asyncio.sleep(_WATCH_S)
            thread = self._thread
            blocked = thread.blocked_for() if thread is not None else 0.0
            if thread is None or blocked < BLOCKED_S:
                told = False
                continue
            culprit = thread.culprit()
            if not told:
                told = True
                self._log.error(
                    "the handler %s of the job class %s has blocked its event loop for %.1f s;"
                    " let it await, or move its work into asyncio.to_thread",
                    culprit.handler if culprit else "(unknown)",
                    clean(culprit.job_class, 300) if culprit else "(unknown)",
                    blocked,
                )
            if culprit is not None and blocked > culprit.timeout:
                self._thread = None
                thread.abandon(culprit)


def look_up(dotted: str) -> Function:
    """The function behind ``module:function``.

    Raises:
        NoSuchHandlerError: it cannot be imported, or is no ``async def``.
    """
    module, _, name = dotted.partition(":")
    try:
        found: Any = getattr(importlib.import_module(module), name)
    except AttributeError:
        raise NoSuchHandlerError(f"expected a function {name} in {module}, got none") from None
    except Exception as error:
        kind = type(error).__name__
        raise NoSuchHandlerError(f"{module} could not be imported ({kind})") from error
    if not inspect.iscoroutinefunction(found):
        raise NoSuchHandlerError(f"expected {dotted} to be an async def, got something else")
    function: Function = found
    return function
