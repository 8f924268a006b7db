"""Measures background jobs: throughput beside peers, CPU, memory, and how soon a job begins.

    .venv/bin/python bench/jobs.py [--quick] [--json FILE] [--only PART]

A job is a POST of 300 bytes to a server that answers after D ms. Ours runs as it does in
production, as a task of a whole Airflow; its peers have the machine to themselves. They are
installed into the user's cache the first time; without a package index they are left out.
It measures and does not judge: a missed target is printed, and the exit code stays 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(_PROJECT), str(_PROJECT / "include")]

from measuring.jobs import comparison, ours  # noqa: E402
from measuring.jobs.comparison import Comparison  # noqa: E402
from measuring.jobs.ours import Ours  # noqa: E402
from measuring.jobs.target import Target  # noqa: E402
from measuring.report import Figure, Report, machine_in_words, shown, table  # noqa: E402
from measuring.sampling import percentile  # noqa: E402
from measuring.surroundings import surroundings  # noqa: E402

_PARTS = ("throughput", "latency", "memory")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _options(arguments)
    report = Report(quick=options.quick)
    parts = [options.only] if options.only else _PARTS
    print(f"{machine_in_words()}{', quick' if options.quick else ''}\n", flush=True)
    with surroundings({}) as around, Target(around.folder) as target:
        size = comparison.QUICK if options.quick else comparison.FULL
        compared = Comparison(around, target, size) if "throughput" in parts else None
        with ours.serving(around, target) as served:
            if "latency" in parts:
                report.add(_latency(served, quick=options.quick))
            if "memory" in parts:
                report.add(_memory(served))
            if compared is not None:
                compared.measure_ours(served)
        if compared is not None:
            compared.measure_others()
            for _ in range(size.rounds - 1):
                with ours.serving(around, target) as served:
                    compared.measure_ours(served)
                compared.measure_others()
            compared.measure_plain()
            compared.show()
            report.add(compared.figures())
    if options.json:
        report.write(options.json)
    return 0


def _latency(served: Ours, *, quick: bool) -> Iterator[Figure]:
    warm = [1000 * each for each in served.warm_latencies(100 if quick else 400)]
    of_warm = f"from putting a job to its POST while a consumer lingers, {len(warm)} jobs"
    yield Figure(name="warm_latency_p50_ms", value=percentile(warm, 0.5), meaning=of_warm)
    yield Figure(
        name="warm_latency_p95_ms", value=percentile(warm, 0.95), at_most=20, meaning="same"
    )
    cold = served.cold(3 if quick else 20)
    arrived = [each.arrived for each in cold]
    of_cold = f"the same from a queue on which only the sensor looks, {len(cold)} jobs"
    yield Figure(name="cold_latency_p50_s", value=percentile(arrived, 0.5), meaning=of_cold)
    yield Figure(
        name="cold_latency_p95_s", value=percentile(arrived, 0.95), at_most=3, meaning="same"
    )
    steps = {
        "put, to the end of the sensor's look": [each.looked for each in cold],
        "end of the look, to the start of work": [each.started - each.looked for each in cold],
        "start of work, to the POST": [each.arrived - each.started for each in cold],
    }
    lines = [
        (name, shown(percentile(values, 0.5)), shown(percentile(values, 0.95)), shown(max(values)))
        for name, values in steps.items()
    ]
    print(table(("step of a cold job, seconds", "p50", "p95", "max"), lines) + "\n")


def _memory(served: Ours) -> Iterator[Figure]:
    run = served.with_many_waiting(100_000, worked=10_000)
    yield Figure(
        name="peak_mb",
        value=run.peak_mb,
        at_most=150,
        meaning="memory (PSS) of the consumer's process, 100000 jobs wait",
    )
    yield Figure(
        name="peak_rss_mb",
        value=run.peak_rss_mb,
        meaning="same as RSS: with the pages that it shares with the process that forked it",
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="one round, fewer jobs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", choices=_PARTS, help="measure one part")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
