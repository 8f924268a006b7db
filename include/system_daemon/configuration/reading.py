"""Reading one JSON file of configuration: every slip becomes a problem, nothing raises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pydantic import ValidationError

from system_daemon.configuration.json_oddities import oddities, written_twice
from system_daemon.configuration.json_text import JsonTextError, Members, read_json
from system_daemon.configuration.model import Model
from system_daemon.configuration.problems import Problem, Severity, shown, step
from system_daemon.configuration.sentences import findings

_Entry = TypeVar("_Entry", bound=Model)


@dataclass(slots=True)
class Reading:
    """The problems found so far in one file."""

    file: str
    problems: list[Problem] = field(default_factory=list)

    def error(self, where: str, message: str) -> None:
        """What stands there is refused."""
        self.problems.append(
            Problem(severity=Severity.ERROR, file=self.file, where=where, message=message)
        )

    def warning(self, where: str, message: str) -> None:
        """What stands there loads, but perhaps does not do what its writer thinks."""
        self.problems.append(
            Problem(severity=Severity.WARNING, file=self.file, where=where, message=message)
        )

    def adopt(self, other: Reading, *, consequence: str = "") -> None:
        """Take over the errors of a part, each with what follows from it."""
        for found in other.problems:
            self.error(found.where, f"{found.message}{consequence}")

    def members(self, data: bytes, *, expected: str, consequence: str) -> Members | None:
        """The file's one object; None where there is none to be found."""
        try:
            text = read_json(data)
        except JsonTextError as error:
            self.error(f"line {error.line}, column {error.column}", f"{error}{consequence}")
            return None
        for repair in text.repairs:
            self.warning(f"line {repair.line}, column {repair.column}", repair.message)
        if isinstance(text.value, Members):
            return text.value
        self.error("line 1, column 1", f"expected {expected}, got {got(text.value)}{consequence}")
        return None

    def shared(
        self, model: type[_Entry], written: Members, *, without: Iterable[str], consequence: str
    ) -> _Entry | None:
        """What all entries of the file have in common: the object without their arrays."""
        for key in written.repeated:
            self.error(step(key), f"{written_twice(key)}{consequence}")
        skipped = {"$schema", *without}
        rest = Members({key: value for key, value in written.items() if key not in skipped})
        own = Reading(self.file)
        value = own.model(model, rest, "")
        self.adopt(own, consequence=consequence)
        return value

    def model(
        self,
        model: type[_Entry],
        written: Members,
        where: str,
        *,
        also: Iterable[tuple[str, str]] = (),
    ) -> _Entry | None:
        """The value, where nothing is wrong with it; ``also`` is what the model cannot see."""
        found = [*oddities(written, where), *also]
        try:
            value = model.model_validate(written)
        except ValidationError as error:
            self.problems += findings(error, model, file=self.file, where=where)
            value = None
        for at, message in found:
            self.error(at, message)
        return None if found else value


def got(value: object) -> str:
    """A value of the wrong kind; a text is not repeated, nobody knows what it is."""
    return "a text" if isinstance(value, str) else shown(value)
