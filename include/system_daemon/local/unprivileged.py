"""Run a program as the user `nobody` when we are root: PostgreSQL refuses to run as root.

The program may live in folders that only root can enter (a checkout under /root). Instead of
changing anybody's folders it keeps one capability, to pass them: `dac_override`. The kernel's
access(2) looks at the real user unless the bit `no_setuid_fixup` is set, and PostgreSQL asks
access(2) whether it may execute itself: hence the bit.
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

from system_daemon.local.failure import StackError

_USER = "nobody"


def prefix() -> list[str]:
    """What to put before a command so that it does not run as root; nothing for other users.

    Raises StackError where `setpriv` is missing.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackError(
            "expected the program setpriv (package util-linux), because PostgreSQL refuses to run "
            "as root, got none on PATH; install util-linux or run as an ordinary user"
        )
    account = pwd.getpwnam(_USER)
    return [
        setpriv,
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--securebits=+no_setuid_fixup",
        "--",
    ]


def give(folder: Path) -> None:
    """Make `folder` and what is in it the property of the user that `prefix` switches to."""
    if os.geteuid() != 0:
        return
    account = pwd.getpwnam(_USER)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
