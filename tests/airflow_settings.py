"""What Airflow must find in the environment before this process imports it for the first time."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
DATABASE_PASSWORD = "loopback only"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


DATABASE_PORT = _free_port()


def prepare() -> None:
    """Give this process an AIRFLOW_HOME of its own and nothing of the caller's Airflow."""
    for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "SYSTEM_DAEMON_"))]:
        del os.environ[name]
    home = tempfile.mkdtemp(prefix="system-daemon-tests-")
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    password = DATABASE_PASSWORD.replace(" ", "%20")
    url = f"airflow:{password}@127.0.0.1:{DATABASE_PORT}/airflow"
    os.environ |= {
        "AIRFLOW_HOME": home,
        "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__FERNET_KEY": "c3lzdGVtLWRhZW1vbi10ZXN0cy1vbi1sb29wYmFjayE=",
        "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://{url}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": f"postgresql+asyncpg://{url}",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }
