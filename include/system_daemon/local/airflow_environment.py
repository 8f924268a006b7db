"""The environment of a local Airflow: everything it is told, and nothing of the caller's own."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from system_daemon.local.generated_secrets import Secrets
from system_daemon.local.ports import LOOPBACK
from system_daemon.local.private_file import write_private

ADMIN = "admin"
# The endpoint host of the shipped configuration; the caller of a service resolves it like
# curl's --resolve, so that the fixed address reaches the demo on whatever port it got.
DEMO_ADDRESS = "demo.localhost:80"
_RESOLVE = "SYSTEM_DAEMON_RESOLVE"
_CONFIG = "SYSTEM_DAEMON_CONFIG"
# Without compiled bytecode each of the Airflow processes needs 5 s of CPU to import itself
# instead of 2: a start takes 36 s instead of 16 s on two cores.
_NOT_INHERITED = {_RESOLVE, "PYTHONDONTWRITEBYTECODE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AirflowSettings:
    """What one local Airflow needs to know about its surroundings."""

    # Holds dags/, plugins/ and include/.
    project: Path
    # AIRFLOW_HOME: logs and the password file.
    home: Path
    # postgresql://... of the metadata database.
    database_url: str
    redis_url: str
    # Of the UI and API.
    port: int
    worker_log_port: int
    trigger_log_port: int
    secrets: Secrets
    # None: the shipped endpoints are not redirected.
    demo_port: int | None
    # postgresql://... of the platform's database; None: no connection is made for it.
    platform_url: str | None = None
    # Of the demo's mail server; None: no connections for notifications are made.
    mail_port: int | None = None

    @property
    def url(self) -> str:
        """Where the UI and the API are."""
        return f"http://localhost:{self.port}"


def airflow_environment(settings: AirflowSettings) -> dict[str, str]:
    """The whole environment of every Airflow process; writes the password file of the login."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        # An Airflow of the caller must neither lend us its database nor its folders.
        if not name.startswith("AIRFLOW_") and name not in _NOT_INHERITED
    }
    return inherited | _process_variables(settings) | _airflow_variables(settings)


def _process_variables(settings: AirflowSettings) -> dict[str, str]:
    project = settings.project
    variables = {
        "PATH": os.pathsep.join(
            [str(Path(sys.prefix) / "bin"), os.environ.get("PATH", os.defpath)]
        ),
        "PYTHONPATH": _joined(str(project / "include"), os.environ.get("PYTHONPATH")),
        # Whole lines in the log as they happen, not in blocks of 8 kB.
        "PYTHONUNBUFFERED": "1",
        # The components talk to each other over loopback, which no proxy knows.
        "NO_PROXY": _joined("localhost,127.0.0.1", os.environ.get("NO_PROXY"), ","),
        "no_proxy": _joined("localhost,127.0.0.1", os.environ.get("no_proxy"), ","),
    }
    if settings.demo_port is not None:
        variables[_RESOLVE] = f"{DEMO_ADDRESS}={LOOPBACK}:{settings.demo_port}"
    if _CONFIG in os.environ:
        # Airflow runs in the project's folder, the caller may have meant another one.
        variables[_CONFIG] = str(Path(os.environ[_CONFIG]).absolute())
    return variables


