"""Where the project and its state folder are."""

from __future__ import annotations

from pathlib import Path

from system_daemon.local.failure import StackError

_STATE = ".system-daemon"


def project_root() -> Path:
    """The folder with dags/: the checkout this package is in, else the current one.

    Raises StackError where neither has one.
    """
    checkout = Path(__file__).resolve().parents[3]
    for folder in (checkout, Path.cwd()):
        if (folder / "dags").is_dir():
            return folder
    raise StackError(
        f"expected a folder with dags/ in it, got {Path.cwd()}; "
        "change to the root of the DAG project"
    )


def default_state(project: Path) -> Path:
    """The state folder of a project when no other is asked for."""
    return project / _STATE
