"""How a shift is asked to end: with or without haste."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

GRACE_S = 20.0
"""How long running jobs may take to finish after a hasty stop; then they are cut off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Two wishes; either way nothing more is claimed, and what has not begun goes back."""

    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    """The process is about to be killed: what runs has `grace` seconds."""
    rest: asyncio.Event = field(default_factory=asyncio.Event)
    """The queue is to be left alone: what runs takes the time it needs."""
    grace: float = GRACE_S

    @property
    def asked(self) -> bool:
        """Whether the shift is to end."""
        return self.hurry.is_set() or self.rest.is_set()
