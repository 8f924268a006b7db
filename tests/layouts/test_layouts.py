"""Each way of deploying: the package is found by every component, also without DAG files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from system_daemon.local.demo_answers import Answer
from system_daemon.local.demo_client import DemoClient
from system_daemon.plugin import SystemDaemonPlugin
from tests.layouts.trees import LAYOUTS, Layout, managed

COMPONENT = Path(__file__).with_name("component.py")
TIMETABLES = sorted(timetable.__name__ for timetable in SystemDaemonPlugin.timetables)


def component(
    role: str, layout: Layout, file: Path, more: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a process with this layout's environment, and nothing of ours, says."""
    # -S: the .pth file of this environment would lend it the working tree.
    done = subprocess.run(
        [sys.executable, "-S", "-P", str(COMPONENT), role, str(file)],
        env=layout.environment() | dict(more or {}),
        cwd=layout.home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def registered_once(found: Mapping[str, Any]) -> None:
    assert found["plugin_errors"] == {}
    assert found["registered"] == 1
    assert found["timetables"] == TIMETABLES


@pytest.mark.parametrize("build", LAYOUTS, ids=lambda build: build.__name__)
def test_every_component_finds_what_it_needs(
    build: Callable[[Path, Path], Layout],
    installed: Path,
    tmp_path: Path,
    redis_url: str,
    demo_platform: DemoClient,
) -> None:
    demo_platform.script("import_patients", [Answer(code="success")])
    layout = build(tmp_path / "with dags", installed)
    file = tmp_path / "serialized.json"

    parsed = component("parse", layout, file)
    registered_once(parsed)
    assert parsed["import_errors"] == {}
    assert parsed["broken"] == []
    assert "service__import_patients" in parsed["dags"]
    assert any(dag_id.startswith("maintenance__") for dag_id in parsed["dags"]), "needs its SQL"

    more = {
        "AIRFLOW_CONN_SYSTEM_DAEMON_REDIS": redis_url,
        "SYSTEM_DAEMON_RESOLVE": demo_platform.url.replace("http://", "demo.localhost:80="),
    }
    found = component("call", layout.elsewhere(tmp_path / "without dags"), file, more)
    registered_once(found)
    assert found["sees_dag_files"] is False
    assert found["decoded"]["service__import_patients"] == "AfterRunTimetable"
    assert found["decoded"]["service__sync_catalogue"] == "DailyTimetable"
    assert set(found["decoded"]) == set(parsed["dags"])
    assert all(found["triggers"].values())
    assert (found["event"], found["outcome"]) == ("TaskSuccessEvent", "success")
    assert len(demo_platform.calls("import_patients")) == 1


def test_wheel_and_a_checkout_on_the_path_register_once(installed: Path, tmp_path: Path) -> None:
    layout = LAYOUTS[0](tmp_path / "home", installed)
    both = Layout(home=layout.home, path=(*layout.path, installed))
    registered_once(component("parse", both, tmp_path / "serialized.json"))


def test_nothing_but_the_layout_is_on_the_path(installed: Path, tmp_path: Path) -> None:
    bare = managed(tmp_path, installed)
    bare = Layout(home=bare.home, path=())
    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", "import airflow, system_daemon"],
        env=bare.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named 'system_daemon'" in done.stderr
