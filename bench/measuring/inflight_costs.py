"""What calls in flight cost: what a deployment uses more than while it idles with the same DAGs.

CPU seconds over the same time, and memory at the moment at which most calls wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from measuring.report import Figure, shown, table
from measuring.sampling import Memory, Usage, in_flight, most_at_once


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one kind of Airflow used for its calls."""

    kind: str
    calls: int
    wrong: int
    """Calls whose task did not end in the state that the answer asks for."""
    idle: Usage
    busy: Usage
    spans: list[tuple[float, float]]
    """When each call began and ended, as the service saw it."""
    worker_logs: int

    @property
    def at_once(self) -> int:
        """How many calls waited at the same time."""
        return most_at_once(self.spans)

    @property
    def cpu_per_call(self) -> float:
        """CPU seconds of all Airflow processes, above idling."""
        return (self.busy.whole_cpu - self._idle_cpu()) / self.calls

    def cpu_of(self, component: str) -> float:
        """The same of one component's processes."""
        idle = self.idle.cpu[component] / self.idle.seconds * self.busy.seconds
        return (self.busy.cpu[component] - idle) / self.calls

    def _idle_cpu(self) -> float:
        return self.idle.whole_cpu / self.idle.seconds * self.busy.seconds

    def waiting(self) -> tuple[int, Memory]:
        """The look at which most calls waited: how many, and the memory."""
        seen = [(in_flight(self.spans, s.at), s.whole.pss, s.whole) for s in self.busy.samples]
        calls, _, memory = max(seen, key=lambda look: look[:2])
        return calls, memory

    @property
    def mb_per_waiting_call(self) -> float:
        """Memory (PSS) of all Airflow processes, above idling."""
        calls, memory = self.waiting()
        return (memory.pss - self.idle.typical().pss) / max(calls, 1)


def figures_of_ours(ours: Result, *, delay: float) -> list[Figure]:
    """The figures of ours; its services took `delay` seconds to answer."""
    return [
        Figure(
            name="inflight_calls",
            value=ours.at_once,
            at_least=ours.calls,
            meaning=f"calls that waited at once, of {ours.calls} that take {delay:g} s each",
        ),
        Figure(
            name="inflight_wrong_ends",
            value=ours.wrong,
            at_most=0,
            meaning="calls not received once, or not ended in the right state",
        ),
        Figure(
            name="worker_processes",
            value=max(len(ours.busy.worker_processes), ours.worker_logs),
            at_most=0,
            meaning="processes in which an executor ran a task",
        ),
        Figure(
            name="inflight_triggerer_mb",
            value=ours.busy.peak("triggerer").pss,
            at_most=400,
            meaning="memory (PSS) of the triggerer's processes at the peak",
        ),
        Figure(
            name="inflight_triggerer_rss_mb",
            value=ours.busy.peak("triggerer").rss,
            meaning="same as RSS: pages that the processes share are counted for each of them",
        ),
        Figure(
            name="inflight_triggerer_idle_rss_mb",
            value=ours.idle.peak("triggerer").rss,
            meaning="the same while no call waits",
        ),
        Figure(
            name="inflight_cpu_per_call_s",
            value=ours.cpu_per_call,
            meaning="CPU seconds per call of all Airflow processes, above idling",
        ),
        Figure(
            name="inflight_kb_per_waiting_call",
            value=ours.mb_per_waiting_call * 1024,
            meaning="memory (PSS) per waiting call of all Airflow processes, above idling",
        ),
    ]


def show(results: list[Result]) -> None:
    """Both kinds of Airflow side by side."""
    lines: list[tuple[str, ...]] = []

    def line(what: str, value: Callable[[Result], float]) -> None:
        lines.append((what, *(shown(value(result)) for result in results)))

    line("calls", lambda r: r.calls)
    line("calls that waited at once", lambda r: r.at_once)
    line("wrong ends", lambda r: r.wrong)
    line("task processes started", lambda r: len(r.busy.worker_processes))
    line("seconds until all had ended", lambda r: r.busy.seconds)
    line("CPU s per call, above idling", lambda r: r.cpu_per_call)
    for component in results[0].busy.cpu:
        line(f"  {component}", lambda r, component=component: r.cpu_of(component))
    line("CPU s per second, idling", lambda r: r.idle.whole_cpu / r.idle.seconds)
    line("MB (PSS) per waiting call, above idling", lambda r: r.mb_per_waiting_call)
    line("MB (PSS) of all Airflow processes, idling", lambda r: r.idle.typical().pss)
    line("MB (PSS) at the most waiting calls", lambda r: r.waiting()[1].pss)
    line("MB (PSS) of the triggerer, idling", lambda r: r.idle.peak("triggerer").pss)
    line("MB (PSS) of the triggerer, peak", lambda r: r.busy.peak("triggerer").pss)
    line("MB (RSS) of the triggerer, idling", lambda r: r.idle.peak("triggerer").rss)
    line("MB (RSS) of the triggerer, peak", lambda r: r.busy.peak("triggerer").rss)
    line("MB (PSS) of the scheduler with workers, peak", lambda r: r.busy.peak("scheduler").pss)
    print(table(("", *(result.kind for result in results)), lines) + "\n", flush=True)
