"""Configuration folders and the command line, for the tests of the commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from system_daemon.cli import app


def run(*arguments: str | Path) -> Result:
    """One command, as from a shell that is no terminal."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def write(where: Path, *entries: Any, settings: Any = None) -> Path:
    (where / "external_services.json").write_text(json.dumps(entries))
    if settings is not None:
        (where / "settings.json").write_text(json.dumps(settings))
    return where
