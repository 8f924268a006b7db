"""What the engine does for `user` and `read_only`, as far as a machine without one can do it.

Where the tests run as root, containers run as `nobody`. The tree, the packages and the tests' own
folders may lie where only root can look; so they keep the one capability with which everything can
be read and nothing more be written. Where the tests run as an ordinary user, what is sealed lacks
the permission to write.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
from pathlib import Path

_CAPABILITY = "+dac_read_search"
_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def prefix() -> list[str]:
    """What stands before each command of a container."""
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    assert setpriv is not None, "expected setpriv (package util-linux) on PATH, got none"
    nobody = pwd.getpwnam("nobody")
    return [
        setpriv,
        f"--reuid={nobody.pw_uid}",
        f"--regid={nobody.pw_gid}",
        "--clear-groups",
        f"--inh-caps={_CAPABILITY}",
        f"--ambient-caps={_CAPABILITY}",
        # access(2) is to see what open(2) sees.
        "--securebits=+no_setuid_fixup",
        "--",
    ]


def give(folder: Path) -> None:
    """A folder that containers may write to."""
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        os.chown(folder, nobody.pw_uid, nobody.pw_gid)


def seal(folder: Path) -> None:
    """A folder that nobody may write to, with all that is in it."""
    for path in (*folder.rglob("*"), folder):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode & ~_WRITE)
