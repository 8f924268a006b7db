"""Schemas as PostgreSQL's own tools write and read them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from system_daemon.local.postgres import binaries


def schema_of(url: str) -> str:
    """All that makes the schema, its comments included, but the table of its versions."""
    dump = _run("pg_dump", "--schema-only", "--exclude-table=schema_version", url)
    # A dump names a key of its own in its first and last line.
    return "\n".join(line for line in dump.splitlines() if not line.startswith("\\"))


def run_file(url: str, file: Path) -> None:
    """Run a file as a person does, in psql."""
    _run("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={file}", url)


def _run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [str(binaries() / program), *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
