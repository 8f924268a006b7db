"""`system-daemon env` and `make env`: fresh secrets, for one person, never twice."""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from system_daemon.local.env_file import ENV_FILE, GENERATORS, TEMPLATE, filled, write_env_file
from system_daemon.local.failure import StackError
from tests.airflow_settings import PROJECT


def settings(text: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([A-Z_]+)=(.*)$", text))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(PROJECT / TEMPLATE, tmp_path)
    (tmp_path / "dags").mkdir()
    return tmp_path


def test_the_template_holds_no_secret() -> None:
    offered = settings((PROJECT / TEMPLATE).read_text())
    assert {name for name in GENERATORS if offered[name]} == set()


def test_every_secret_is_filled_in_and_none_twice(project: Path) -> None:
    made = settings(write_env_file(project).read_text())
    secrets = [made[name] for name in GENERATORS]
    assert len(set(secrets)) == len(GENERATORS)
    assert min(map(len, secrets)) >= 32
    assert len(base64.urlsafe_b64decode(made["FERNET_KEY"])) == 32
    assert len(made["JWT_SECRET"]) >= 64


def test_addresses_hold_the_password_that_was_made(project: Path) -> None:
    text = write_env_file(project).read_text()
    made = settings(text)
    password = made["PLATFORM_REDIS_PASSWORD"]
    assert made["SYSTEM_DAEMON_REDIS"] == f"redis://:{password}@platform-redis:6379/0"
    assert f":{made['PLATFORM_POSTGRES_PASSWORD']}@" in made["SYSTEM_DAEMON_POSTGRES"]
    assert not re.search(r"(?m)^[^#]*<", text)


def test_two_files_share_no_secret() -> None:
    template = (PROJECT / TEMPLATE).read_text()
    one, other = settings(filled(template)), settings(filled(template))
    assert all(one[name] != other[name] for name in GENERATORS)


def test_what_is_set_in_the_template_is_kept() -> None:
    assert settings(filled("ADMIN_PASSWORD=chosen\nOTHER=\n")) == {
        "ADMIN_PASSWORD": "chosen",
        "OTHER": "",
    }


def test_it_is_private(project: Path) -> None:
    assert write_env_file(project).stat().st_mode & 0o777 == 0o600


def test_a_file_that_is_there_is_left_alone(project: Path) -> None:
    write_env_file(project)
    first = (project / ENV_FILE).read_text()
    with pytest.raises(StackError, match="move it away to get fresh ones"):
        write_env_file(project)
    assert (project / ENV_FILE).read_text() == first


def test_without_a_template_it_says_where_to_go(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="run this in the folder of"):
        write_env_file(tmp_path)


def test_it_needs_nothing_installed(project: Path) -> None:
    """Before the first `docker compose up` there is Python and this folder, no more."""
    shutil.copytree(
        PROJECT / "include" / "system_daemon" / "local",
        project / "include" / "system_daemon" / "local",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    shutil.copy(PROJECT / "include/system_daemon/__init__.py", project / "include/system_daemon")
    done = subprocess.run(
        [sys.executable, "-S", "-m", "system_daemon.local.env_file"],
        env={"PYTHONPATH": str(project / "include"), "PATH": os.defpath},
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (project / ENV_FILE).exists()
