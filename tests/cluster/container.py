"""One container of the file, as a native process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from system_daemon.local import processes
from system_daemon.local.failure import log_tail
from system_daemon.local.processes import ProcessIdentity
from tests.cluster.compose import Service
from tests.cluster.confinement import give, prefix, seal
from tests.cluster.mapping import View
from tests.waiting import wait_until


@dataclass(slots=True, kw_only=True)
class Container:
    """A replica of a service; `start` and `kill` are all that happens to it."""

    service: Service
    view: View
    folder: Path
    """Its own files: home, temporary files, log."""
    programs: str
    """PATH."""
    workdir: Path
    process: ProcessIdentity | None = None

    @property
    def name(self) -> str:
        return self.view.host

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def environment(self) -> dict[str, str]:
        """All that its processes get; the first line is what its base image gives."""
        home, tmp = self.folder / "home", self.folder / "tmp"
        base = {"PATH": self.programs, "HOME": str(home), "LANG": "C.UTF-8", "TMPDIR": str(tmp)}
        return base | self.view.environment(self.service.environment)

    def start(self) -> None:
        self._make_folders()
        self.process = processes.start(
            self._confined(self.service.command),
            log=self.log,
            cwd=self.workdir,
            env=self.environment,
        )

    def complete(self, timeout: float) -> None:
        """Run a container that ends by itself; it must say that it went well."""
        self._make_folders()
        done = self.run(*self.service.command, timeout=timeout)
        self.log.write_text(done.stdout + done.stderr, encoding="utf-8")
        assert done.returncode == 0, f"{self.name} ended with {done.returncode}:\n{done.stderr}"

    def run(
        self,
        *command: str,
        also: Mapping[str, str] | None = None,
        without: tuple[str, ...] = (),
        timeout: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """What `docker compose exec` does; `also` and `without` are another `.env`."""
        environment = self.environment | dict(also or {})
        return subprocess.run(
            self._confined(command),
            env={name: value for name, value in environment.items() if name not in without},
            cwd=self.workdir,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def healthy(self) -> bool:
        """What the health check of the file says."""
        return self.run(*self.service.healthcheck).returncode == 0

    def wait_until_healthy(self, timeout: float) -> None:
        def healthy() -> bool:
            assert self.lives(), f"{self.name} ended:\n{log_tail(self.log)}"
            return self.healthy()

        wait_until(healthy, timeout, f"a healthy {self.name}")

    def lives(self) -> bool:
        return self.process is not None and processes.is_alive(self.process)

    def members(self) -> list[psutil.Process]:
        """Its processes."""
        return [] if self.process is None else processes.members(self.process)

    def kill(self) -> None:
        """kill -9 of all its processes, as when the kernel ends a container."""
        process, self.process = self.process, None
        while process is not None and (members := processes.members(process)):
            for one in members:
                try:
                    os.kill(one.pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            psutil.wait_procs(members, timeout=0.2)

    def stop(self) -> None:
        """What `docker compose stop` begins with: SIGTERM to the first process and to no other."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGTERM)

    def _confined(self, command: Sequence[str]) -> list[str]:
        """The command for this machine, as a user who can write to little."""
        return [*prefix(), *map(self.view.text, command)]

    def _make_folders(self) -> None:
        """`/tmp` and what else is mounted may be written to; the home belongs to the image."""
        home = self.folder / "home"
        if not home.exists():
            home.mkdir(parents=True)
            seal(home)
        for inside in ("/tmp", "/data"):
            here = self.folder / inside.removeprefix("/")
            if inside in self.service.tmpfs:
                shutil.rmtree(here, ignore_errors=True)
            here.mkdir(exist_ok=True)
            give(here)
