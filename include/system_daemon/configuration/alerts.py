"""Who is told when a run fails for good, and when it works again: Airflow notifiers by name."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, model_validator
from pydantic.functional_validators import AfterValidator
from pydantic_core import PydanticCustomError

from system_daemon.configuration.model import Model
from system_daemon.configuration.secrets import secret_paths
from system_daemon.configuration.values import Unrepeated, pattern

_CLASS_PATH = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+"


def _class_path(text: str) -> str:
    if not re.fullmatch(_CLASS_PATH, text):
        raise ValueError
    return text


class Alert(Model):
    """A notifier that is called once each time a DAG begins to fail, or works again."""

    notifier: Annotated[
        Annotated[str, AfterValidator(_class_path), pattern(f"^{_CLASS_PATH}$")],
        Field(
            description=(
                "the path of a notifier class such as"
                " airflow.providers.smtp.notifications.smtp.SmtpNotifier"
            )
        ),
    ]
    """The class; its secrets come from the Airflow connection that it uses."""
    arguments: Annotated[
        dict[str, Any],
        Unrepeated(),
        Field(description='an object such as {"to": "operators@hospital.example"}'),
    ] = Field(default_factory=dict)
    """The notifier's arguments, with Jinja templates where the notifier takes them; ``alert.title``
    and ``alert.sentence`` say what happened."""
    on_recovery: Annotated[bool, Field(description="true or false")] = True
    """Whether the first success after a failure is told too."""

    @model_validator(mode="after")
    def _no_secrets(self) -> Alert:
        for at in secret_paths(self.arguments, ".arguments"):
            raise PydanticCustomError(
                "whole",
                "expected no secret in this file, got {at}, which looks like one; put it into the"
                " Airflow connection that the notifier uses",
                {"at": at.removeprefix(".arguments.")},
            )
        return self
