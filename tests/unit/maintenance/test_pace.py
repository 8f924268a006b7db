"""Full speed alone, short steps with rests beside others."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from system_daemon.maintenance.pace import STEP_ROWS, Pace


@dataclass
class World:
    """A clock, how much others write a second, and the rests that were taken."""

    now: float = 0.0
    others: float = 0.0
    looked: float = 0.0
    looks: int = 0
    rests: list[float] = field(default_factory=list)

    def look(self) -> int:
        written = round(self.others * (self.now - self.looked))
        self.looks, self.looked = self.looks + 1, self.now
        return written

    def pace(self) -> Pace:
        return Pace(self, clock=lambda: self.now, rest=self.rests.append)  # type: ignore[arg-type]


@pytest.fixture
def world() -> World:
    return World()


def test_it_begins_gently_and_goes_on_at_full_speed_where_nobody_writes(world: World) -> None:
    pace = world.pace()
    assert pace.at_most(1000) == STEP_ROWS
    pace.after(0.005)
    assert len(world.rests) == 1
    world.now = 0.3
    assert pace.at_most(1000) == 1000
    pace.after(0.1)
    assert len(world.rests) == 1, "nobody is there to rest for"


def test_beside_others_it_rests_longer_than_it_works(world: World) -> None:
    world.others = 200
    pace = world.pace()
    pace.at_most(1000)
    world.now = 1.0
    assert pace.at_most(1000) == STEP_ROWS
    for seconds in (0.001, 0.02, 0.5):
        pace.after(seconds)
        assert world.rests[-1] >= 2 * seconds
        assert world.rests[-1] >= 0.01
    assert pace.at_most(3) == 3, "never more than what it may take"


def test_a_write_now_and_then_slows_nothing(world: World) -> None:
    world.others = 2
    pace = world.pace()
    pace.at_most(1000)
    world.now = 10.0
    assert pace.at_most(1000) == 1000


def test_it_steps_back_as_soon_as_others_come(world: World) -> None:
    pace = world.pace()
    pace.at_most(1000)
    world.now = 1.0
    assert pace.at_most(1000) == 1000
    world.others, world.now = 50, 1.3
    assert pace.at_most(1000) == STEP_ROWS


def test_it_goes_on_when_nobody_has_come_for_a_while(world: World) -> None:
    world.others = 50
    pace = world.pace()
    pace.at_most(1000)
    world.now = 1.0
    pace.at_most(1000)
    world.others = 0
    allowed = {}
    for tenths in range(11, 50):
        world.now = tenths / 10
        allowed[tenths] = pace.at_most(1000)
    assert allowed[20] == STEP_ROWS, "others may only have paused"
    assert allowed[40] == 1000


def test_it_does_not_look_after_every_batch(world: World) -> None:
    pace = world.pace()
    for number in range(100):
        world.now = number * 0.01
        pace.at_most(1000)
    assert world.looks <= 5
