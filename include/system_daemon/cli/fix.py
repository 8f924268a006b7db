"""`fix`: the narrow repair of a JSON file, for good."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from system_daemon.cli.replacing import replace_keeping_copy
from system_daemon.cli.terminal import complain, say
from system_daemon.configuration.json_text import JsonTextError, read_json


def fix(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The JSON file.")],
) -> None:
    """Mend missing and trailing commas in FILE and keep the old text in FILE.bak."""
    try:
        text = read_json(file.read_bytes())
    except JsonTextError as error:
        complain(f"{file} line {error.line}, column {error.column}: {error}")
        raise typer.Exit(1) from None
    if not text.repairs:
        say(f"{file}: nothing to mend.")
        return
    try:
        kept = replace_keeping_copy(file, text.mended.encode())
    except OSError as error:
        complain(f"{file}: expected a file that can be written, got: {error.strerror}")
        raise typer.Exit(1) from None
    for repair in text.repairs:
        # The warning says how the file is read; here it is how the file is written.
        mended = repair.message.partition(";")[0]
        say(f"{file} line {repair.line}, column {repair.column}: {mended}; mended.")
    say(f"The old text is in {kept}.")
