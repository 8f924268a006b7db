"""What the demo platform answers: a script per service, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

# answer: the JSON below; hang: accept and stay silent; drip: one byte a second for ever;
# html: a page instead of JSON; huge: 50 MB; redirect: to somewhere else; reset: cut the connection.
Behaviour = Literal["answer", "hang", "drip", "html", "huge", "redirect", "reset"]


class Answer(BaseModel):
    """One answer of a service; everything has the default of a service that found nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # Any text is allowed: a service may answer nonsense.
    code: str = "idle"
    message: str = ""
    error_details: tuple[str, ...] = ()
    # Seconds before it answers.
    delay: float = Field(default=0.0, ge=0)
    status: int = Field(default=200, ge=100, le=599)
    content_type: str = "application/json"
    behaviour: Behaviour = "answer"


class Script(BaseModel):
    """The answers of one service in order; then the last again and again, or all from the start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    answers: tuple[Answer, ...] = Field(min_length=1)
    repeat: bool = False

    def answer(self, call: int) -> Answer:
        """The answer to the call with this number, from 0."""
        if self.repeat:
            return self.answers[call % len(self.answers)]
        return self.answers[min(call, len(self.answers) - 1)]


def _cycle(answers: Iterable[Answer]) -> Script:
    return Script(answers=tuple(answers), repeat=True)


_NOTHING = Answer(code="idle", message="Nothing to do")

# The service of a name without a script.
UNKNOWN = Script(answers=(_NOTHING,))

# A believable life for the services of the shipped configuration.
DEFAULT_SCRIPTS: dict[str, Script] = {
    "import_patients": _cycle(
        [
            *[
                Answer(
                    code="success",
                    message="Patient import result: Success: 3, Failed: 0",
                    delay=1.5,
                )
            ]
            * 3,
            *[Answer(code="idle", message="No patient waits to be imported", delay=0.3)] * 4,
        ]
    ),
    "send_reminders": _cycle(
        [
            Answer(code="success", message="Reminders sent: 12", delay=1.0),
            Answer(code="success", message="Reminders sent: 7", delay=1.0),
            Answer(
                code="error",
                message="2 of 9 reminders were not sent",
                error_details=(
                    "reminder 4711: the mail server did not answer",
                    "reminder 4715: the address is not valid",
                ),
                delay=2.0,
            ),
            Answer(code="success", message="Reminders sent: 9", delay=1.0),
            Answer(code="idle", message="No reminder is due", delay=0.2),
        ]
    ),
    "sync_catalogue": _cycle(
        [
            Answer(code="success", message="Catalogue synchronised: 128 entries", delay=4.0),
            Answer(code="idle", message="The catalogue has not changed", delay=0.5),
        ]
    ),
}
