"""How Resque sees a consumer."""

from __future__ import annotations

import json
import os
import socket

import pytest

from system_daemon.jobs.worker_record import (
    is_ours,
    new_consumer,
    php_date,
    worker_id,
    working_packet,
)


def test_a_consumers_name_is_new_each_time_and_tells_the_process() -> None:
    one, other = new_consumer(), new_consumer()
    assert one != other
    assert one.startswith(f"{socket.gethostname()}:{os.getpid()}:")


@pytest.mark.parametrize(
    ("consumer", "worker"),
    [
        ("web1:4711:ab12", "system-daemon-web1-ab12:4711:mail"),
        ("web1:4711", "system-daemon-web1:4711:mail"),
        ("web1", "system-daemon-web1:0:mail"),
        ("jobs__mail:run:3", "system-daemon-jobs__mail-run-3:0:mail"),
    ],
)
def test_a_worker_is_host_pid_and_queue_and_its_host_is_no_machines(
    consumer: str, worker: str
) -> None:
    assert worker_id(consumer, "mail") == worker
    assert is_ours(worker)
    assert not is_ours("web1:4711:mail")


def test_dates_are_php_resques_whatever_the_locale() -> None:
    assert php_date(1763845206) == "Sat Nov 22 21:00:06 UTC 2025"
    assert php_date(0) == "Thu Jan 01 00:00:00 UTC 1970"


def test_the_current_jobs_packet_holds_its_payload_byte_for_byte() -> None:
    packet = working_packet('a/"b', b'{"class":"C", "args":[1.0]}', 0)
    assert packet == (
        rb'{"queue":"a\/\"b","run_at":"Thu Jan 01 00:00:00 UTC 1970",'
        rb'"payload":{"class":"C", "args":[1.0]}}'
    )
    assert json.loads(packet)["queue"] == 'a/"b'
