"""A sweep in a process of its own: ``python -m ... <database> <task> <batch size>``.

It writes a dot when it asks whether to stop, at least once a batch, and at its end its counts.
"""

from __future__ import annotations

import json
import sys

from tests.experiments.clinic_database import run


def _dot() -> bool:
    sys.stdout.write(".")
    sys.stdout.flush()
    return False


if __name__ == "__main__":
    _url, _task, _batch_size = sys.argv[1:]
    _swept = run(_url, _task, batch_size=int(_batch_size), stopped=_dot)
    print(f"\n{json.dumps(_swept.counts)}")
