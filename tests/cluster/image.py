"""The folders of the image, laid out as the Dockerfile says, with the volumes mounted."""

from __future__ import annotations

import compileall
import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from tests.cluster.confinement import give, seal

HOME = "/opt/airflow"
_COPY = re.compile(r"(?m)^COPY --chown=\S+ (?P<source>\w+) \$\{AIRFLOW_HOME\}/(?P<target>\w+)$")


def build(project: Path, folder: Path) -> Path:
    """What is in `/opt/airflow` of the image; the requirements are installed elsewhere."""
    folder.mkdir()
    dockerfile = (project / "Dockerfile").read_text(encoding="utf-8")
    for copied in _COPY.finditer(dockerfile):
        shutil.copytree(
            project / copied["source"],
            folder / copied["target"],
            ignore=shutil.ignore_patterns("__pycache__", ".*"),
        )
    assert "touch ${AIRFLOW_HOME}/airflow.cfg" in dockerfile
    (folder / "airflow.cfg").touch()
    (folder / "logs").mkdir()
    return folder


def freeze(folder: Path) -> None:
    """As `read_only` makes it, but for the volume of the logs."""
    compileall.compile_dir(folder, quiet=1)
    seal(folder)
    (folder / "logs").chmod(0o755)
    give(folder / "logs")


def mount(folder: Path, beside: Path, volumes: Iterable[tuple[str, str]]) -> None:
    """Put folders that lie beside the file in the place of the image's own.

    A named volume begins as a copy of what the image has there: that is there already.
    """
    for source, target in volumes:
        if source.startswith("./") and target.startswith(f"{HOME}/"):
            place = folder / target.removeprefix(f"{HOME}/")
            if place.is_symlink():
                continue
            shutil.rmtree(place)
            place.symlink_to((beside / source).resolve())
