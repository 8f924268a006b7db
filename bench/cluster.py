"""Measures the cluster of docker-compose.yaml: punctuality, jobs a second, recovery, memory.

    .venv/bin/python bench/cluster.py [--quick] [--json FILE] [--only PART]

It starts the file's services as processes of this machine, two schedulers, triggerers and workers
among them, and stops them; `make test-cluster` installs what they need. It measures and does not
judge: a missed target is printed, and the exit code stays 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1]
sys.path[1:1] = [str(_PROJECT), str(_PROJECT / "include")]

from measuring import cluster  # noqa: E402
from measuring.report import Report, machine_in_words  # noqa: E402


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; the exit code."""
    options = _options(arguments)
    report = Report(quick=options.quick)
    parts = [options.only] if options.only else list(cluster.PARTS)
    print(f"{machine_in_words()}{', quick' if options.quick else ''}\n", flush=True)
    size = cluster.QUICK if options.quick else cluster.FULL
    with cluster.clinic() as clinic:
        for part in parts:
            report.add(cluster.PARTS[part](clinic, size))
    if options.json:
        report.write(options.json)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="smaller sizes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--only", choices=list(cluster.PARTS), help="measure one part")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
