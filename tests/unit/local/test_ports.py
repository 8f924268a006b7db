"""A stack takes the usual ports where it can and never one that somebody has."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from system_daemon.local.failure import StackError
from system_daemon.local.ports import PortChoice, free_port, is_free


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path))


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_the_usual_port_is_taken_when_it_is_free() -> None:
    usual = free_port()
    assert PortChoice().choose(usual) == usual


def test_another_port_is_taken_when_somebody_listens_on_the_usual_one(taken: int) -> None:
    chosen = PortChoice().choose(taken)
    assert chosen != taken
    assert is_free(chosen)


def test_a_listener_on_every_interface_counts_as_taken() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not is_free(server.getsockname()[1])


def test_two_stacks_that_start_together_choose_different_ports() -> None:
    usual = free_port()
    first, second = PortChoice(), PortChoice()
    assert first.choose(usual) == usual
    assert second.choose(usual) != usual
    first.release()
    assert PortChoice().choose(usual) == usual


def test_a_port_asked_for_by_number_must_be_free(taken: int) -> None:
    with pytest.raises(StackError, match=f"expected port {taken} to be free"):
        PortChoice().require(taken)
