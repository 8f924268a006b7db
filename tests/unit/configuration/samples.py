"""Entries and texts to begin with."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from system_daemon.configuration.entries import Entries, read_entries
from system_daemon.configuration.settings import Settings

SEED_JSON = (Path(__file__).parent / "data" / "seed.json").read_bytes()
SEED_PHP = (Path(__file__).parent / "data" / "seed.php").read_bytes()


def daily(**changes: Any) -> dict[str, Any]:
    """A daily entry without any problem."""
    entry = {
        "name": "import_patients",
        "description": "Import patients",
        "endpoint": "https://his.example/import",
        "parameters": {},
        "timeout": 300,
        "allow_concurrency": False,
        "execution_plan": {"period": "daily", "timezone": "Europe/Madrid", "time": "15:57"},
    }
    return entry | changes


def interval(**changes: Any) -> dict[str, Any]:
    """An interval entry without any problem."""
    intervals = {"on_timeout": 300, "on_idle": 300, "on_success": 10, "on_error": 10}
    return daily(execution_plan={"period": "interval", "intervals": intervals}) | changes


def plan(**changes: Any) -> dict[str, Any]:
    """A daily entry whose execution plan differs."""
    entry = daily()
    return entry | {"execution_plan": entry["execution_plan"] | changes}


def intervals(**changes: Any) -> dict[str, Any]:
    """An interval entry whose intervals differ."""
    entry = interval()
    return entry | {
        "execution_plan": {
            "period": "interval",
            "intervals": entry["execution_plan"]["intervals"] | changes,
        }
    }


def without(entry: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != key}


def read(*entries: Any, settings: Settings | None = None) -> Entries:
    """What the loader makes of a file with these entries."""
    return read_text(json.dumps(entries), settings=settings)


def read_text(text: str | bytes, settings: Settings | None = None) -> Entries:
    data = text if isinstance(text, bytes) else text.encode()
    return read_entries(data, file="external_services.json", settings=settings or Settings())


def lines(entries: Entries) -> list[str]:
    """The problems as short lines."""
    return [f"{each.severity} {each.where}: {each.message}" for each in entries.problems]
