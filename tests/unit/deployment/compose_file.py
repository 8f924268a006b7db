"""docker-compose.yaml as plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from tests.airflow_settings import PROJECT

FILE = PROJECT / "docker-compose.yaml"
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?:(?P<operator>:-|:\?)(?P<word>[^}]*))?\}")


@cache
def services() -> Mapping[str, Mapping[str, Any]]:
    """The services, anchors resolved, variables not."""
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text())["services"]
    return found


def airflow() -> Mapping[str, Mapping[str, Any]]:
    """The services that run our image."""
    return {name: each for name, each in services().items() if "build" in each}


def variables() -> list[re.Match[str]]:
    """Every variable as it stands in the file, comments left out."""
    lines = (line for line in FILE.read_text().splitlines() if not line.lstrip().startswith("#"))
    return list(VARIABLE.finditer("\n".join(lines)))
