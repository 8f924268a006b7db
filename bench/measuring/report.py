"""The figures of one measurement: a table for people and a flat JSON object for scripts."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

_PACKAGES = ("apache-airflow", "apache-airflow-providers-http", "aiohttp", "psycopg", "redis")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured number."""

    name: str
    """Its key in the JSON; the unit is its last part."""
    value: float
    meaning: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def target(self) -> str:
        """The target in words; empty where there is none."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return "" if self.at_least is None else f"at least {self.at_least:g}"

    @property
    def verdict(self) -> str:
        """Whether the target is met; empty where there is none."""
        if not self.target:
            return ""
        met = (self.at_most is None or self.value <= self.at_most) and (
            self.at_least is None or self.value >= self.at_least
        )
        return "met" if met else "MISSED"


@dataclass(slots=True)
class Report:
    """Figures and tables in the order in which they were measured."""

    quick: bool
    figures: list[Figure] = field(default_factory=list)

    def add(self, figures: Iterable[Figure]) -> None:
        """Keep these figures and print them."""
        new = list(figures)
        self.figures += new
        rows = [(f.name, shown(f.value), f.target, f.verdict, f.meaning) for f in new]
        print(table(("figure", "value", "target", "", "what it is"), rows), flush=True)
        for figure in new:
            if figure.verdict == "MISSED":
                print(f"target missed: {figure.name} = {shown(figure.value)}, {figure.target}")
        print(flush=True)

    def write(self, file: Path) -> None:
        """Write `figures` and the machine as JSON."""
        content = {
            "figures": {figure.name: round(figure.value, 4) for figure in self.figures},
            "missed": [figure.name for figure in self.figures if figure.verdict == "MISSED"],
            "quick": self.quick,
            "machine": machine(),
        }
        file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def machine() -> dict[str, object]:
    """Where and when it was measured, and with which versions."""
    return {
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1024**3, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "python": platform.python_version(),
        **{package: version(package) for package in _PACKAGES},
    }


def machine_in_words() -> str:
    """One line on the machine."""
    here = machine()
    return (
        f"{here['cores']} cores, {here['memory_gb']} GB, {here['system']}, Python {here['python']},"
        f" Airflow {here['apache-airflow']}, {here['date']}"
    )


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Plain text in columns; numbers are set right."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in [list(head), *lines]) for i in range(len(head))]
    numeric = [all(_is_number(line[i]) for line in lines) for i in range(len(head))]

    def one(cells: Sequence[str]) -> str:
        padded = (
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(cells, widths, numeric, strict=True)
        )
        return "  ".join(padded).rstrip()

    return "\n".join([one(head), one(["-" * width for width in widths]), *map(one, lines)])


def shown(value: float) -> str:
    """A number with as many digits as mean something."""
    if value == int(value) and abs(value) < 1e9:
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _is_number(text: str) -> bool:
    try:
        float(text.rstrip("x%"))
    except ValueError:
        return text == ""
    return True
