"""The embedded stack as a whole: the order of starting, readiness, watching and stopping."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from system_daemon.local import platform_database, processes, stopping
from system_daemon.local.airflow import AIRFLOW_CHILDREN, Airflow
from system_daemon.local.airflow_environment import ADMIN, AirflowSettings
from system_daemon.local.dag_overview import Login
from system_daemon.local.demo_server import DemoServer
from system_daemon.local.failure import StackError, log_tail
from system_daemon.local.generated_secrets import load_or_create
from system_daemon.local.parsing import parsed_everything
from system_daemon.local.pool import make_pool
from system_daemon.local.ports import PortChoice
from system_daemon.local.postgres import Postgres
from system_daemon.local.processes import ProcessIdentity
from system_daemon.local.redis import Redis
from system_daemon.local.stack_record import StackFile, StackRecord, remove_record

Report = Callable[[str], None]

_READY_SECONDS = 180.0
_POLL_SECONDS = 0.2
_USUAL_PORTS = {
    "airflow": 8080,
    "postgres": 5432,
    "redis": 6379,
    "demo": 8090,
    "demo_mail": 8025,
    "worker_log": 8793,
    "trigger_log": 8794,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """What `up` was asked for."""

    project: Path
    state: Path
    # None: 8080 if it is free, else any.
    port: int | None = None
    demo: bool = True


class Interrupted(Exception):  # noqa: N818 - nothing went wrong
    """Somebody asked to stop while the stack was starting."""


class Stack:
    """Starts everything, waits until it is ready, watches it, and leaves nothing when it stops.

    `stop_requested` is the only way in from a signal handler.
    """

    def __init__(self, options: StackOptions, report: Report) -> None:
        self._options = options
        self._report = report
        self.stop_requested = threading.Event()
        self._choice = PortChoice()
        self._ports = _choose_ports(options, self._choice)
        self._secrets = load_or_create(options.state)
        self._file = StackFile(options.state, self._first_record())
        self._watched: dict[str, ProcessIdentity] = {}

    @property
    def login(self) -> Login:
        """How a person or a program enters Airflow."""
        return Login(
            url=f"http://localhost:{self._ports['airflow']}",
            username=ADMIN,
            password=self._secrets.admin_password,
        )

    def start(self) -> None:
        """Start everything and return when it is ready. Raises StackError, Interrupted."""
        postgres, redis_url = self._start_servers()
        platform_url = postgres.url(platform_database.DATABASE)
        platform_database.prepare(postgres.url(), platform_url)
        self._report(f"the database {platform_database.DATABASE} is ready")
        airflow = Airflow(
            self._airflow_settings(postgres.url(), platform_url, redis_url),
            log=self.log("airflow"),
            record=self._file.add,
        )
        airflow.start()
        self._report("Airflow is starting (database, scheduler, DAG processor, API, triggerer)")
        self._wait_for_airflow(airflow)
        self._watched = {**self._file.processes, **airflow.components()}
        self._file.ready()

    def watch(self) -> None:
        """Return when somebody asks to stop. Raises StackError when a component dies."""
        while not self.stop_requested.wait(_POLL_SECONDS):
            for name, process in self._watched.items():
                if not processes.is_alive(process):
                    raise self._died(name)

    def stop(self) -> None:
        """Stop everything that was started, in the opposite order."""
        stopping.stop_all(self._file.processes)
        remove_record(self._options.state)
        self._choice.release()

    def log(self, name: str) -> Path:
        """The log file of a component; Airflow's components share one."""
        shared = name if name in ("postgres", "redis", "demo") else "airflow"
        return self._options.state / "logs" / f"{shared}.log"

    def _start_servers(self) -> tuple[Postgres, str]:
        state = self._options.state
        postgres = Postgres(
            _folder(state, "postgres"),
            port=self._ports["postgres"],
            password=self._secrets.postgres_password,
            log=self.log("postgres"),
            record=self._file.add,
        )
        redis = Redis(
            _folder(state, "redis"),
            port=self._ports["redis"],
            password=self._secrets.redis_password,
            log=self.log("redis"),
            record=self._file.add,
        )
        servers: list[Postgres | Redis | DemoServer] = [postgres, redis]
        if self._options.demo:
            servers.append(
                DemoServer(
                    _folder(state, "demo"),
                    port=self._ports["demo"],
                    mail_port=self._ports["demo_mail"],
                    log=self.log("demo"),
                    record=self._file.add,
                )
            )
        with ThreadPoolExecutor(len(servers)) as pool:
            futures = {pool.submit(server.start): server.name for server in servers}
            try:
                self._wait_for_servers(futures)
            except BaseException:
                # Their threads end as soon as their processes do.
                stopping.stop_all(self._file.processes)
                raise
        return postgres, redis.url()

    def _wait_for_servers(self, futures: dict[Future[str], str]) -> None:
        waiting = set(futures)
        while waiting:
            if self.stop_requested.is_set():
                raise Interrupted
            done, waiting = wait(waiting, timeout=_POLL_SECONDS, return_when="FIRST_COMPLETED")
            for future in done:
                future.result()
                name = futures[future]
                self._report(f"{name} is ready on port {self._ports[name]}")

    def _wait_for_airflow(self, airflow: Airflow) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        reported: set[str] = set()
        while True:
            if self.stop_requested.is_set():
                raise Interrupted
            for name, process in self._file.processes.items():
                if not processes.is_alive(process):
                    raise self._died(name)
            health = airflow.health()
            healthy = {name for name, word in health.items() if word == "healthy"}
            for name in sorted(healthy - reported):
                self._report(f"{name} is healthy")
            reported |= healthy
            if healthy == set(health):
                break
            if time.monotonic() > deadline:
                missing = ", ".join(sorted(set(health) - healthy))
                raise self._late(f"expected Airflow to be healthy, still missing: {missing}")
            self.stop_requested.wait(_POLL_SECONDS)
        make_pool(self.login)
        if not parsed_everything(
            self._options.project / "dags",
            self.login,
            since=airflow.started_at,
            give_up=lambda: self.stop_requested.is_set() or time.monotonic() > deadline,
        ):
            if self.stop_requested.is_set():
                raise Interrupted
            self._report("not every DAG file has been parsed yet; the UI shows them as they come")

    def _died(self, name: str) -> StackError:
        log = self.log(name)
        # `airflow standalone` writes a component's name as in its command.
        own = name.replace("_", "-") if name in AIRFLOW_CHILDREN else None
        return StackError(f"{name} ended; its log is {log}:\n{log_tail(log, of=own)}", log=log)

    def _late(self, sentence: str) -> StackError:
        log = self.log("airflow")
        return StackError(f"{sentence} (after {_READY_SECONDS:g} s; log {log}):\n{log_tail(log)}")

    def _airflow_settings(
        self, database_url: str, platform_url: str, redis_url: str
    ) -> AirflowSettings:
        return AirflowSettings(
            project=self._options.project,
            home=_folder(self._options.state, "airflow"),
            database_url=database_url,
            redis_url=redis_url,
            port=self._ports["airflow"],
            worker_log_port=self._ports["worker_log"],
            trigger_log_port=self._ports["trigger_log"],
            secrets=self._secrets,
            demo_port=self._ports["demo"] if self._options.demo else None,
            platform_url=platform_url,
            mail_port=self._ports["demo_mail"] if self._options.demo else None,
        )

    def _first_record(self) -> StackRecord:
        login = self.login
        return StackRecord(
            supervisor=processes.identify(os.getpid()),
            ports=self._ports,
            url=login.url,
            login={"username": login.username, "password": login.password},
        )


def _choose_ports(options: StackOptions, choice: PortChoice) -> dict[str, int]:
    chosen = {}
    if options.port is not None:
        chosen["airflow"] = choice.require(options.port)
    for name, usual in _USUAL_PORTS.items():
        if name not in chosen and (options.demo or not name.startswith("demo")):
            chosen[name] = choice.choose(usual)
    return chosen


def _folder(state: Path, name: str) -> Path:
    folder = state / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder
