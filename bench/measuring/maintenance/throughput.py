"""How much longer a sweep takes than the same change as one statement."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from statistics import median

from measuring.maintenance.contenders import by_single_statement, by_sweep, state_of
from measuring.maintenance.server import LargeServer
from measuring.report import Figure, shown, table

_CONTENDERS = {"single statement": by_single_statement, "sweep": by_sweep}


def measure(server: LargeServer, task: str, *, rows: int, rounds: int) -> Iterator[list[Figure]]:
    """Both contenders in turn, each from the same files."""
    short = task.partition("_")[0]
    seconds: dict[str, list[float]] = {name: [] for name in _CONTENDERS}
    for number in range(rounds):
        # Who is first changes, in case the first or the second has it easier.
        order = list(_CONTENDERS)[:: 1 if number % 2 == 0 else -1]
        states = []
        for name in order:
            with server.copy("contender") as url:
                server.checkpoint()
                seconds[name].append(_CONTENDERS[name](task, url, threading.Event()))
                states.append(state_of(url) if number == 0 else [])
            print(f"{task}, {name}: {shown(seconds[name][-1])} s", flush=True)
        if any(state != states[0] for state in states):
            raise AssertionError(f"expected both contenders to do the same, got {states}")
    ratios = [
        sweep / single
        for sweep, single in zip(seconds["sweep"], seconds["single statement"], strict=True)
    ]
    print(
        table(
            ("contender", "median s", "rows/s"),
            [
                (name, shown(median(found)), shown(rows / median(found)))
                for name, found in seconds.items()
            ],
        ),
        flush=True,
    )
    yield [
        Figure(
            name=f"{short}_over_single_statement",
            value=median(ratios),
            at_most=1.3,
            meaning=f"seconds of the sweep / of one statement, {rows:,} rows, median of {rounds}",
        ),
        Figure(
            name=f"{short}_rows_per_s",
            value=rows / median(seconds["sweep"]),
            meaning="rows a second of the sweep",
        ),
    ]
