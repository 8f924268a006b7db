"""The brake: a run that would touch far more rows than usual stops before its first change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from system_daemon.configuration.maintenance import Brake

ALWAYS_ALLOWED = 1_000
"""Rows that no comparison with earlier runs stops: the median of quiet nights is near nothing."""
_RUNS_TO_COMPARE = 5


class BrakeError(Exception):
    """A run would touch more rows than the brake allows; nothing was changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The most rows that a run may touch, and why."""

    rows: int
    reason: str


def limit(brake: Brake | None, history: Sequence[int]) -> Limit | None:
    """The smaller one of the brake's two limits; None: no limit.

    Args:
        brake: None for a task that is not destructive.
        history: rows that the last runs touched. The comparison begins with five runs.
    """
    if brake is None:
        return None
    limits = []
    if brake.max_rows is not None:
        limits.append(Limit(rows=brake.max_rows, reason="max_rows of its brake"))
    if brake.times_median is not None and len(history) >= _RUNS_TO_COMPARE:
        usual = median(history)
        limits.append(
            Limit(
                rows=max(int(brake.times_median * usual), ALWAYS_ALLOWED),
                reason=(
                    f"{brake.times_median:g} times the median of its last {len(history)} runs,"
                    f" {usual:,g}; {ALWAYS_ALLOWED:,} are always allowed"
                ),
            )
        )
    return min(limits, key=lambda each: each.rows, default=None)


def brake_error(found: int, allowed: Limit) -> BrakeError:
    """The sentence that says how to let the run pass."""
    return BrakeError(
        f"expected at most {allowed.rows:,} rows to act on ({allowed.reason}), got {found:,} or"
        " more;"
        " nothing was changed. Look with dry_run, then trigger the DAG with allow_more"
    )
