"""An event loop in a thread of its own, in which Python handlers run.

A handler that blocks blocks this loop, not the consumer's: claims, acknowledgements, heartbeats and
endpoints go on. The consumer's loop looks every quarter of a second whether this one still turns.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from system_daemon.jobs.verdict import Failed, Verdict, Wait
from system_daemon.services.log_lines import Log

TICK_S = 0.1
_MOST_PER_TICK_S = 0.5
"""While the loop is blocked, the others' time stands still: only so much counts for one tick."""
LAST_WORDS_S = 5.0
"""How long a handler may take to end after it was cancelled."""
_END_S = 5.0
_Context = TypeVar("_Context")


@dataclass(eq=False, slots=True, kw_only=True)
class Attempt(Generic[_Context]):
    """One attempt of one handler."""

    run: Callable[[_Context], Awaitable[Verdict]]
    handler: str
    job_class: str
    timeout: float
    verdict: asyncio.Future[Verdict]
    """Belongs to the consumer's loop."""
    task: asyncio.Task[None] | None = None
    spent: float = 0.0
    """Seconds in which the loop turned since the attempt began."""
    cancelled: bool = False


class LoopThread(Generic[_Context]):
    """The thread. All methods are for the consumer's thread, which made it."""

    def __init__(
        self, opening: Callable[[], contextlib.AbstractAsyncContextManager[_Context]], log: Log
    ) -> None:
        """Start it.

        Args:
            opening: What all handlers share, opened in the thread's loop at its start.
            log: Told of what handlers leave behind that fails.
        """
        self._opening = opening
        self._log = log
        self._home = asyncio.get_running_loop()
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(self._left_behind)
        self._attempts: dict[Attempt[_Context], None] = {}
        self._over = asyncio.Event()
        self._context: asyncio.Future[_Context] = self._loop.create_future()
        self._ticked = time.monotonic()
        self._thread = threading.Thread(target=self._live, name="job handlers", daemon=True)
        self._thread.start()

    async def run(self, attempt: Attempt[_Context]) -> Verdict:
        """Run the attempt to its end; cancelled, it is cancelled there too."""
        self._attempts[attempt] = None
        self._loop.call_soon_threadsafe(self._begin, attempt)
        try:
            return await attempt.verdict
        finally:
            self._attempts.pop(attempt, None)
            if not attempt.verdict.done() or attempt.verdict.cancelled():
                self._loop.call_soon_threadsafe(_cancel, attempt)

    def blocked_for(self) -> float:
        """Seconds since the loop last turned, as far as that is more than a few ticks."""
        late = time.monotonic() - self._ticked - TICK_S
        return late if late > 3 * TICK_S else 0.0

    def culprit(self) -> Attempt[_Context] | None:
        """The attempt that runs at this moment."""
        current = asyncio.current_task(self._loop)
        return next((each for each in list(self._attempts) if each.task is current), None)

    def abandon(self, culprit: Attempt[_Context] | None) -> None:
        """Go on without this thread: nothing can stop it.

        The culprit has failed; whether the others have been run nobody will know, they run again.
        Should the culprit ever let go, the thread ends.
        """
        self._loop.call_soon_threadsafe(self._over.set)
        for attempt in list(self._attempts):
            if attempt.verdict.done():
                continue
            if attempt is culprit:
                sentence = f"{attempt.handler} blocked its event loop for longer than its timeout"
                verdict: Verdict = Failed(exception="Blocked", reason=sentence)
            else:
                verdict = Wait(seconds=0, reason="another handler blocked the event loop")
            attempt.verdict.set_result(verdict)

    async def close(self) -> None:
        """End it; a handler that does not let go is left behind."""
        self._loop.call_soon_threadsafe(self._over.set)
        await asyncio.to_thread(self._thread.join, _END_S)

    def _live(self) -> None:
        asyncio.set_event_loop(self._loop)
        with contextlib.suppress(Exception):  # told to each attempt by its future
            self._loop.run_until_complete(self._host())
        self._loop.close()

    async def _host(self) -> None:
        try:
            async with self._opening() as context:
                self._context.set_result(context)
                await self._tick()
                await _see_off()
        except Exception as error:
            if not self._context.done():
                self._context.set_exception(error)
                self._context.exception()
                await self._tick()
                await _see_off()
            raise

    async def _tick(self) -> None:
        while not self._over.is_set():
            now = time.monotonic()
            passed = min(now - self._ticked, _MOST_PER_TICK_S)
            self._ticked = now
            for attempt in list(self._attempts):
                self._count(attempt, passed)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_S):
                    await self._over.wait()

    def _count(self, attempt: Attempt[_Context], passed: float) -> None:
        if attempt.task is None:
            return
        attempt.spent += passed
        if attempt.spent > attempt.timeout and not attempt.cancelled:
            _cancel(attempt)
        elif attempt.spent > attempt.timeout + LAST_WORDS_S:
            self._tell(attempt, _timed_out(attempt))

    def _begin(self, attempt: Attempt[_Context]) -> None:
        attempt.task = self._loop.create_task(self._attempt(attempt))

    async def _attempt(self, attempt: Attempt[_Context]) -> None:
        verdict: Verdict
        try:
            context = await asyncio.shield(self._context)
            verdict = await attempt.run(context)
        except asyncio.CancelledError as error:
            verdict = _timed_out(attempt) if attempt.cancelled else _raised(attempt, error)
        except BaseException as error:  # SystemExit too harms only its own job
            verdict = _raised(attempt, error)
        self._tell(attempt, verdict)

    def _left_behind(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A task of a handler's own, say; asyncio itself would print its arguments."""
        error = context.get("exception")
        what = "did not end" if error is None else f"raised {type(error).__name__}{_where(error)}"
        self._log.error("something that a handler began and nobody waited for %s", what)

    def _tell(self, attempt: Attempt[_Context], verdict: Verdict) -> None:
        with contextlib.suppress(RuntimeError):  # the consumer's loop is closed
            self._home.call_soon_threadsafe(_settle, attempt, verdict)


async def _see_off() -> None:
    """End the handlers that still run, while what they share is open: their last words need it."""
    left = asyncio.all_tasks() - {asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=LAST_WORDS_S)


def _cancel(attempt: Attempt[_Context]) -> None:
    attempt.cancelled = True
    if attempt.task is not None:
        attempt.task.cancel()


def _settle(attempt: Attempt[_Context], verdict: Verdict) -> None:
    if not attempt.verdict.done():
        attempt.verdict.set_result(verdict)


def _timed_out(attempt: Attempt[_Context]) -> Failed:
    sentence = f"{attempt.handler} did not end within {attempt.timeout:g} s"
    return Failed(exception="Timeout", reason=sentence)


def _raised(attempt: Attempt[_Context], error: BaseException) -> Failed:
    """Which class of error and where; its text may quote the job."""
    kind = type(error).__name__
    return Failed(exception=kind, reason=f"{attempt.handler} raised {kind}{_where(error)}")


def _where(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return ""
    return f" at {trace.tb_frame.f_globals.get('__name__', '?')}, line {trace.tb_lineno}"
