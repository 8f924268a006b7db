"""A sweep in a process that is killed in the middle of it.

``python -m ... <database> <task> <batch size> <batches> <seconds>``: it kills itself (kill -9) so
many seconds after so many batches have begun. Whoever watched it from outside would come too late
on a quick machine, when nothing is left for the next run.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable

from tests.experiments.clinic_database import run


def _dying(batches: int, seconds: float) -> Callable[[], bool]:
    """Asked at least once a batch whether to stop."""
    begun = 0

    def ask() -> bool:
        nonlocal begun
        begun += 1
        if begun == batches:
            threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return False

    return ask


if __name__ == "__main__":
    _url, _task, _batch_size, _batches, _seconds = sys.argv[1:]
    run(
        _url,
        _task,
        batch_size=int(_batch_size),
        stopped=_dying(int(_batches), float(_seconds)),
    )
