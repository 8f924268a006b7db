"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="Folder of the configuration.",
        exists=True,
        file_okay=False,
        show_default="SYSTEM_DAEMON_CONFIG, else include/config",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="For scripts.")]
