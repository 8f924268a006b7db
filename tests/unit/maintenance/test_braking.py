"""The brake's limit: an absolute number, or so many times the median of the last runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from system_daemon.configuration.maintenance import Brake
from system_daemon.maintenance.braking import brake_error, limit


@pytest.mark.parametrize(
    ("brake", "history", "rows"),
    [
        (None, [1] * 30, None),
        (Brake(max_rows=None, times_median=None), [1] * 30, None),
        (Brake(max_rows=500, times_median=None), [1] * 30, 500),
        (Brake(max_rows=None, times_median=3), [1000] * 30, 3000),
        (Brake(max_rows=2000, times_median=3), [1000] * 30, 2000),
        (Brake(max_rows=9000, times_median=3), [1000] * 30, 3000),
        # Too few runs to say what is usual.
        (Brake(max_rows=None, times_median=3), [1000] * 4, None),
        (Brake(max_rows=None, times_median=3), [1000] * 5, 3000),
        (Brake(max_rows=None, times_median=3), [], None),
        # After quiet nights a busy one must pass.
        (Brake(max_rows=None, times_median=3), [0] * 30, 1000),
        (Brake(max_rows=None, times_median=3), [333, 334, 335, 336, 337], 1005),
        # One night that was extraordinary moves no median.
        (Brake(max_rows=None, times_median=2), [1000, 1000, 1000, 1000, 10**9], 2000),
        (Brake(max_rows=None, times_median=2.5), [1000, 1001] * 3, 2501),
    ],
)
def test_the_smaller_limit_holds(
    brake: Brake | None, history: Sequence[int], rows: int | None
) -> None:
    allowed = limit(brake, history)
    assert (allowed and allowed.rows) == rows


def test_the_sentence_says_why_and_how_to_let_it_pass() -> None:
    allowed = limit(Brake(max_rows=None, times_median=3), [1000] * 5)
    assert allowed is not None
    assert str(brake_error(12_345, allowed)) == (
        "expected at most 3,000 rows to act on (3 times the median of its last 5 runs, 1,000;"
        " 1,000 are always allowed), got 12,345 or more; nothing was changed. Look with dry_run,"
        " then trigger the DAG with allow_more"
    )
