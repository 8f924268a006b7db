"""Items of the failed list, ours and others' (R12)."""

from __future__ import annotations

import base64
import json

import pytest

from system_daemon.jobs.failure_item import failure_item, read_item, unreadable_payload

PAYLOAD = rb'{"class":"C", "args":[1.0,"a\/b","}"],"id":"0f0e"}'


def test_r12_an_item_is_php_resques_byte_for_byte() -> None:
    item = failure_item(
        PAYLOAD, exception="HTTP", error='said "no"', worker="h:1:q", queue="q", now=0
    )
    assert item == (
        b'{"failed_at":"Thu Jan 01 00:00:00 UTC 1970","payload":' + PAYLOAD + b","
        rb'"exception":"HTTP","error":"said \"no\"","backtrace":[],"worker":"h:1:q","queue":"q"}'
    )


@pytest.mark.parametrize(
    "item",
    [
        b'{"failed_at":"x","payload":' + PAYLOAD + b',"exception":"E","error":"e","backtrace":["a"],"worker":"w","queue":"q"}',
        b' { "queue" : "q" , "worker":"w","error" : "e", "exception" : "E" ,\n"failed_at":"x", "payload" : ' + PAYLOAD + b' , "retried_at":null } ',
    ],
)  # fmt: skip
def test_the_payload_of_anybodys_item_keeps_its_bytes(item: bytes) -> None:
    found = read_item(item)
    assert found is not None
    assert found.payload == PAYLOAD
    assert (found.failed_at, found.exception, found.error) == ("x", "E", "e")
    assert (found.worker, found.queue, found.item) == ("w", "q", item)
    assert "a\\/b" not in repr(found)


@pytest.mark.parametrize(
    "item",
    [b"", b"{", b"[]", b'"x"', b'{"queue":"q"}', b'{"payload":{}}', b'{"a" 1}', b"\xff", b"[" * 9999],
)  # fmt: skip
def test_what_is_no_item_is_passed_over(item: bytes) -> None:
    assert read_item(item) is None


def test_bytes_that_are_no_payload_are_all_kept() -> None:
    raw = bytes(range(256))
    fields = json.loads(unreadable_payload(raw))
    assert base64.b64decode(fields["base64"]) == raw
    assert fields["class"] is None
    assert fields["args"] == []
