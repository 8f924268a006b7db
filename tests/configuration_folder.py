"""The configuration folder of a running Airflow, edited as an operator does."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


class ConfigurationFolder:
    """The JSON files of one deployment."""

    def __init__(self, configuration: Path) -> None:
        self.configuration = configuration
        configuration.mkdir(parents=True)
        self.configure([])

    def configure(self, services: Sequence[Mapping[str, Any]], **settings: Any) -> None:
        """Write both files at once, as an operator who saves them."""
        self.write("external_services.json", json.dumps(list(services)))
        self.write("settings.json", json.dumps(settings))

    def write(self, name: str, text: str) -> None:
        """Put a file into the configuration folder in one step."""
        draft = self.configuration / f".{name}"
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.configuration / name)
