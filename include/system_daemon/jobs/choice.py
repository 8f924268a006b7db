"""Which jobs a claim may bring: all, or those of some classes.

Jobs that are not chosen stay where they are, in their order; those behind them are found in spite
of them, but not further down the queue than `LOOK_AHEAD`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from system_daemon.jobs.php_json import php_json
from system_daemon.jobs.scripts import Value

LOOK_AHEAD = 1000
"""A claim that passes jobs over looks at so many, in about half a millisecond of Redis' time."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The classes whose jobs are taken; None: every job is."""

    classes: Sequence[str] | None = None
    unreadable: bool = False
    """Payloads without a class are taken as well, to be buried."""

    def words(self) -> list[Value]:
        """What the script is told."""
        if self.classes is None:
            return ["all"]
        mode = "known" if self.unreadable else "only"
        texts = {text for name in self.classes for text in _written(name)}
        return [mode, LOOK_AHEAD, *sorted(texts)]


EVERY = Choice()


def read_class(text: bytes) -> str | None:
    """The class that stands like this between its quotes; None when that is no JSON."""
    try:
        found: str = json.loads(b'"%s"' % text)
    except ValueError:
        return None
    return found


def _written(job_class: str) -> set[str]:
    """The class as producers write it in JSON, without its quotes."""
    return {
        php_json(job_class)[1:-1],
        json.dumps(job_class)[1:-1],
        json.dumps(job_class, ensure_ascii=False)[1:-1],
    }
