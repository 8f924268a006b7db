"""Judging an answer: HTTP status, headers and body in, an outcome and a sentence out (R26-R30).

The contract is a JSON object: ``code`` (success, idle or error), ``message`` (a string) and
optionally ``error_details`` (strings). Two dialects are understood with a note: ``status`` for
``code`` and ``details`` for ``error_details``. Whatever else comes is an error that says what was
expected and what came; the body itself is never quoted, only its code, message and details.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import urlsplit

from system_daemon.outcome import Outcome
from system_daemon.services.json_answer import NotAnObjectError, kind, parse
from system_daemon.services.log_lines import clean, lines

BODY_LIMIT = 1024 * 1024
"""Bytes of an answer that are read at most."""
TOO_LARGE = "the answer is larger than 1 MiB; it was not read further"
_CODES = {code.value: code for code in (Outcome.SUCCESS, Outcome.IDLE, Outcome.ERROR)}
_EXPECTED = "expected success, idle or error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an answer means."""

    outcome: Outcome
    message: str
    """One cleaned line: what went wrong, if anything, then what the service said."""
    said: tuple[str, ...] = ()
    """The cleaned lines of the service's own message, for the log (R29)."""
    details: tuple[str, ...] = ()
    """The cleaned lines of ``error_details``, for the log (R30)."""
    notes: tuple[str, ...] = ()
    """Where the answer strays from the contract without harm; worth one warning per service."""


def refused_unread(status: int, headers: Mapping[str, str]) -> Answer | None:
    """The judgement that needs no body: a redirect, an encoding, a size; None when it is needed.

    Args:
        status: The HTTP status.
        headers: The answer's headers; lookups must ignore case.
    """
    if 300 <= status < 400:
        return _error(f"{_http(status)}{_redirect_target(headers.get('Location', ''))}")
    encoding = headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        problem = f"the answer is encoded as {clean(encoding, 40)!r}, which was not asked for"
        return _error(problem if status < 400 else f"{_http(status)}; {problem}")
    length = headers.get("Content-Length", "")
    if length.isdecimal() and (len(length) > 15 or int(length) > BODY_LIMIT):
        return _error(TOO_LARGE if status < 400 else f"{_http(status)}; {TOO_LARGE}")
    return None


def too_large(status: int) -> Answer:
    """The judgement on an answer that went on after the limit."""
    return _error(TOO_LARGE if status < 400 else f"{_http(status)}; {TOO_LARGE}")


def judge(status: int, content_type: str, body: bytes, *, any_content_type: bool = False) -> Answer:
    """What a whole answer means.

    Args:
        status: The HTTP status; 400 and above is an error whatever the code says (R28).
        content_type: The Content-Type header; empty when there was none.
        body: All bytes of the body.
        any_content_type: Whether JSON under another Content-Type counts (R27).
    """
    content: Mapping[str, object] = {}
    unreadable = ""
    try:
        content = parse(body, content_type)
    except NotAnObjectError as error:
        unreadable = str(error)
    notes: list[str] = []
    said = _message(content, notes)
    details = _details(content, notes)
    outcome, problem = _code(content, notes)
    if unreadable:
        outcome, problem = Outcome.ERROR, unreadable
    wrong_type = "" if any_content_type else _wrong_content_type(content_type)
    if wrong_type and body.strip():
        outcome, problem = Outcome.ERROR, wrong_type
    if not 200 <= status < 300:
        outcome, problem = Outcome.ERROR, _http(status)
        notes.clear()
    own_words = " ".join(said)
    if problem and own_words:
        problem = f"{problem}; the service said: "
    return Answer(
        outcome=outcome,
        message=clean(problem + own_words),
        said=said,
        details=details,
        notes=tuple(notes),
    )


def _error(message: str) -> Answer:
    return Answer(outcome=Outcome.ERROR, message=clean(message))


def _http(status: int) -> str:
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"


def _redirect_target(location: str) -> str:
    try:
        host = urlsplit(location).hostname
    except ValueError:
        host = None
    where = f" to {clean(host, 253)}" if host else ""
    return f": the service redirects{where}; redirects are not followed, correct the endpoint"


def _wrong_content_type(content_type: str) -> str:
    came = content_type.split(";", maxsplit=1)[0].strip().lower()
    if came == "application/json":
        return ""
    came = f"is {clean(came, 80)!r}" if came else "has no Content-Type"
    return f"the answer {came}, expected application/json"


def _code(content: Mapping[str, object], notes: list[str]) -> tuple[Outcome, str]:
    name = "code"
    if "code" not in content and isinstance(content.get("status"), str):
        name = "status"
        notes.append("the answer says 'status' where the contract says 'code'")
    if name not in content:
        return Outcome.ERROR, f"the answer has no code, {_EXPECTED}"
    code = content[name]
    if not isinstance(code, str):
        return Outcome.ERROR, f"{_EXPECTED} as {name}, got {kind(code)}"
    if code in _CODES:
        return _CODES[code], ""
    near = difflib.get_close_matches(code[:100].strip().lower(), _CODES, n=1)
    hint = f"; did it mean {near[0]!r}?" if near else ""
    return Outcome.ERROR, f"unknown {name} {clean(repr(code[:60]))}, {_EXPECTED}{hint}"


def _message(content: Mapping[str, object], notes: list[str]) -> tuple[str, ...]:
    message = content.get("message")
    if message is None:
        return ()
    if not isinstance(message, str):
        notes.append(f"expected message to be a string, got {kind(message)}")
    return lines([_as_text(message)])


def _details(content: Mapping[str, object], notes: list[str]) -> tuple[str, ...]:
    name = "error_details"
    if name not in content and "details" in content:
        name = "details"
        notes.append("the answer says 'details' where the contract says 'error_details'")
    details = content.get(name)
    if details is None:
        return ()
    if isinstance(details, list):
        if not all(isinstance(line, str) for line in details):
            notes.append(f"expected {name} to hold strings only")
        return lines(map(_as_text, details))
    notes.append(f"expected {name} to be an array of strings, got {kind(details)}")
    return lines([_as_text(details)])


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
