"""`import-php`: the original daemon's external services as the JSON file of this one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from system_daemon.cli.problem_lines import has_errors, problem_line, tally, validity
from system_daemon.cli.replacing import replace_keeping_copy
from system_daemon.cli.terminal import complain
from system_daemon.configuration.entries import read_entries
from system_daemon.configuration.json_text import JsonTextError, read_json
from system_daemon.configuration.loading import load
from system_daemon.configuration.php import PhpJson, read_php
from system_daemon.configuration.problems import Problem


def import_php(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, help="The external_services_daemon.php."),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Where to write the JSON.", show_default="the terminal"),
    ] = None,
) -> None:
    """Take the JSON out of FILE, mend its commas, check its entries and write it."""
    try:
        php = read_php(file.read_bytes())
    except JsonTextError as error:
        complain(f"{file} line {error.line}, column {error.column}: {error}")
        raise typer.Exit(1) from None
    data = php.text.encode("utf-8", "surrogatepass")
    entries = read_entries(data, file=file.name, settings=load().settings)
    for problem in entries.problems:
        complain(problem_line(_in_php(problem, php)))
    if entries.unreadable:
        complain(f"{file}: nothing was written.")
        raise typer.Exit(1)
    _write(read_json(data).mended.strip() + "\n", output)
    complain(f"{tally(entries.problems)}; {validity(len(entries.services))}")
    raise typer.Exit(int(has_errors(entries.problems)))


def _write(text: str, output: Path | None) -> None:
    if output is None:
        typer.echo(text, nl=False)
        return
    try:
        kept = replace_keeping_copy(output, text.encode())
    except OSError as error:
        complain(f"{output}: expected a file that can be written, got: {error.strerror}")
        raise typer.Exit(1) from None
    complain(f"Written to {output}." + (f" The old text is in {kept}." if kept else ""))


def _in_php(problem: Problem, php: PhpJson) -> Problem:
    """The problem with the place of the text in the PHP file, where it has line and column."""
    match problem.where.split(", column "):
        case [line, column] if line.startswith("line "):
            at = php.in_php(int(line.removeprefix("line ")), int(column))
            return replace(problem, where="line {}, column {}".format(*at))
    return problem
