"""The command line that starts everything on one machine, as a script uses it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from system_daemon.configuration.loading import load
from tests.airflow_settings import PROJECT
from tests.waiting import wait_until


class Command:
    """``system-daemon`` on a state folder of its own."""

    def __init__(self, state: Path) -> None:
        self.state = state

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "system_daemon.cli", *arguments, "--state", str(self.state)],
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": str(PROJECT / "include")},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def processes(self) -> list[psutil.Process]:
        """Every process that was started for this state folder."""
        return [
            process
            for process in psutil.process_iter(["cmdline", "environ"])
            if str(self.state) in " ".join(process.info["cmdline"] or ())
            or (process.info["environ"] or {}).get("AIRFLOW_HOME", "").startswith(str(self.state))
        ]


@pytest.fixture
def command(tmp_path: Path) -> Iterator[Command]:
    one = Command(tmp_path / "a state with spaces")
    yield one
    one("down")


@pytest.mark.timeout(600)
def test_up_status_and_down_and_the_data_is_found_again(command: Command) -> None:
    before = command("status", "--json")
    assert before.returncode == 1
    assert json.loads(before.stdout) == {"url": None, "components": {}, "dags": []}

    up = command("up", "--detach")
    assert up.returncode == 0, up.stdout + up.stderr
    assert "service__import_patients" in up.stdout
    status = wait_until(lambda: _with_an_outcome(command), timeout=60, description="an outcome")
    assert set(status["components"].values()) == {"healthy"}
    shipped = load()
    entries = (*shipped.services, *shipped.jobs.queues, *shipped.maintenance_tasks)
    expected = {entry.dag_id for entry in entries}
    assert {dag["dag_id"] for dag in status["dags"]} == expected | {"background_job"}
    assert requests.get(status["url"], timeout=10).ok

    again = command("up", "--detach")
    assert again.returncode == 0
    assert status["url"] in again.stdout

    down = command("down")
    assert down.returncode == 0
    assert command.processes() == []
    assert command("down").returncode == 0

    assert command("up", "--detach", "--no-demo").returncode == 0
    assert _with_an_outcome(command), "the runs of before"
    assert command("down").returncode == 0
    assert command.processes() == []


def _with_an_outcome(command: Command) -> dict[str, object] | None:
    status = json.loads(command("status", "--json").stdout)
    known = any(dag["outcome"] for dag in status["dags"])
    return status if known else None
