"""Choose TCP ports on the loopback interface: the usual one where it is free, else any free one."""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from pathlib import Path

from system_daemon.local.failure import StackError

LOOPBACK = "127.0.0.1"


class PortChoice:
    """The ports of one stack, kept from other stacks until `release`.

    Airflow begins to listen many seconds after its port was chosen: a lock file a port keeps two
    stacks that start at the same time from choosing the same one. The kernel releases the locks
    of a process that ends.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir()) / f"system-daemon-ports-{os.getuid()}"
        self._locks: list[int] = []

    def choose(self, usual: int) -> int:
        """The usual port if nobody has it, else a free one that the kernel names."""
        return usual if is_free(usual) and self._lock(usual) else self.any()

    def any(self) -> int:
        """A free port."""
        while True:
            port = free_port()
            if self._lock(port):
                return port

    def require(self, port: int) -> int:
        """`port` itself, which somebody asked for. Raises StackError when it is taken."""
        if not is_free(port) or not self._lock(port):
            raise StackError(
                f"expected port {port} to be free, got one that another program uses; "
                "leave --port out to have a free one chosen"
            )
        return port

    def release(self) -> None:
        """Let others choose these ports again."""
        for descriptor in self._locks:
            os.close(descriptor)
        self._locks.clear()

    def _lock(self, port: int) -> bool:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(
            self._folder / str(port), os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._locks.append(descriptor)
        return True


def free_port() -> int:
    """A port that nobody uses at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def is_free(port: int) -> bool:
    """Whether nobody listens on `port`, neither on loopback nor on every interface."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # Without it a port that was in use a moment ago would look taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
            probe.listen(1)
        except OSError:
            return False
    return True
