"""Set the scripts of a demo platform and read the calls it received."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from system_daemon.local.demo_answers import Answer, Script
from system_daemon.local.demo_call import ReceivedCall
from system_daemon.local.loopback_http import delete, get_json, put_json


@dataclass(frozen=True, slots=True)
class DemoClient:
    """A demo platform at `url`. Every method raises HttpError when it does not answer."""

    url: str

    def script(self, service: str, answers: Sequence[Answer], *, repeat: bool = False) -> None:
        """From now on the service gives these answers, the last one (or all) again and again."""
        script = Script(answers=tuple(answers), repeat=repeat)
        put_json(f"{self.url}/_script/{service}", script.model_dump(mode="json"))

    def calls(self, service: str | None = None) -> list[ReceivedCall]:
        """The calls it received, oldest first; of one service or of all."""
        path = "_calls" if service is None else f"_calls/{service}"
        return [ReceivedCall(**call) for call in get_json(f"{self.url}/{path}")]

    def forget_calls(self) -> None:
        """Begin a new list of calls."""
        delete(f"{self.url}/_calls")
