"""What others wrote becomes one harmless line each (R3, R29, R30)."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_daemon.outcome import Outcome
from system_daemon.services.log_lines import (
    LINE_LIMIT,
    LINES_LIMIT,
    clean,
    lines,
    log_outcome,
    outcome_line,
)
from system_daemon.services.result import Result


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        pytest.param("\x1b[2J\x1b[31mred", r"\x1b[2J\x1b[31mred", id="ansi colours"),
        pytest.param("\x1b]0;title\x07", r"\x1b]0;title\x07", id="ansi title"),
        pytest.param("\x9b31m", r"\x9b31m", id="one-byte escape"),
        pytest.param("a\r\nservice=x", r"a\r\nservice=x", id="newline"),
        pytest.param("a\x00b\x08c\x7f", r"a\x00b\x08c\x7f", id="nul, backspace, delete"),
        pytest.param("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d", id="unicode newlines"),
        pytest.param("\u202eevil\u2066", r"\u202eevil\u2066", id="bidi"),
        pytest.param("a\u200b\ufeffb", r"a\u200b\ufeffb", id="zero width"),
        pytest.param("\ud800", r"\ud800", id="lone surrogate"),
        pytest.param("\U000e0041", r"\U000e0041", id="tag character"),
        pytest.param("a\tb", "a b", id="tab"),
        pytest.param(
            "Paciente José Núñez 患者 👩‍⚕️", "Paciente José Núñez 患者 👩‍⚕️", id="languages"
        ),
    ],
)
def test_r29_control_characters_are_shown_not_obeyed(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


@given(st.text(st.characters()))
def test_r29_a_cleaned_text_is_always_one_encodable_line(text: str) -> None:
    shown = clean(text)
    assert len(shown.splitlines()) <= 1
    assert len(shown) <= LINE_LIMIT
    shown.encode("utf-8")


def test_r30_a_long_line_is_cut_with_a_mark() -> None:
    assert clean("x" * 5000) == "x" * (LINE_LIMIT - 1) + "…"
    assert clean("x" * LINE_LIMIT) == "x" * LINE_LIMIT


def test_r30_surplus_lines_are_counted() -> None:
    shown = lines(f"line {n}" for n in range(LINES_LIMIT + 37))
    assert len(shown) == LINES_LIMIT + 1
    assert shown[-1] == "... and 37 more"


def test_r29_every_kind_of_newline_begins_a_line_of_its_own() -> None:
    assert lines(["one\ntwo\r\nthree\u2028four\x0bfive\n\n"]) == (
        "one",
        "two",
        "three",
        "four",
        "five",
    )


def test_r3_the_outcome_line_is_greppable_and_cannot_be_forged() -> None:
    result = Result(
        outcome=Outcome.ERROR,
        message='said "x" outcome=success\nservice=y',
        http_status=503,
        duration_ms=12,
    )
    assert outcome_line("import_patients", result) == (
        "service=import_patients outcome=error http_status=503 duration_ms=12 "
        r'message="said \"x\" outcome=success\\nservice=y"'
    )


def test_r3_a_name_with_spaces_is_quoted_and_no_status_is_a_dash() -> None:
    line = outcome_line("Import patients", Result(outcome=Outcome.LOCKED, message=""))
    assert line.startswith('service="Import patients" outcome=locked http_status=- ')


@pytest.mark.parametrize(
    ("outcome", "level"),
    [
        (Outcome.SUCCESS, logging.INFO),
        (Outcome.IDLE, logging.INFO),
        (Outcome.LOCKED, logging.INFO),
        (Outcome.ERROR, logging.ERROR),
        (Outcome.TIMEOUT, logging.ERROR),
    ],
)
def test_r3_each_outcome_has_its_level(
    outcome: Outcome, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        log_outcome(logging.getLogger("x"), "s", Result(outcome=outcome, message="100 %s"))
    assert [record.levelno for record in caplog.records] == [level]
    assert 'message="100 %s"' in caplog.text