def _airflow_variables(settings: AirflowSettings) -> dict[str, str]:
    project, home, secrets = settings.project, settings.home, settings.secrets
    passwords = home / "passwords.json"
    write_private(passwords, json.dumps({ADMIN: secrets.admin_password}))
    sections: dict[str, dict[str, object]] = {
        "CORE": {
            "DAGS_FOLDER": project / "dags",
            "PLUGINS_FOLDER": project / "plugins",
            "EXECUTOR": "LocalExecutor",
            # Idle worker processes; services need none of them.
            "PARALLELISM": 8,
            "MAX_ACTIVE_TASKS_PER_DAG": 256,
            "MAX_MAP_LENGTH": 2048,
            # An edited plan holds after the next parse, not after another half a minute.
            "MIN_SERIALIZED_DAG_UPDATE_INTERVAL": 5,
            "LOAD_EXAMPLES": False,
            "DAGS_ARE_PAUSED_AT_CREATION": False,
            "FERNET_KEY": secrets.fernet_key,
            "SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN}:admin",
            "SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": passwords,
            # Without it tasks look for the API on port 8080, whichever port it has.
            "EXECUTION_API_SERVER_URL": f"http://{LOOPBACK}:{settings.port}/execution/",
            # The default asks the name server for the full name, which may take seconds.
            "HOSTNAME_CALLABLE": "socket.gethostname",
        },
        "DATABASE": {
            "SQL_ALCHEMY_CONN": _with_driver(settings.database_url, "psycopg2"),
            "SQL_ALCHEMY_CONN_ASYNC": _with_driver(settings.database_url, "asyncpg"),
        },
        "API": {
            "HOST": LOOPBACK,
            "PORT": settings.port,
            "BASE_URL": settings.url,
            "WORKERS": 1,
            "SECRET_KEY": secrets.api_secret_key,
            "MAXIMUM_PAGE_LIMIT": 1000,
        },
        "API_AUTH": {"JWT_SECRET": secrets.jwt_secret},
        "LOGGING": {
            "BASE_LOG_FOLDER": home / "logs",
            "WORKER_LOG_SERVER_PORT": settings.worker_log_port,
            "TRIGGER_LOG_SERVER_PORT": settings.trigger_log_port,
        },
        "SCHEDULER": {
            "SCHEDULER_IDLE_SLEEP_TIME": 0.2,
            "MAX_DAGRUNS_TO_CREATE_PER_LOOP": 50,
            "MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE": 50,
            "MAX_TIS_PER_QUERY": 128,
        },
        "DAG_PROCESSOR": {
            # An edited JSON shows after one parse: seconds, not Airflow's half a minute.
            "MIN_FILE_PROCESS_INTERVAL": 10,
            "REFRESH_INTERVAL": 10,
            "MAX_CALLBACKS_PER_LOOP": 200,
        },
        "TRIGGERER": {"MAX_TRIGGER_TO_SELECT_PER_LOOP": 500},
        "WORKERS": {"MIN_HEARTBEAT_INTERVAL": 1},
        # A program on somebody's own machine reports to nobody.
        "USAGE_DATA_COLLECTION": {"ENABLED": False},
    }
    variables = {
        f"AIRFLOW__{section}__{key}": str(value)
        for section, values in sections.items()
        for key, value in values.items()
    }
    variables["AIRFLOW_HOME"] = str(home)
    return variables | _connections(settings)


def _connections(settings: AirflowSettings) -> dict[str, str]:
    found = {"REDIS": settings.redis_url}
    if settings.platform_url is not None:
        found["POSTGRES"] = settings.platform_url
    if settings.demo_port is not None and settings.mail_port is not None:
        found |= _ways_of_notifications(settings.demo_port, settings.mail_port)
    return {f"AIRFLOW_CONN_SYSTEM_DAEMON_{name}": value for name, value in found.items()}


def _ways_of_notifications(demo_port: int, mail_port: int) -> dict[str, str]:
    """To the demo platform, whichever way: it keeps what it gets."""
    mail = {
        "conn_type": "smtp",
        "host": LOOPBACK,
        "port": mail_port,
        "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "clinic@example.org"},
    }
    gateways = {
        way: {"conn_type": "http", "host": f"http://{LOOPBACK}:{demo_port}/gateway/{way.lower()}"}
        for way in ("SMS", "PUSH")
    }
    return {way: json.dumps(found) for way, found in {"EMAIL": mail, **gateways}.items()}


def _with_driver(url: str, driver: str) -> str:
    return url.replace("postgresql://", f"postgresql+{driver}://", 1)


def _joined(first: str, rest: str | None, separator: str = os.pathsep) -> str:
    return separator.join([first, rest]) if rest else first
