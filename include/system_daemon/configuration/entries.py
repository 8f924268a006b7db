"""The entries of ``external_services.json``: each stands or falls alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import ValidationError

from system_daemon.configuration.clashes import clashes
from system_daemon.configuration.json_oddities import oddities
from system_daemon.configuration.json_text import JsonTextError, Members, read_json
from system_daemon.configuration.lint import warnings_about
from system_daemon.configuration.problems import Problem, Severity, shown
from system_daemon.configuration.secrets import endpoint_secrets, secret_paths
from system_daemon.configuration.sentences import findings
from system_daemon.configuration.services import Service
from system_daemon.configuration.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Entries:
    """The valid services in the order of the file, and everything to say about the others."""

    services: tuple[Service, ...]
    problems: tuple[Problem, ...]
    unreadable: bool = False
    """The file is beyond repair (R32)."""


def read_entries(data: bytes, *, file: str, settings: Settings) -> Entries:
    """Read the file's bytes; nothing an operator can write makes this raise."""

    def problem(where: str, message: str, severity: Severity = Severity.ERROR) -> Problem:
        return Problem(severity=severity, file=file, where=where, message=message)

    try:
        text = read_json(data)
    except JsonTextError as error:
        beyond = problem(f"line {error.line}, column {error.column}", str(error))
        return Entries(services=(), problems=(beyond,), unreadable=True)
    if not isinstance(text.value, list):
        got = "a text" if isinstance(text.value, str) else shown(text.value)
        message = f"expected an array of services, got {got}; write [ ... ] around it"
        beyond = problem("line 1, column 1", message)
        return Entries(services=(), problems=(beyond,), unreadable=True)

    problems = [
        problem(f"line {mend.line}, column {mend.column}", mend.message, Severity.WARNING)
        for mend in text.repairs
    ]
    sharing = dict(clashes(text.value, at="", dag_prefix="service__"))
    services: list[Service] = []
    for index, written in enumerate(text.value):
        where = f"[{index}]"
        if not isinstance(written, Members):
            # A text is not repeated: nobody knows what it is.
            got = "a text" if isinstance(written, str) else shown(written)
            problems.append(problem(where, f"expected a service, an object, got {got}"))
            continue
        refusals = [problem(at, message) for at, message in _refusals(written, where)]
        if index in sharing:
            refusals.append(problem(f"{where}.name", sharing[index]))
        try:
            service = Service.model_validate(written)
        except ValidationError as error:
            problems += [*findings(error, Service, file=file, where=where), *refusals]
            continue
        problems += refusals
        problems += [
            problem(where + at, message, Severity.WARNING)
            for at, message in warnings_about(service, written, settings)
        ]
        if not refusals:
            services.append(service)
    return Entries(services=tuple(services), problems=tuple(problems))


def _refusals(written: Members, where: str) -> Iterator[tuple[str, str]]:
    """What the model cannot see: keys written twice, numbers beyond JSON, secrets."""
    yield from oddities(written, where)
    if written.get("allow_secrets") is True:
        return
    remedy = (
        'put it into an Airflow connection and name that in "connection", or say "allow_secrets":'
        " true"
    )
    for at in secret_paths(written.get("parameters"), f"{where}.parameters"):
        yield at, f"expected no secret in this file, got a key that looks like one; {remedy}"
    yield from endpoint_secrets(written, where, remedy=remedy)
