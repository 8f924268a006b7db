"""The databases of the file: the embedded PostgreSQL, and Redis started by the file's command."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from system_daemon.local.ports import LOOPBACK
from system_daemon.local.postgres import Postgres, binaries
from system_daemon.local.redis import find_server
from tests.cluster.compose import Service

# The image's own, which the embedded server is started without.
_IMAGE_SETTINGS = {"max_connections": "100", "shared_buffers": "128MB"}


class Database:
    """A service that runs the image `postgres`, with the role, password and database of its file."""

    def __init__(self, service: Service, folder: Path, port: int) -> None:
        given = service.environment
        self._role, self._password = given["POSTGRES_USER"], given["POSTGRES_PASSWORD"]
        self._database = given["POSTGRES_DB"]
        folder.mkdir()
        self._server = Postgres(
            folder,
            port=port,
            password=self._password,
            log=folder / "log",
            settings=_IMAGE_SETTINGS,
        )
        self.url = f"postgresql://{self._role}:{self._password}@{LOOPBACK}:{port}/{self._database}"

    def start(self) -> None:
        url = self._server.start()
        if url == self.url:
            return
        with psycopg.connect(url, autocommit=True) as connection:
            role, database = sql.Identifier(self._role), sql.Identifier(self._database)
            known = "SELECT 1 FROM pg_roles WHERE rolname = %s"
            if connection.execute(known, (self._role,)).fetchone() is None:
                made = sql.SQL("CREATE ROLE {} SUPERUSER LOGIN PASSWORD {}")
                connection.execute(made.format(role, sql.Literal(self._password)))
                made = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(made.format(database, role))

    def stop(self) -> None:
        self._server.stop()


def programs_of_images(folder: Path, port_of_redis: Callable[[str], int]) -> Path:
    """A folder with what the images `redis` and `postgres` have on their PATH.

    `redis-server` is the wheel's; it listens on this machine's loopback, at the port of the host
    whose name it finds in its environment.
    """
    folder.mkdir()
    server = find_server()
    ports = "\n".join(
        f"  {host}) port={port_of_redis(host)} ;;" for host in ("redis", "platform-redis")
    )
    choice = f'case "$HOSTNAME" in\n{ports}\nesac'
    only_here = f'--port "$port" --bind {LOOPBACK} --dir "$TMPDIR/../data"'
    _script(folder / "redis-server", f'{choice}\nexec {shlex.quote(str(server))} "$@" {only_here}')
    client = shlex.quote(str(server.with_name("redis-cli")))
    _script(folder / "redis-cli", f'{choice}\nexec {client} -p "$port" "$@"')
    (folder / "pg_isready").symlink_to(binaries() / "pg_isready")
    return folder


def _script(file: Path, text: str) -> None:
    file.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    file.chmod(0o755)
