"""The table of `docs/chaos.md`."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.experiments.findings import Findings

BEGIN = "<!-- table: written by `make chaos` -->"
END = "<!-- end of the table -->"
_HEAD = (
    "| experiment | count | violations | recovery | remarks | where and when |",
    "|---|---|---|---|---|---|",
)


def write(page: Path, findings: Sequence[Findings]) -> list[str]:
    """Put the findings between the markers; rows of experiments that did not run stay.

    The table's lines.
    """
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    table, after = rest.split(END)
    rows = {_experiment(line): line for line in table.splitlines() if _is_row(line)}
    rows |= {one.experiment: _row(one) for one in findings}
    lines = [*_HEAD, *rows.values()]
    page.write_text(before + "\n".join([BEGIN, "", *lines, "", END]) + after, encoding="utf-8")
    return lines


def _row(one: Findings) -> str:
    cells = (
        one.experiment,
        f"{one.count} {one.unit}",
        "; ".join(one.violations[:3]) if one.violations else "none",
        one.recovery_in_words or "nothing to recover",
        "; ".join(one.notes),
        _machine(),
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _machine() -> str:
    memory = psutil.virtual_memory().total / 1024**3
    return (
        f"{psutil.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()},"
        f" {datetime.now(UTC).date()}"
    )


def _is_row(line: str) -> bool:
    return line.startswith("| ") and line not in _HEAD


def _experiment(line: str) -> str:
    return line.split(" | ", maxsplit=1)[0].removeprefix("| ")
