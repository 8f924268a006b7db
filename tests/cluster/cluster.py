"""A whole cluster from `docker-compose.yaml`, as processes of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from system_daemon.local.env_file import TEMPLATE, filled
from tests.airflow_client import AirflowClient
from tests.airflow_settings import PROJECT
from tests.cluster import image
from tests.cluster.compose import Service, env_file, read
from tests.cluster.container import Container
from tests.cluster.mapping import Network, View
from tests.cluster.stores import Database, programs_of_images
from tests.configuration_folder import ConfigurationFolder
from tests.waiting import wait_until

VENV = PROJECT / ".venv" / "cluster"
"""The packages of the image: requirements-cluster.txt and nothing else."""
_SERVERS = {
    "platform-postgres": 5432,
    "platform-redis": 6379,
    "postgres": 5432,
    "redis": 6379,
    "airflow-apiserver": 8080,
}
_START_S = 240


class Cluster(AirflowClient, ConfigurationFolder):
    """The file's services, each replica a container; made in `folder`, which is the operator's."""

    def __init__(
        self, folder: Path, *, settings: Mapping[str, str] | None = None, site: Path | None = None
    ) -> None:
        """Lay everything out.

        Args:
            folder: Of this cluster alone.
            settings: What the operator writes into `.env` beside the fresh secrets.
            site: Modules that the operator puts into `include/` beside the package.
        """
        assert (VENV / "bin" / "airflow").exists(), (
            f"expected the cluster's packages in {VENV}, got none; run `make test-cluster`"
        )
        self.folder = folder
        self.network = Network()
        port = self.network.port("airflow-apiserver", 8080)
        variables = self._variables(port, settings or {})
        self.services = read(PROJECT / "docker-compose.yaml", variables)
        self._tree = image.build(PROJECT, folder / "airflow")
        if site is not None:
            shutil.copytree(site, self._tree / "include", dirs_exist_ok=True)
        self._programs = programs_of_images(
            folder / "programs", lambda host: self.network.port(host, 6379)
        )
        self.databases = {
            name: Database(service, folder / name, self.network.port(name, 5432))
            for name, service in self.services.items()
            if "POSTGRES_USER" in service.environment
        }
        self.containers = {
            each.name: each
            for name, service in self.services.items()
            if name not in self.databases
            for each in self._containers(service)
        }
        AirflowClient.__init__(
            self,
            f"http://127.0.0.1:{port}",
            database_url=self.databases["postgres"].url,
            login=(variables["ADMIN_USERNAME"], variables["ADMIN_PASSWORD"]),
        )
        ConfigurationFolder.__init__(self, folder / "include" / "config")
        for service in self.services.values():
            image.mount(self._tree, folder, service.volumes)

    def start(self, before_airflow: Callable[[Cluster], object] = id) -> None:
        """Start everything in the order of the file, and wait until all of it works.

        Args:
            before_airflow: done when the stores are there.
        """
        image.freeze(self._tree)
        stores = [name for name, service in self.services.items() if not service.is_airflow]
        others = [name for name in self.services if name not in stores]
        self._start(stores)
        before_airflow(self)
        self._start(others)
        wait_until(self.healthy, _START_S, "all components of Airflow")

    def stop(self) -> None:
        """Stop everything; nothing of it is used again, so that nobody is asked to end."""
        for container in self.containers.values():
            container.kill()
        for database in self.databases.values():
            database.stop()
        self.network.ports.release()

    def replicas(self, service: str) -> list[Container]:
        """The containers of a service."""
        return [each for each in self.containers.values() if each.service.name == service]

    def kill(self, name: str) -> None:
        """kill -9 of a container; as the file says, the engine starts it again at once."""
        container = self.containers[name]
        assert container.service.restart == "unless-stopped", name
        container.kill()
        container.start()

    def members(self, name: str) -> list[psutil.Process]:
        """The processes of a container."""
        return self.containers[name].members()

    @property
    def platform_url(self) -> str:
        """The platform's database."""
        return self.databases["platform-postgres"].url

    @property
    def platform_redis_url(self) -> str:
        """The platform's Redis."""
        worker = self.replicas("airflow-worker")[0]
        return worker.environment["AIRFLOW_CONN_SYSTEM_DAEMON_REDIS"]

    def _start(self, names: Sequence[str]) -> None:
        for name in names:
            service = self.services[name]
            for other, condition in service.depends_on.items():
                self._wait_for(other, condition)
            if name in self.databases:
                self.databases[name].start()
            elif not self._ends_by_itself(name):
                for container in self.replicas(name):
                    container.start()
                    if not service.is_airflow:
                        container.wait_until_healthy(_START_S)

    def _variables(self, port: int, settings: Mapping[str, str]) -> dict[str, str]:
        """`.env`, as `make env` writes it, with the edits of an operator."""
        file = self.folder / ".env"
        template = (PROJECT / TEMPLATE).read_text(encoding="utf-8")
        edits = {"AIRFLOW_PORT": str(port), "AIRFLOW_URL": f"http://localhost:{port}", **settings}
        edited = "".join(f"{name}={value}\n" for name, value in edits.items())
        file.write_text(filled(template) + edited, encoding="utf-8")
        return env_file(file)

    def _containers(self, service: Service) -> list[Container]:
        names = [service.name]
        if service.replicas > 1:
            names = [f"{service.name}-{number + 1}" for number in range(service.replicas)]
        return [self._container(service, name) for name in names]

    def _container(self, service: Service, name: str) -> Container:
        folder = self.folder / "containers" / name
        path = [VENV / "bin", Path("/usr/local/bin"), Path("/usr/bin"), Path("/bin")]
        if not service.is_airflow:
            path.insert(0, self._programs)
        return Container(
            service=service,
            view=View(
                host=name,
                network=self.network,
                servers=_SERVERS,
                folders={"/tmp": folder / "tmp", image.HOME: self._tree},
            ),
            folder=folder,
            programs=os.pathsep.join(map(str, path)),
            workdir=self._tree,
        )

    def _wait_for(self, name: str, condition: str) -> None:
        if condition == "service_completed_successfully":
            for container in self.replicas(name):
                if not container.log.exists():
                    container.complete(timeout=_START_S)
        elif name in self.containers:
            for container in self.replicas(name):
                container.wait_until_healthy(timeout=_START_S)

    def _ends_by_itself(self, name: str) -> bool:
        return any(
            each.depends_on.get(name) == "service_completed_successfully"
            for each in self.services.values()
        )
