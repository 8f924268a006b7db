"""`docker-compose.yaml` as Docker Compose understands it: variables filled in, one value a service.

Only what our file uses; anything else is refused, so that nothing is overlooked in silence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_VARIABLE = re.compile(
    r"\$(?:(?P<dollar>\$)|\{(?P<name>\w+)(?:(?P<operator>:-|:\?)(?P<word>[^}]*))?\})"
)
_KNOWN = frozenset(
    {
        "build", "cap_drop", "command", "depends_on", "deploy", "environment", "healthcheck",
        "image", "logging", "mem_limit", "networks", "ports", "profiles", "read_only", "restart", "security_opt",
        "stop_grace_period", "tmpfs", "user", "volumes",
    }
)  # fmt: skip


class ComposeError(Exception):
    """What Docker Compose would refuse, or what this reader does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service of the file."""

    name: str
    environment: Mapping[str, str]
    command: tuple[str, ...]
    volumes: tuple[tuple[str, str], ...]
    """Sources (a folder beside the file, or the name of a volume) and where they are mounted."""
    tmpfs: tuple[str, ...]
    depends_on: Mapping[str, str]
    """Names and conditions."""
    healthcheck: tuple[str, ...]
    replicas: int
    restart: str
    is_airflow: bool
    """Runs our image."""


def read(file: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """The services that `docker compose up` would start with these variables, in order.

    Args:
        file: docker-compose.yaml.
        variables: those of `.env`.

    Raises:
        ComposeError: a variable is missing that the file asks for; in the file's own words.
    """
    content = _filled_in(yaml.safe_load(file.read_text(encoding="utf-8")), variables)
    active = set(variables.get("COMPOSE_PROFILES", "").split(","))
    services = {
        name: _service(name, entry)
        for name, entry in content["services"].items()
        if not entry.get("profiles") or active & set(entry["profiles"])
    }
    return {each.name: each for each in _in_order(services)}


def env_file(file: Path) -> dict[str, str]:
    """The variables of a `.env`."""
    lines = file.read_text(encoding="utf-8").splitlines()
    pairs = (line.split("=", maxsplit=1) for line in lines if re.match(r"[A-Z]\w*=", line))
    return dict(pairs)  # type: ignore[arg-type]


def _filled_in(value: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        return _VARIABLE.sub(lambda found: _value(found, variables), value)
    if isinstance(value, list):
        return [_filled_in(each, variables) for each in value]
    if isinstance(value, dict):
        return {key: _filled_in(each, variables) for key, each in value.items()}
    return value


def _value(found: re.Match[str], variables: Mapping[str, str]) -> str:
    if found["dollar"]:
        return "$"
    value = variables.get(found["name"], "")
    if value or not found["operator"]:
        return value
    if found["operator"] == ":?":
        raise ComposeError(found["word"])
    return str(found["word"])


def _service(name: str, entry: Mapping[str, Any]) -> Service:
    unknown = entry.keys() - _KNOWN
    if unknown:
        raise ComposeError(f"{name}: expected keys that the harness knows, got {sorted(unknown)}")
    command = entry.get("command", [])
    depends_on = entry.get("depends_on", {})
    if not isinstance(command, list) or not isinstance(depends_on, dict):
        raise ComposeError(f"{name}: expected command and depends_on in their long forms")
    return Service(
        name=name,
        environment={key: str(value) for key, value in entry.get("environment", {}).items()},
        command=tuple(command),
        volumes=tuple(_mount(each) for each in entry.get("volumes", [])),
        tmpfs=tuple(entry.get("tmpfs", [])),
        depends_on={other: each["condition"] for other, each in depends_on.items()},
        healthcheck=_check(entry.get("healthcheck", {}).get("test", [])),
        replicas=int(entry.get("deploy", {}).get("replicas", 1)),
        restart=entry.get("restart", "no"),
        is_airflow="build" in entry,
    )


def _mount(text: str) -> tuple[str, str]:
    source, target, *_ = text.split(":")
    return source, target


def _check(test: list[str]) -> tuple[str, ...]:
    if not test:
        return ()
    kind, *command = test
    return ("/bin/sh", "-c", *command) if kind == "CMD-SHELL" else tuple(command)


def _in_order(services: Mapping[str, Service]) -> list[Service]:
    """Who is waited for comes first."""
    ordered: list[Service] = []

    def visit(name: str) -> None:
        # A store of a profile that is not active is somewhere else.
        if name in services and services[name] not in ordered:
            for other in services[name].depends_on:
                visit(other)
            ordered.append(services[name])

    for name in services:
        visit(name)
    return ordered
