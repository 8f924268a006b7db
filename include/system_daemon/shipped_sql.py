"""Where the SQL that comes with the package is, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def shipped_sql(platform: str) -> Path:
    """The folder of a platform's SQL: ``include/sql/<platform>``; a wheel has its own copy."""
    installed = _PACKAGE / "_sql" / platform
    return installed if installed.is_dir() else _PACKAGE.parent / "sql" / platform
