"""Files that a command writes anew: whole or not at all, and never without a copy of the old."""

from __future__ import annotations

import os
import shutil
import tempfile
from itertools import count
from pathlib import Path


def replace_keeping_copy(file: Path, data: bytes) -> Path | None:
    """Write the file; the copy of what it was, or None where it was not there."""
    file = file.resolve()  # a link stays a link
    kept = _copy(file) if file.exists() else None
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        if kept:
            shutil.copymode(kept, written)
        else:
            written.chmod(0o644)
        written.replace(file)
    except BaseException:
        written.unlink(missing_ok=True)
        raise
    return kept


def _copy(file: Path) -> Path:
    """The first of ``.bak``, ``.bak2``, ``.bak3`` that is free."""
    names = (f"{file.name}.bak{number if number > 1 else ''}" for number in count(1))
    free = next(copy for name in names if not (copy := file.with_name(name)).exists())
    return Path(shutil.copy2(file, free))
