"""Which claim Redis is asked for."""

from __future__ import annotations

from system_daemon.jobs.claim_numbers import ClaimNumbers

NONCE = "0123456789abcdef"


def test_the_same_claim_keeps_its_number_and_names_grow_with_it() -> None:
    numbers = ClaimNumbers(NONCE)
    assert numbers.begin("a", 5) == {1: 5}
    assert numbers.begin("b", 5) == {2: 5}
    assert numbers.begin("a", 5) == {1: 5}
    assert numbers.name(1) == NONCE + "00000001"
    assert numbers.name(9) < numbers.name(10) < numbers.name(255) < numbers.name(256)


def test_what_a_failed_claim_took_is_asked_for_with_the_next_one_and_no_more() -> None:
    numbers = ClaimNumbers(NONCE)
    numbers.failed(numbers.begin("a", 5))
    numbers.failed(numbers.begin("b", 5))
    assert numbers.begin("c", 3) == {1: 0, 2: 0, 3: 3}
    assert numbers.begin("d", 3) == {4: 3}


def test_a_failed_claim_that_is_repeated_is_asked_for_as_it_was() -> None:
    numbers = ClaimNumbers(NONCE)
    numbers.failed(numbers.begin("a", 5))
    assert numbers.begin("a", 5) == {1: 5}
    assert numbers.begin("b", 5) == {2: 5}


def test_only_the_latest_claims_are_remembered() -> None:
    numbers = ClaimNumbers(NONCE)
    for index in range(1000):
        numbers.begin(str(index), 1)
    assert numbers.begin("999", 1) == {1000: 1}
    assert numbers.begin("0", 1) == {1001: 1}


def test_a_session_made_anew_learns_the_last_answered_claim() -> None:
    numbers = ClaimNumbers(NONCE)
    numbers.answered(numbers.begin("a", 1))
    numbers.begin("b", 1)
    assert numbers.last_answered() == numbers.name(1)
