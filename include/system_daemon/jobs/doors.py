"""What happens to the jobs of each class: its route's handler and break."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator

from system_daemon.configuration.background_jobs import Route
from system_daemon.jobs.breaker import Breaker
from system_daemon.jobs.door import Door
from system_daemon.jobs.payload import Job
from system_daemon.jobs.routes import Routes
from system_daemon.jobs.verdict import DONE, Failed, Handler, Verdict, told

Trigger = Callable[[Job, Route], Awaitable[object]]
"""Starts a run of the DAG that the route names, once per job id; raises when that failed."""
_REMEMBERED = 1000


class Doors:
    """The door of each class; the classes of one route share it."""

    def __init__(
        self,
        routes: Routes,
        handlers: Callable[[Route], Handler],
        trigger_dag: Trigger,
        *,
        edited: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare them.

        Args:
            routes: The configured routes.
            handlers: Makes the handler of an ``endpoint`` or ``handler`` route.
            trigger_dag: Starts the DAG of a ``dag`` route.
            edited: Whether the routes were edited since.
            clock: Monotonic seconds.
        """
        self._routes = routes
        self._handlers = handlers
        self._trigger_dag = trigger_dag
        self.edited = edited
        self.clock = clock
        self._by_class: dict[str, Door] = {}
        self._by_route: dict[int, Door] = {}
        self.suspects: frozenset[str] = frozenset()
        """Targets of routes that were held when the last shift ended: they are tried with care."""
        self._nowhere = self._door("the failed list", None, at_once=False)

    def find(self, job_class: str) -> Door:
        """The door of a class; one without a handler when there is no route."""
        try:
            return self._by_class[job_class]
        except KeyError:
            route = self._routes.find(job_class)
            door = self._nowhere if route is None else self._of(route)
            if len(self._by_class) < _REMEMBERED:
                self._by_class[job_class] = door
            return door

    def all(self) -> Iterator[Door]:
        """Every door that a job has come to."""
        yield self._nowhere
        yield from self._by_route.values()

    def held_targets(self) -> list[str]:
        """Where the routes lead that are held, or on trial."""
        return [door.target for door in self._by_route.values() if door.breaker.barred]

    def classes(self, door: Door) -> list[str]:
        """The classes that have come to a door."""
        return [name for name, its in self._by_class.items() if its is door]

    def open_classes(self) -> list[str]:
        """The classes of which a claim may bring jobs now, of those that are known."""
        return [name for name, door in self._by_class.items() if not door.barred]

    def is_shut(self, job: Job) -> bool:
        """Whether the job may not run now."""
        return self.find(job.job_class).shut

    def is_barred(self, job: Job) -> bool:
        """Whether no claim was to bring the job."""
        return self.find(job.job_class).barred

    def _of(self, route: Route) -> Door:
        if id(route) not in self._by_route:
            triggers = route.dag is not None
            self._by_route[id(route)] = self._door(
                route.target,
                self._triggering(route) if triggers else self._handlers(route),
                at_once=route.run == "dag" and not triggers,
            )
            if route.target in self.suspects:
                self._by_route[id(route)].breaker.suspect()
        return self._by_route[id(route)]

    def _door(self, target: str, handle: Handler | None, *, at_once: bool) -> Door:
        return Door(
            target=target,
            handle=handle,
            breaker=Breaker(self.clock),
            leaving=Breaker(self.clock),
            at_once=at_once,
        )

    def _triggering(self, route: Route) -> Handler:
        async def trigger(job: Job) -> Verdict:
            try:
                await self._trigger_dag(job, route)
            except Exception as error:  # an adapter to Airflow may raise anything
                return Failed(
                    exception=type(error).__name__,
                    reason=f"{route.target} was not started: {told(error)}",
                )
            return DONE

        return trigger
