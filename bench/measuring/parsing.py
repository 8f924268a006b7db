"""Parse time of `dags/external_services.py`, each time in a fresh process, as Airflow does it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from measuring.report import Figure, shown, table
from tests.airflow_settings import PROJECT

SIZES = (10, 100, 1000)
_ZONES = ("Europe/Madrid", "America/Sao_Paulo", "Asia/Kolkata", "UTC")
_PROGRAM = Path(__file__).with_name("one_parse.py")


def measure(*, quick: bool) -> list[Figure]:
    """Every size; the last with several hash seeds."""
    figures, lines = [], []
    for size in SIZES:
        largest = size == SIZES[-1]
        seeds = range((2 if largest else 1) if quick else 4)
        parses = [_parse(size, seed) for seed in seeds]
        best = min(parses, key=lambda parse: parse["parse_s"] + parse["serialize_s"])
        whole = best["parse_s"] + best["serialize_s"]
        lines.append(
            (
                size,
                shown(whole),
                shown(best["parse_s"]),
                shown(best["serialize_s"]),
                shown(whole / size * 1000),
                shown(best["imports_s"]),
                shown(best["peak_mb"]),
            )
        )
        figures.append(
            Figure(
                name=f"parse_{size}_s",
                value=whole,
                at_most=5.0 if largest else None,
                meaning=f"parse and serialize {size} services, the best of {len(parses)}",
            )
        )
        differing = sum(
            len({parse["digests"].get(dag_id) for parse in parses}) > 1
            for dag_id in best["digests"]
        )
    figures.append(
        Figure(
            name="parse_differences",
            value=differing,
            at_most=0,
            meaning=f"of {SIZES[-1]} serialized DAGs, those that differ between hash seeds",
        )
    )
    head = ("services", "whole s", "parse s", "serialize s", "ms each", "imports s", "peak MB")
    print(table(head, lines) + "\n")
    return figures


def _parse(size: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="measured-") as folder:
        configuration = Path(folder) / "config"
        configuration.mkdir()
        entries = [_entry(number) for number in range(size)]
        (configuration / "external_services.json").write_text(json.dumps(entries))
        environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRFLOW_", "PYTHONDONTWRITEBYTECODE"))
        } | {
            "AIRFLOW_HOME": folder,
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
            "SYSTEM_DAEMON_CONFIG": str(configuration),
            "PYTHONPATH": str(PROJECT / "include"),
            "PYTHONHASHSEED": str(seed),
        }
        done = subprocess.run(
            [sys.executable, str(_PROGRAM), str(PROJECT / "dags")],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    if result["dags"] != size:
        raise RuntimeError(f"expected {size} DAGs, got {result['dags']}: {result['errors']}")
    return result


def _entry(number: int) -> dict[str, Any]:
    """Entries as different from each other as those of a hospital group."""
    plan: dict[str, Any] = {
        "period": "interval",
        "intervals": {"on_success": 10 + number % 50, "on_idle": 60, "on_error": 300},
    }
    if number % 3 == 0:
        plan = {
            "period": "daily",
            "time": f"{number % 24:02}:{number % 60:02}",
            "timezone": _ZONES[number % len(_ZONES)],
        }
    return {
        "name": f"service_{number:04}",
        "description": f"Exchanges the records of ward {number} with its laboratory",
        "endpoint": f"https://host{number % 20}.example/services/exchange_{number}",
        "parameters": {"ward": number, "kinds": ["orders", "results"], "limit": 100},
        "timeout": 60 + number % 240,
        "allow_concurrency": number % 5 == 0,
        "execution_plan": plan,
    }
