"""What each kind of answer means (R26-R30)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_daemon.outcome import Outcome
from system_daemon.services.answer import BODY_LIMIT, judge, refused_unread

JSON = "application/json"


def as_json(**content: object) -> bytes:
    return json.dumps(content).encode()


@pytest.mark.parametrize("code", ["success", "idle", "error"])
def test_r28_each_code_is_its_outcome(code: str) -> None:
    answer = judge(200, JSON, as_json(code=code, message="3 imported"))
    assert answer.outcome == code
    assert answer.message == "3 imported"
    assert answer.notes == ()


def test_the_seeds_own_answer_is_success_without_a_note() -> None:
    body = (
        b'{ "code": "success", "message": "Patient import result: Success: 0, Failed: 0", '
        b'"error_details": [] }'
    )
    answer = judge(200, "application/json; charset=UTF-8", body)
    assert (answer.outcome, answer.details, answer.notes) == (Outcome.SUCCESS, (), ())


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("Success", "unknown code 'Success', expected success, idle or error; did it mean 's"),
        ("sucess", "did it mean 'success'?"),
        ("ok", "unknown code 'ok', expected success, idle or error"),
        ("timeout", "unknown code 'timeout'"),
        ("x\n" * 500, r"unknown code 'x\nx\n"),
        (200, "expected success, idle or error as code, got a number"),
        (None, "got null"),
        (True, "got a boolean"),
        (["success"], "got an array"),
        ({}, "got an object"),
    ],
)
def test_r28_any_other_code_is_an_error_that_says_what_came(code: object, sentence: str) -> None:
    answer = judge(200, JSON, as_json(code=code, message="hello"))
    assert answer.outcome is Outcome.ERROR
    assert sentence in answer.message
    assert answer.message.endswith("; the service said: hello")
    assert len(answer.message) < 250


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "the answer is empty"),
        (b" \n", "the answer is empty"),
        (b"<html>CANARY</html>", "looks like HTML"),
        (b"CANARY", "the answer is not JSON (line 1, column 1)"),
        (b'{"code": "success",}', "the answer is not JSON (line 1, column "),
        (b'[{"code": "success"}]', "to be a JSON object, got an array"),
        (b'"success"', "got a string"),
        (b"null", "got null"),
        (b'{"code": "success", "n": NaN}', "NaN is not a JSON number"),
        (b'{"code": "success", "n": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"code": "success", "n": ' + b"9" * 5000 + b"}", "a number too long"),
        (b'{"code": "success", "n": ' + b"[" * 200_000, "nested too deeply"),
        (b'{"code": "success", "message": "\xff"}', "not valid UTF-8"),
        (b"{}", "the answer has no code"),
    ],
)
def test_r28_what_is_no_json_object_with_a_code_is_an_error(body: bytes, sentence: str) -> None:
    answer = judge(200, JSON, body)
    assert answer.outcome is Outcome.ERROR
    assert sentence in answer.message
    assert "CANARY" not in answer.message


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json; charset=iso-8859-1", '{"code":"idle","message":"é"}'.encode("latin-1")),
        ("APPLICATION/JSON ; charset=utf-8", '{"code":"idle","message":"é"}'.encode()),
        ("application/json", b"\xef\xbb\xbf" + '{"code":"idle","message":"é"}'.encode()),
        ("application/json; charset=nonsense", '{"code":"idle","message":"é"}'.encode()),
    ],
)
def test_r27_parameters_of_the_content_type_are_allowed(content_type: str, body: bytes) -> None:
    answer = judge(200, content_type, body)
    assert (answer.outcome, answer.message) == (Outcome.IDLE, "é")


@pytest.mark.parametrize(
    ("content_type", "sentence"),
    [
        ("text/html; charset=utf-8", "the answer is 'text/html', expected application/json"),
        ("", "the answer has no Content-Type, expected application/json"),
        ("application/jsonp", "the answer is 'application/jsonp'"),
    ],
)
def test_r27_another_content_type_is_an_error_unless_tolerated(
    content_type: str, sentence: str
) -> None:
    body = as_json(code="success", message="m")
    strict = judge(200, content_type, body)
    assert (strict.outcome, strict.message) == (
        Outcome.ERROR,
        f"{strict.message.split(';')[0]}; the service said: m",
    )
    assert strict.message.startswith(sentence)
    assert judge(200, content_type, body, any_content_type=True).outcome is Outcome.SUCCESS


@pytest.mark.parametrize("status", [400, 401, 404, 500, 503, 599, 999])
def test_r28_http_400_and_above_is_an_error_whatever_the_code_says(status: int) -> None:
    answer = judge(status, JSON, as_json(code="success", message="fine", status="x"))
    assert answer.outcome is Outcome.ERROR
    assert answer.message.startswith(f"HTTP {status}")
    assert answer.message.endswith("; the service said: fine")
    assert answer.said == ("fine",)


def test_r28_http_500_with_html_says_the_status() -> None:
    assert judge(500, "text/html", b"<h1>x").message == "HTTP 500 Internal Server Error"


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
def test_r26_a_redirect_is_an_error_that_names_the_host_only(status: int) -> None:
    answer = refused_unread(status, {"Location": "https://u:CANARY@other.example/CANARY?CANARY"})
    assert answer
    assert answer.outcome is Outcome.ERROR
    assert answer.message.startswith(f"HTTP {status}")
    assert "other.example" in answer.message
    assert "CANARY" not in answer.message


@pytest.mark.parametrize("location", ["", "/login", "http://[", "//\x1b[31m"])
def test_r26_a_redirect_to_nowhere_in_particular_is_an_error_too(location: str) -> None:
    answer = refused_unread(302, {"Location": location})
    assert answer
    assert "HTTP 302 Found: the service redirects" in answer.message
    assert "\x1b" not in answer.message


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "GZIP"])
def test_r27_an_encoding_that_was_not_asked_for_is_an_error(encoding: str) -> None:
    answer = refused_unread(200, {"Content-Encoding": encoding})
    assert answer
    assert "which was not asked for" in answer.message


def test_r27_a_length_beyond_the_limit_is_refused_before_reading() -> None:
    assert refused_unread(200, {"Content-Length": str(BODY_LIMIT + 1)})
    assert refused_unread(200, {"Content-Length": "9" * 5000})
    assert not refused_unread(200, {"Content-Length": str(BODY_LIMIT)})
    assert not refused_unread(200, {"Content-Length": "nonsense"})


@pytest.mark.parametrize(
    ("content", "said", "details", "notes"),
    [
        ({"error_details": ["a", "b\nc"]}, (), ("a", "b", "c"), 0),
        ({"error_details": None, "message": None}, (), (), 0),
        ({"error_details": "one"}, (), ("one",), 1),
        ({"error_details": [1, {"k": "é"}, None]}, (), ("1", '{"k": "é"}', "null"), 1),
        ({"error_details": {"k": 1}}, (), ('{"k": 1}',), 1),
        ({"details": ["a"]}, (), ("a",), 1),
        ({"details": ["a"], "error_details": ["b"]}, (), ("b",), 0),
        ({"message": 3}, ("3",), (), 1),
        ({"message": ["x", 1]}, ('["x", 1]',), (), 1),
        ({"message": "one\ntwo\x1b"}, ("one", r"two\x1b"), (), 0),
    ],
)
def test_r30_message_and_details_of_every_shape_are_shown_and_keep_the_outcome(
    content: dict[str, object], said: tuple[str, ...], details: tuple[str, ...], notes: int
) -> None:
    answer = judge(200, JSON, as_json(code="idle", **content))
    assert answer.outcome is Outcome.IDLE
    assert (answer.said, answer.details) == (said, details)
    assert len(answer.notes) == notes


def test_r30_the_dialect_status_is_understood_with_a_note() -> None:
    answer = judge(200, JSON, as_json(status="idle"))
    assert answer.outcome is Outcome.IDLE
    assert answer.notes == ("the answer says 'status' where the contract says 'code'",)
    assert judge(200, JSON, as_json(status=200)).message.startswith("the answer has no code")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.integers(200, 999).filter(lambda status: not 300 <= status < 400),
    st.text(max_size=30),
    st.dictionaries(
        st.sampled_from(["code", "status", "message", "error_details", "details"]), json_values
    ).map(lambda content: json.dumps(content).encode())
    | st.binary(max_size=200),
)
def test_r28_whatever_comes_is_judged(status: int, content_type: str, body: bytes) -> None:
    answer = judge(status, content_type, body)
    assert answer.outcome in {Outcome.SUCCESS, Outcome.IDLE, Outcome.ERROR}
    assert len(answer.message.splitlines()) <= 1
