"""Measures maintenance: sweeps beside single statements, their users, idling, a day in Airflow.

    .venv/bin/python bench/maintenance.py [--quick] [--json FILE] [--only PART]

It makes a PostgreSQL of its own with 10 million tasks (--quick: 500,000) in a temporary folder
(20 GB of disk), and for the day an Airflow of its own, and removes both. It measures and does not
judge: a missed target is printed, and the exit code stays 0.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(_PROJECT), str(_PROJECT / "include")]

from measuring.maintenance import day, idle, interactive, throughput  # noqa: E402
from measuring.maintenance.server import LargeServer, large_server  # noqa: E402
from measuring.report import Figure, Report, machine_in_words  # noqa: E402
from measuring.surroundings import surroundings  # noqa: E402

_ON_DATA = ("outdated", "purge", "interactive", "idle")
_PARTS = (*_ON_DATA, "day")
_TASKS, _QUICK_TASKS = 10_000_000, 500_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _stop)
    report = Report(quick=options.quick)
    parts = options.only or _PARTS
    print(f"{machine_in_words()}{', quick' if options.quick else ''}\n", flush=True)
    if set(_ON_DATA) & set(parts):
        tasks = options.tasks or (_QUICK_TASKS if options.quick else _TASKS)
        with tempfile.TemporaryDirectory(prefix="measured-", dir=options.folder) as folder:
            (data := Path(folder) / "postgres").mkdir()
            with large_server(data, tasks) as server:
                for part in parts:
                    for figures in _on_data(part, server, Path(folder), options):
                        report.add(figures)
    if "day" in parts:
        with surroundings({}) as around:
            for figures in day.measure(around, quick=options.quick):
                report.add(figures)
    if options.json:
        report.write(options.json)
    return 0


def _on_data(
    part: str, server: LargeServer, folder: Path, options: argparse.Namespace
) -> Iterator[list[Figure]]:
    expected = server.expected
    rounds = options.rounds or (1 if options.quick else 3)
    match part:
        case "outdated":
            rows = expected.outdated_expired + expected.outdated_rescheduled
            yield from throughput.measure(server, "outdated_tasks_check", rows=rows, rounds=rounds)
        case "purge":
            yield from throughput.measure(
                server, "purge_database", rows=expected.purged, rounds=rounds
            )
        case "interactive":
            load = interactive.Load(seconds=10 if options.quick else 40, rate=200)
            tasks = ("outdated_tasks_check", "purge_database")
            yield from interactive.measure(server, folder, load, tasks=tasks, rounds=rounds)
        case "idle":
            yield from idle.measure(server, page=options.plans)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, a few minutes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", choices=_PARTS, action="append", help="measure this part")
    parser.add_argument(
        "--rounds", type=int, metavar="N", help="how often each is measured (default 3, quick 1)"
    )
    parser.add_argument("--tasks", type=int, help="how many tasks the database has")
    parser.add_argument(
        "--plans", type=Path, metavar="FILE", help="write the plans of idle tasks there"
    )
    parser.add_argument(
        "--folder", type=Path, metavar="FOLDER", help="where there is room for the data"
    )
    return parser.parse_args(arguments)


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
