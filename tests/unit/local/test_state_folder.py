"""What a state folder holds beside data: secrets made once, the record of a stack, one lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from system_daemon.local.failure import StackError
from system_daemon.local.generated_secrets import load, load_or_create
from system_daemon.local.processes import ProcessIdentity
from system_daemon.local.stack_record import StackFile, StackRecord, read_record, remove_record
from system_daemon.local.stack_status import NOT_RUNNING, stack_status
from system_daemon.local.state_lock import state_lock

LONG_GONE = ProcessIdentity(pid=1, started=-1000.0, boot="an earlier boot")


def test_secrets_are_made_once_and_are_private(tmp_path: Path) -> None:
    first = load_or_create(tmp_path)
    assert load_or_create(tmp_path) == first
    assert load(tmp_path) == first
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_two_state_folders_share_no_secret(tmp_path: Path) -> None:
    one, other = load_or_create(tmp_path / "one"), load_or_create(tmp_path / "other")
    assert one.postgres_password != other.postgres_password
    assert one.fernet_key != other.fernet_key


def test_broken_secrets_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text("{}")
    with pytest.raises(StackError, match="remove the folder"):
        load_or_create(tmp_path)


def test_the_record_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    record = StackRecord(supervisor=LONG_GONE, ports={"airflow": 8080}, url="http://localhost:8080")
    file = StackFile(tmp_path, record)
    file.add("redis", LONG_GONE)
    file.ready()
    stored = read_record(tmp_path)
    assert stored is not None
    assert stored.processes == {"redis": LONG_GONE}
    assert stored.ports == {"airflow": 8080}
    assert stored.ready
    assert (tmp_path / "stack.json").stat().st_mode & 0o777 == 0o600
    remove_record(tmp_path)
    assert read_record(tmp_path) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"supervisor": {"pid": 1}}'])
def test_a_record_that_cannot_be_understood_is_no_obstacle(tmp_path: Path, text: str) -> None:
    (tmp_path / "stack.json").write_text(text)
    assert read_record(tmp_path) is None


def test_a_record_of_long_gone_processes_means_that_nothing_runs(tmp_path: Path) -> None:
    StackFile(tmp_path, StackRecord(supervisor=LONG_GONE, url="http://localhost:8080"))
    assert stack_status(tmp_path) == NOT_RUNNING


def test_one_stack_holds_the_lock(tmp_path: Path) -> None:
    with state_lock(tmp_path) as first:
        assert first
        with state_lock(tmp_path) as second:
            assert not second
    with state_lock(tmp_path) as third:
        assert third
