"""Wait until Airflow has looked at every DAG file once since it started."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from system_daemon.local.dag_overview import AirflowApi, Login
from system_daemon.local.loopback_http import HttpError

_POLL_SECONDS = 0.3
# A file may hold neither a DAG nor an error, and then nothing tells that it was read: after this
# many seconds without news the others are taken for all.
_QUIET_SECONDS = 2.0


def parsed_everything(
    folder: Path, login: Login, *, since: float, give_up: Callable[[], bool]
) -> bool:
    """Whether every DAG file was parsed since `since` (seconds since 1970) before `give_up()`."""
    expected = {path.relative_to(folder).as_posix() for path in dag_files(folder)}
    seen: set[str] = set()
    api: AirflowApi | None = None
    last_news = time.monotonic()
    while not expected <= seen:
        if give_up():
            return False
        try:
            api = api or AirflowApi(login)
            news = _parsed(api, since) - seen
        except HttpError:
            news = set()  # it is still busy with its start
        if news:
            seen |= news
            last_news = time.monotonic()
        elif seen and time.monotonic() - last_news > _QUIET_SECONDS:
            return True
        else:
            time.sleep(_POLL_SECONDS)
    return True


def dag_files(folder: Path) -> list[Path]:
    """The files that Airflow takes for DAG files: Python that names both `dag` and `airflow`."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8", errors="replace").lower()
        if "dag" in text and "airflow" in text:
            found.append(path)
    return found


def _parsed(api: AirflowApi, since: float) -> set[str]:
    files = {
        str(dag["relative_fileloc"])
        for dag in api.dags()
        if dag["last_parsed_time"] is not None
        and datetime.fromisoformat(dag["last_parsed_time"]).timestamp() >= since
    }
    return files | {
        problem.file for problem in api.import_problems() if problem.at.timestamp() >= since
    }
