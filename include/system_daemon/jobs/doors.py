"""What happens to the jobs of a class: its handler and the break of its route."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

from system_daemon.configuration.background_jobs import Route
from system_daemon.jobs.breaker import Breaker
from system_daemon.jobs.payload import Job
from system_daemon.jobs.routes import Routes
from system_daemon.jobs.verdict import DONE, Failed, Handler, Verdict

Trigger = Callable[[Job, Route], Awaitable[object]]
"""Starts a run of the DAG that the route names, once per job id; raises when that failed."""
_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class Door:
    """What happens to the jobs of one route."""

    target: str
    """Where it leads, for logs."""
    handle: Handler
    breaker: Breaker
    at_once: bool
    """Each job gets a DAG run of its own without being tried here."""


class Doors:
    """The door of each class; the classes of one route share it."""

    def __init__(
        self,
        routes: Routes,
        handlers: Callable[[Route], Handler],
        trigger_dag: Trigger,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare them.

        Args:
            routes: Where each class of job goes.
            handlers: The handler of an ``endpoint`` or ``handler`` route; asked once a route.
            trigger_dag: Starts the DAG of a ``dag`` route.
            clock: Monotonic seconds.
        """
        self._routes = routes
        self._handlers = handlers
        self._trigger_dag = trigger_dag
        self.clock = clock
        self._by_class: dict[str, Door | None] = {}
        self._by_route: dict[int, Door] = {}
        self.own = Breaker(clock)
        """The break of what the consumer does itself: promoting and burying."""

    def find(self, job_class: str) -> Door | None:
        """The door of a class; None without a route."""
        try:
            return self._by_class[job_class]
        except KeyError:
            route = self._routes.find(job_class)
            door = None if route is None else self._of(route)
            if len(self._by_class) < _REMEMBERED:
                self._by_class[job_class] = door
            return door

    def held_until(self) -> float | None:
        """When the last open break may be tried; None while all are closed."""
        return max(
            (each.until for each in self._breakers() if each.until is not None), default=None
        )

    def probe(self) -> None:
        """Their time is over: the next attempt decides."""
        for each in self._breakers():
            each.probe()

    def _breakers(self) -> Iterator[Breaker]:
        yield self.own
        for door in self._by_route.values():
            yield door.breaker

    def _of(self, route: Route) -> Door:
        if id(route) not in self._by_route:
            triggers = route.dag is not None
            self._by_route[id(route)] = Door(
                target=route.target,
                handle=self._triggering(route) if triggers else self._handlers(route),
                breaker=Breaker(self.clock),
                at_once=route.run == "dag" and not triggers,
            )
        return self._by_route[id(route)]

    def _triggering(self, route: Route) -> Handler:
        async def trigger(job: Job) -> Verdict:
            try:
                await self._trigger_dag(job, route)
            except Exception as error:  # an adapter to Airflow may raise anything
                kind = type(error).__name__
                return Failed(exception=kind, reason=f"{route.target} was not started ({kind})")
            return DONE

        return trigger
