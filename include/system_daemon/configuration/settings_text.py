"""The text of ``settings.json``: what is valid holds; what is not falls back to what is harmless.

Settings hold for all services at once, so that a slip in them must neither stop everything nor
open what they closed: a lock policy or a list of allowed hosts that cannot be known is replaced by
the strictest one, anything else by its default.
"""

from __future__ import annotations

from pydantic import ValidationError

from system_daemon.configuration.json_oddities import oddities, written_twice
from system_daemon.configuration.json_text import JsonTextError, Members, read_json
from system_daemon.configuration.problems import Problem, Severity, nearest, shown, step
from system_daemon.configuration.sentences import findings
from system_daemon.configuration.settings import Settings

STRICTEST = Settings(lock_policy="always", allowed_hosts=())
"""What holds while the settings cannot be known: the rules that can do no harm."""
_CONSEQUENCES = {
    "lock_policy": 'until then "always" holds',
    "allowed_hosts": "until then no host may be called",
}


def read_settings(data: bytes, *, file: str) -> tuple[Settings, list[Problem]]:
    """The settings that hold, and everything to say about the text; never raises."""

    def problem(where: str, message: str, severity: Severity = Severity.ERROR) -> Problem:
        return Problem(severity=severity, file=file, where=where, message=message)

    unknowable = "until then no host may be called and every call is locked"
    try:
        text = read_json(data)
    except JsonTextError as error:
        where = f"line {error.line}, column {error.column}"
        return STRICTEST, [problem(where, f"{error}; {unknowable}")]
    problems = [
        problem(f"line {repair.line}, column {repair.column}", repair.message, Severity.WARNING)
        for repair in text.repairs
    ]
    if not isinstance(text.value, Members):
        got = "a text" if isinstance(text.value, str) else shown(text.value)
        message = f"expected an object of settings, got {got}; {unknowable}"
        return STRICTEST, [*problems, problem("line 1, column 1", message)]

    refused = set()
    for key, value in text.value.items():
        found = [*oddities(key, step(key)), *oddities(value, step(key))]
        if key in text.value.repeated:
            found.insert(0, (step(key), written_twice(key)))
        for at, message in found:
            refused.add(key)
            problems.append(problem(at, f"{message}; {_consequence(key)}"))
    written = {key: value for key, value in text.value.items() if key not in {*refused, "$schema"}}
    try:
        Settings.model_validate(written)
    except ValidationError as error:
        sentences = findings(error, Settings, file=file, where="")
        for sentence, detail in zip(sentences, error.errors(), strict=True):
            key = str(detail["loc"][0])
            refused.add(key)
            problems.append(problem(sentence.where, f"{sentence.message}; {_consequence(key)}"))
    kept = {key: value for key, value in written.items() if key not in refused}
    strict = STRICTEST.model_dump(include={_meant(key) for key in refused} & set(_CONSEQUENCES))
    return Settings.model_validate({**kept, **strict}), problems


def _consequence(key: str) -> str:
    return _CONSEQUENCES.get(_meant(key), "until then the default holds")


def _meant(key: str) -> str:
    """The setting that a key means, also where it is misspelled."""
    return nearest(key, Settings.model_fields) or key
