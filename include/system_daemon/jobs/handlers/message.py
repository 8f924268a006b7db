"""A job's argument as a message that can be sent; no sentence about it quotes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from jinja2 import TemplateError, TemplateNotFound, UndefinedError

from system_daemon.jobs.handlers.templates import render
from system_daemon.jobs.payload import Job

Channel = Literal["email", "sms", "push"]
CHANNELS: tuple[str, ...] = get_args(Channel)
_TEMPLATE = re.compile(r"[A-Za-z0-9_-]{1,100}")
_KEYS = frozenset({"id", "channel", "to", "template", "data", "subject", "text", "html"})


class BadNotificationError(Exception):
    """The job does not describe a notification; the sentence says what it lacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one recipient; its content never shows in a repr."""

    id: str = field(repr=False)
    channel: Channel
    to: str = field(repr=False)
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(default="", repr=False)


def read_message(job: Job, templates: Path) -> Message:
    """The message that a job describes.

    Raises:
        BadNotificationError: it describes none.
    """
    written = _object(job)
    parts = _parts(written, templates)
    identity = written.get("id")
    known = str(identity) if isinstance(identity, str | int) and identity != "" else job.id
    return complete(
        identity=known,
        channel=written.get("channel", "email"),
        to=_text(written, "to"),
        parts=parts,
    )


def complete(*, identity: str, channel: object, to: str, parts: Mapping[str, str]) -> Message:
    """A message of these parts.

    Raises:
        BadNotificationError: it could not be sent.
    """
    if channel not in CHANNELS:
        raise BadNotificationError("expected the channel to be one of email, sms, push")
    if not to or not to.isprintable():
        raise BadNotificationError('expected "to" to be an address on one line')
    if not parts["text"] and not (channel == "email" and parts["html"]):
        raise BadNotificationError(f'expected a "text" for the channel {channel}, got none')
    return Message(id=identity, channel=channel, to=to, **parts)  # type: ignore[arg-type]


def _object(job: Job) -> Mapping[str, object]:
    written = job.args[0] if len(job.args) == 1 else None
    if not isinstance(written, dict):
        raise BadNotificationError("expected one argument, an object that describes a notification")
    if not written.keys() <= _KEYS:
        known = ", ".join(sorted(_KEYS))
        raise BadNotificationError(f"expected only the keys {known} in the argument, got others")
    return written


def _parts(written: Mapping[str, object], templates: Path) -> dict[str, str]:
    if "template" not in written:
        return {part: _text(written, part) for part in ("subject", "text", "html")}
    name, data = written["template"], written.get("data", {})
    if not isinstance(name, str) or not _TEMPLATE.fullmatch(name):
        raise BadNotificationError("expected the template's name in letters, digits, - and _")
    if not isinstance(data, dict):
        raise BadNotificationError('expected "data" to be an object')
    try:
        return render(templates, name, data)
    except TemplateNotFound:
        raise BadNotificationError(
            f"expected a template {name}.txt or {name}.html in {templates}, got none"
        ) from None
    except UndefinedError:
        raise BadNotificationError(
            f'the template {name} uses something that "data" does not hold'
        ) from None
    except TemplateError as error:
        kind = type(error).__name__
        raise BadNotificationError(f"the template {name} cannot be used ({kind})") from None
    except Exception as error:  # a template may do anything to its data, as divide by zero
        kind = type(error).__name__
        raise BadNotificationError(f"the template {name} failed ({kind})") from None


def _text(written: Mapping[str, object], key: str) -> str:
    text = written.get(key, "")
    if not isinstance(text, str):
        raise BadNotificationError(f'expected "{key}" to be a text')
    return text
