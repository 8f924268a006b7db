"""Full speed alone, short steps with rests beside others."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from system_daemon.maintenance.pace import Pace


@dataclass
class World:
    """A clock, what others do between two looks, and the rests that were taken."""

    now: float = 0.0
    others: int = 0
    looks: int = 0
    rests: list[float] = field(default_factory=list)

    def look(self) -> int:
        self.looks += 1
        return self.others

    def pace(self) -> Pace:
        return Pace(self, clock=lambda: self.now, rest=self.rests.append)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    return World()


def test_it_begins_gently_and_goes_on_at_full_speed_where_nobody_works(world: World) -> None:
    pace = world.pace()
    assert pace.at_most(1000) < 1000
    pace.after(50, 0.005)
    assert len(world.rests) == 1
    world.now = 0.6
    assert pace.at_most(1000) == 1000
    pace.after(1000, 0.1)
    assert len(world.rests) == 1, "nobody is there to rest for"


def test_beside_others_it_rests_longer_than_it_works(world: World) -> None:
    pace = world.pace()
    pace.at_most(1000)
    world.now, world.others = 1.0, 200
    assert pace.at_most(1000) < 1000
    for seconds in (0.001, 0.02, 0.5):
        pace.after(50, seconds)
        assert world.rests[-1] >= 2 * seconds
        assert world.rests[-1] > 0.01


def test_a_health_check_slows_nothing(world: World) -> None:
    pace = world.pace()
    pace.at_most(1000)
    world.now, world.others = 10.0, 10
    assert pace.at_most(1000) == 1000


def test_it_steps_back_as_soon_as_others_come_and_goes_on_when_they_are_gone(
    world: World,
) -> None:
    pace = world.pace()
    pace.at_most(1000)
    allowed = []
    for world.now, world.others in ((1.0, 0), (2.0, 500), (3.0, 0)):
        allowed.append(pace.at_most(1000) == 1000)
    assert allowed == [True, False, True]


def test_steps_are_as_many_rows_as_fit_into_a_moment(world: World) -> None:
    pace = world.pace()
    world.others = 500
    for _ in range(20):
        world.now += 1
        rows = pace.at_most(10_000)
        pace.after(rows, rows * 20e-6)
    quick = rows
    for _ in range(20):
        world.now += 1
        rows = pace.at_most(10_000)
        pace.after(rows, rows * 200e-6)
    slow = rows
    assert 100 < quick < 1000
    assert 10 <= slow < quick / 5
    assert pace.at_most(3) == 3, "never more than what it may take"


def test_it_looks_twice_a_second_and_not_after_every_batch(world: World) -> None:
    pace = world.pace()
    for number in range(100):
        world.now = number * 0.01
        pace.at_most(1000)
    assert world.looks == 2
