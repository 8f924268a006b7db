"""`import-php`: the original daemon's PHP configuration as the JSON files of this one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from system_daemon.cli.problem_lines import has_errors, problem_line, tally, validity
from system_daemon.cli.replacing import replace_keeping_copy
from system_daemon.cli.terminal import complain
from system_daemon.configuration.catalogue import catalogued
from system_daemon.configuration.entries import read_entries
from system_daemon.configuration.json_text import JsonTextError, read_json
from system_daemon.configuration.loading import load
from system_daemon.configuration.maintenance_entries import read_maintenance
from system_daemon.configuration.php import PhpJson, read_php
from system_daemon.configuration.php_schedules import Schedule, names_schedules, read_schedules
from system_daemon.configuration.problems import Problem


def import_php(
    file: Annotated[
        Path,
        typer.Argument(
            exists=True,
            dir_okay=False,
            help="The external_services_daemon.php, or the daemon_configuration.php.",
        ),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Where to write the JSON.", show_default="the terminal"),
    ] = None,
) -> None:
    """Take services or schedules out of FILE, check them, and write them as JSON.

    Nothing in FILE is executed. A maintenance.json that is there already keeps all but the
    schedules of the tasks that FILE names.
    """
    data = file.read_bytes()
    try:
        text, problems, told = (
            _schedules(data, file, output) if names_schedules(data) else _services(data, file)
        )
    except JsonTextError as error:
        complain(f"{file} line {error.line}, column {error.column}: {error}")
        raise typer.Exit(1) from None
    for problem in problems:
        complain(problem_line(problem))
    if text is None:
        complain(f"{file}: nothing was written.")
        raise typer.Exit(1)
    _write(text, output)
    complain(f"{tally(problems)}; {told}")
    raise typer.Exit(int(has_errors(problems)))


Imported: TypeAlias = tuple[str | None, list[Problem], str]
"""The JSON text, where there is any to write; what is wrong with it; what is valid, in words."""


def _services(data: bytes, file: Path) -> Imported:
    php = read_php(data)
    data = php.text.encode("utf-8", "surrogatepass")
    entries = read_entries(data, file=file.name, settings=load().settings)
    problems = [_in_php(problem, php) for problem in entries.problems]
    text = None if entries.unreadable else read_json(data).mended.strip() + "\n"
    return text, problems, validity(len(entries.services))


def _schedules(data: bytes, file: Path, output: Path | None) -> Imported:
    schedules = read_schedules(data)
    folder = output.parent if output else file.parent
    text = json.dumps(_merged(output, schedules), indent=2) + "\n"
    entries = read_maintenance(
        text.encode(), file=file.name, folder=folder, settings=load().settings
    )
    return text, list(entries.problems), validity(len(entries.tasks), "maintenance task")


def _merged(output: Path | None, schedules: list[Schedule]) -> dict[str, object]:
    """The file that is there already with the schedules, or one of nothing but them."""
    fresh: dict[str, object] = {"$schema": "./maintenance.schema.json"}
    try:
        there = read_json(output.read_bytes()).value if output else fresh
    except (OSError, JsonTextError):
        there = fresh
    there = there if isinstance(there, dict) else fresh
    listed = there.get("tasks")
    named = {schedule["name"]: schedule for schedule in schedules}
    tasks = []
    for entry in listed if isinstance(listed, list) else ():
        known = catalogued(str(entry.get("name"))) if isinstance(entry, dict) else None
        own = named.pop(known.name, None) if known else None
        tasks.append({**entry, **own} if own else entry)
    later = [schedule for schedule in schedules if schedule["name"] in named]
    return {**there, "tasks": [*tasks, *later]}


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
