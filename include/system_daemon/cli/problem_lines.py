"""Configuration problems as lines for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from rich.text import Text

from system_daemon.configuration.problems import Problem, Severity

_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "yellow"}


def problem_lines(problems: Iterable[Problem]) -> Iterator[Text]:
    """The problems of each file below its name, errors first, with a blank line behind each file.

    Files come in the order of their first error, then of their first warning.
    """
    found = sorted(problems, key=_is_warning)  # stable: as in the file otherwise
    files = list(dict.fromkeys(problem.file for problem in found))
    found.sort(key=lambda problem: files.index(problem.file))
    for file, of_file in groupby(found, key=lambda problem: problem.file):
        yield Text(file, style="bold")
        for problem in of_file:
            yield problem_line(problem)
        yield Text()


def problem_line(problem: Problem) -> Text:
    """One problem, without its file."""
    severity = Text(f"{problem.severity:7}", style=_COLOURS[problem.severity])
    return Text.assemble("  ", severity, f"  {problem.where}: {problem.message}")


def tally(problems: Iterable[Problem]) -> str:
    """``2 errors, 1 warning``; ``no problems``."""
    severities = [problem.severity for problem in problems]
    counts = {severity: severities.count(severity) for severity in Severity}
    told = [counted(count, severity) for severity, count in counts.items() if count]
    return ", ".join(told) or "no problems"


def validity(count: int, what: str = "service") -> str:
    """``1 service is valid``, ``5 services are valid``."""
    return f"{counted(count, what)} {'is' if count == 1 else 'are'} valid"


def counted(count: int, what: str) -> str:
    """``1 error``, ``2 errors``."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether anything was refused."""
    return any(not _is_warning(problem) for problem in problems)


def _is_warning(problem: Problem) -> bool:
    return problem.severity is Severity.WARNING
