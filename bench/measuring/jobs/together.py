"""Runs some commands at once: the one process above the workers of a peer."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys

if __name__ == "__main__":
    # The commands' own imports come from their own environment.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    started = [subprocess.Popen(shlex.split(command), env=variables) for command in sys.argv[1:]]
    for process in started:
        process.wait()
