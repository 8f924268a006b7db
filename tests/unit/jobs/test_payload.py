"""Payloads of all producers, the id a job gets, and the marks that travel with it (R8, R10)."""

from __future__ import annotations

import json
import traceback
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_daemon.jobs.payload import Job, UnreadablePayloadError, read

TOKEN = "00112233445566770000000100000001"
PHP_1_2 = rb'{"class":"SendNotification","args":[{"to":"a\/b \u00e9"}],"id":"0f0e"}'
PHP_MASTER = rb'{"class":"C","args":[null],"id":"0f0e","queue_time":1763845200.1234}'
FORK = rb'{"class":"C","args":[{"a":[]}],"id":"0f0e","prefix":"app","queue_time":1763845200.1}'
RUBY = rb'{"class":"C","args":[1,"two",null]}'


@pytest.mark.parametrize(
    ("raw", "args", "prefix"),
    [
        (PHP_1_2, [{"to": "a/b é"}], None),
        (PHP_MASTER, [None], None),
        (FORK, [{"a": []}], "app"),
    ],
)
def test_r8_a_php_payload_keeps_its_id_and_its_bytes(
    raw: bytes, args: list[object], prefix: str | None
) -> None:
    job = read(raw, queue="q", token=TOKEN)
    assert (job.id, job.args, job.prefix, job.attempt, job.queue) == ("0f0e", args, prefix, 1, "q")
    assert job.raw == job.with_id() == job.marked() == raw


def test_r8_a_ruby_payload_gets_its_claims_id_where_php_resque_1_2_has_it() -> None:
    job = read(RUBY, queue="q", token=TOKEN)
    assert (job.id, job.args) == (TOKEN, [1, "two", None])
    assert job.raw == RUBY
    assert job.marked() == RUBY[:-1] + b',"id":"' + TOKEN.encode() + b'"}'
    again = read(job.marked(), queue="q", token="another")
    assert again.id == TOKEN
    assert again.marked() == job.marked()


@pytest.mark.parametrize("given_id", ["null", "{}", "[]", "true", "1.5", '""', '"\\ud800"'])
def test_an_id_that_is_none_is_replaced_for_life(given_id: str) -> None:
    raw = f'{{"id":{given_id},"class":"C","args":[]}} \n'.encode()
    job = read(raw, queue="q", token=TOKEN)
    assert job.id == TOKEN
    assert read(job.marked(), queue="q", token="another").id == TOKEN


def test_a_number_is_an_id() -> None:
    assert read(b'{"class":"C","id":7}', queue="q", token=TOKEN).id == "7"


def test_attempts_and_interruptions_travel_with_the_payload_and_leave_its_bytes_alone() -> None:
    first = replace(read(PHP_MASTER, queue="q", token=TOKEN), attempt=2)
    job = first.interrupted().interrupted()
    marks = b',"system_daemon":{"attempt":2,"interruptions":2}}'
    assert job.raw == PHP_MASTER[:-1] + marks
    again = read(job.raw, queue="q", token=TOKEN)
    assert (again.attempt, again.interruptions) == (2, 2)
    assert again.with_id() == PHP_MASTER


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b'"secret"',
        b'[{"class":"C"}]',
        b'{"args":["secret"]}',
        b'{"class":7,"args":["secret"]}',
        b'{"class":"","args":["secret"]}',
        b'{"class":"\\ud800","args":["secret"]}',
        b'{"class":"C","args":{"0":"secret"}}',
        b'{"class":"C","args":[NaN,"secret"]}',
        b'{"class":"C","args":["secret \xff"]}',
        b'{"class":"C","args":' + b"[" * 100_000,
        b'{"class":"C","args":[' + b"1" * 5000 + b',"secret"]}',
    ],
    ids=lambda raw: raw[:30].decode(errors="replace"),
)
def test_what_is_no_job_is_refused_in_a_sentence_without_its_content(raw: bytes) -> None:
    with pytest.raises(UnreadablePayloadError, match=r"^expected .*, got ") as refused:
        read(raw, queue="q", token=TOKEN)
    told = "".join(traceback.format_exception(refused.value))
    assert "secret" not in told
    assert refused.value.__context__ is None


def test_a_job_does_not_show_its_content() -> None:
    job = read(b'{"class":"C","args":["secret"],"id":"0f0e"}', queue="q", token=TOKEN)
    assert "0f0e" in repr(job)
    assert "secret" not in f"{job!r} {job} {[job]}"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(
    fields=st.fixed_dictionaries(
        {"class": st.just("C"), "args": st.lists(JSON, max_size=3)},
        optional={"id": JSON, "prefix": JSON, "queue_time": JSON, "system_daemon": JSON},
    ),
    separators=st.sampled_from([(",", ":"), (", ", ": ")]),
    after=st.sampled_from(["", " ", "\r\n"]),
    ascii_only=st.booleans(),
    attempts=st.integers(0, 3),
    interruptions=st.integers(0, 3),
)
def test_any_job_stays_the_same_job_through_all_its_lives(
    fields: dict[str, object],
    separators: tuple[str, str],
    after: str,
    ascii_only: bool,
    attempts: int,
    interruptions: int,
) -> None:
    raw = (json.dumps(fields, separators=separators, ensure_ascii=ascii_only) + after).encode()
    first = job = read(raw, queue="q", token=TOKEN)
    for _ in range(attempts):
        job = replace(job, attempt=job.attempt + 1)
        job = _claimed_again(replace(job, raw=job.marked()))
    for _ in range(interruptions):
        job = _claimed_again(job.interrupted())
    assert (job.id, job.job_class, job.args, job.prefix) == (
        first.id,
        "C",
        first.args,
        first.prefix,
    )
    assert job.attempt == first.attempt + attempts
    assert job.interruptions == first.interruptions + interruptions


def _claimed_again(job: Job) -> Job:
    return read(job.raw, queue="q", token="ffffffffffffffff0000000100000001")
