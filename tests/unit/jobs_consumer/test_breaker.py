"""The break of a route: when it opens, for how long, and when it forgets."""

from __future__ import annotations

from system_daemon.jobs.breaker import Breaker


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_opens_at_ten_failures_that_are_at_least_half_of_the_last_twenty() -> None:
    breaker = Breaker(_Clock())
    for _ in range(9):
        breaker.failed()
    assert breaker.until is None
    breaker.failed()
    assert breaker.until == 105

    breaker = Breaker(_Clock())
    for _ in range(40):
        breaker.succeeded()
        breaker.succeeded()
        breaker.failed()
    assert breaker.until is None, "a third of the attempts fails"
    for _ in range(40):
        breaker.succeeded()
        breaker.failed()
    assert breaker.until is not None, "half of them"


def test_each_failure_in_succession_doubles_the_pause_up_to_a_minute() -> None:
    clock = _Clock()
    breaker = Breaker(clock)
    breaker.open()
    pauses = []
    for _ in range(6):
        assert breaker.until is not None
        pauses.append(breaker.until - clock.now)
        clock.now = breaker.until
        breaker.probe()
        assert breaker.half_open
        breaker.failed()
    assert pauses == [5, 10, 20, 40, 60, 60]


def test_one_success_closes_it_and_twenty_make_it_forget() -> None:
    clock = _Clock()
    breaker = Breaker(clock)
    for successes, next_pause in ((1, 10), (20, 5)):
        breaker.open()
        breaker.probe()
        for _ in range(successes):
            breaker.succeeded()
        assert not breaker.half_open
        breaker.open()
        assert breaker.until == clock.now + next_pause
        breaker.probe()
        for _ in range(20):
            breaker.succeeded()


def test_what_was_begun_before_it_opened_counts_no_more() -> None:
    breaker = Breaker(_Clock())
    breaker.open()
    until = breaker.until
    breaker.failed()
    breaker.succeeded()
    assert breaker.until == until


def test_a_pause_that_was_asked_for_is_no_failure() -> None:
    breaker = Breaker(_Clock())
    breaker.wait(30)
    breaker.wait(2)
    assert breaker.until == 130, "the longer one holds"
    breaker.probe()
    breaker.succeeded()
    breaker.open()
    assert breaker.until == 105, "the pauses of failures have not grown"
