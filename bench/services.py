"""Measures external services: lateness, calls in flight beside plain Airflow, parse time.

    .venv/bin/python bench/services.py [--quick] [--json FILE] [--only PART] [--set NAME=VALUE]
                                      [--answer-after SECONDS]

It starts servers and Airflows of its own on loopback and stops them. It measures and does not
judge: a missed target is printed, and the exit code stays 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(_PROJECT), str(_PROJECT / "include")]

from measuring import inflight, lateness, parsing  # noqa: E402
from measuring.report import Report, machine_in_words  # noqa: E402
from measuring.surroundings import surroundings  # noqa: E402

_PARTS = ("lateness", "inflight", "parse")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _options(arguments)
    report = Report(quick=options.quick)
    parts = [options.only] if options.only else _PARTS
    print(f"{machine_in_words()}{', quick' if options.quick else ''}\n", flush=True)
    if "parse" in parts:
        report.add(parsing.measure(quick=options.quick))
    if {"lateness", "inflight"} & set(parts):
        with surroundings(dict(options.set)) as around:
            if "lateness" in parts:
                for figures in lateness.measure(around, quick=options.quick):
                    report.add(figures)
            if "inflight" in parts:
                size = inflight.size(quick=options.quick, answer_after=options.answer_after)
                for figures in inflight.measure(around, size):
                    report.add(figures)
    if options.json:
        report.write(options.json)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, about a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", choices=_PARTS, help="measure one part")
    parser.add_argument(
        "--answer-after",
        type=float,
        metavar="SECONDS",
        help="how long a call in flight waits (default 30, quick 5); a busy machine that starts"
        " calls slowly needs more for all of them to wait at once",
    )
    parser.add_argument(
        "--set",
        action="append",
        type=_setting,
        default=[],
        metavar="NAME=VALUE",
        help="an environment variable for every Airflow, to try a setting",
    )
    return parser.parse_args(arguments)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise argparse.ArgumentTypeError(f"expected NAME=VALUE, got {text!r}")
    return name, value


if __name__ == "__main__":
    sys.exit(main())
