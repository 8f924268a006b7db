"""How a piece of work ended: a closed set, handled exhaustively where it becomes a state."""

from enum import StrEnum


class Outcome(StrEnum):
    """The end of one service call (R28, R36, R38, R46)."""

    SUCCESS = "success"
    """The service did its work."""
    IDLE = "idle"
    """The service was asked and had nothing to do."""
    ERROR = "error"
    """The service said so, could not be reached, or answered something else than the contract."""
    TIMEOUT = "timeout"
    """The service gave no whole answer within its timeout; it may still be working."""
    LOCKED = "locked"
    """Another deployment was executing the service; nothing was sent."""
