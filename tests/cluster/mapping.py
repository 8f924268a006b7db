"""What a container sees, as what this machine has: names of hosts, ports and folders.

The engine gives each container an address, a host name and a file system of its own. Processes of
one machine share all of these, so that what the file says about them is translated, and the ports
that the image leaves at Airflow's defaults are told to each process.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from system_daemon.local.ports import LOOPBACK, PortChoice

PORTS = {
    "AIRFLOW__API__PORT": 8080,
    "AIRFLOW__CELERY__FLOWER_PORT": 5555,
    "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": 8793,
    "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": 8794,
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": 8974,
}
"""Where Airflow listens in a container, each with the option that says otherwise."""
_ON_LOOPBACK = (
    "AIRFLOW__API__HOST",
    "AIRFLOW__CELERY__FLOWER_HOST",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST",
)
_HOST_CODE = Path(__file__).parent / "host"


@dataclass(frozen=True, slots=True)
class Network:
    """Ports of this machine for the ports of containers."""

    ports: PortChoice = field(default_factory=PortChoice)
    _chosen: dict[tuple[str, int], int] = field(default_factory=dict)

    def port(self, host: str, port: int) -> int:
        """The port of this machine behind which that one is."""
        if (host, port) not in self._chosen:
            self._chosen[host, port] = self.ports.any()
        return self._chosen[host, port]

    def translated(self, text: str, hosts: Mapping[str, int]) -> str:
        """The text with this machine's addresses for these hosts and their ports."""
        for host, port in hosts.items():
            here = f"{LOOPBACK}:{self.port(host, port)}"
            text = re.sub(rf"(?<![\w.-]){re.escape(host)}:{port}(?!\d)", here, text)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One container's view of the world."""

    host: str
    """Its own name."""
    network: Network
    servers: Mapping[str, int]
    """Other hosts and the ports that they serve."""
    folders: Mapping[str, Path]
    """Folders in the container, and what they are here."""

    def text(self, text: str) -> str:
        """A value of the file, for this machine."""
        text = self.network.translated(text, self.servers)
        for port in PORTS.values():
            own = f"{LOOPBACK}:{self.network.port(self.host, port)}"
            text = text.replace(f"localhost:{port}/", f"{own}/")
        inside = "|".join(map(re.escape, self.folders))
        # All at once: a folder of this machine may itself lie in one called /tmp.
        return re.sub(
            rf"(?<![\w./-])({inside})(?![\w-])", lambda found: str(self.folders[found[1]]), text
        )

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """The environment that the file gives, and what the engine and its network add to it."""
        own = {name: str(self.network.port(self.host, port)) for name, port in PORTS.items()}
        told = {name: self.text(value) for name, value in given.items()}
        if "PYTHONPATH" in told:
            told["PYTHONPATH"] += f":{_HOST_CODE}"
        return told | own | dict.fromkeys(_ON_LOOPBACK, LOOPBACK) | {"HOSTNAME": self.host}
