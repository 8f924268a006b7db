"""The short way to a success says the same as the long one."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from system_daemon.jobs.handlers.endpoint import _plainly_done
from system_daemon.outcome import Outcome
from system_daemon.services.answer import judge

CODES = st.sampled_from(["success", "idle", "error", "Success", "", None, 1, ["success"]])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
BODIES = st.one_of(
    st.binary(max_size=40),
    st.builds(
        lambda code, more: json.dumps({**more, "code": code}).encode(),
        CODES,
        st.dictionaries(st.sampled_from(["message", "error_details", "status", "x"]), VALUES),
    ),
)
TYPES = st.sampled_from(
    ["application/json", "application/json; charset=utf-8", "text/html", "", "application/jsonp"]
)


@example(body=b'{"code":"success","x":NaN}', content_type="application/json")
@given(body=BODIES, content_type=TYPES)
def test_what_is_plainly_done_is_judged_as_done(body: bytes, content_type: str) -> None:
    if _plainly_done(body, content_type):
        assert judge(200, content_type, body).outcome in (Outcome.SUCCESS, Outcome.IDLE)


def test_it_is_taken_for_the_contracts_own_words() -> None:
    for code in ("success", "idle"):
        body = json.dumps({"code": code, "message": "3 patients"}).encode()
        assert _plainly_done(body, "application/json")
