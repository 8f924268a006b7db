"""``daemon_configuration.php``: the one shape that is read, and sentences for all else (R24)."""

from __future__ import annotations

import pytest

from system_daemon.configuration.json_text import JsonTextError
from system_daemon.configuration.php_schedules import names_schedules, read_schedules

SEED = (
    b"<?php $scheduledTasksFrequency[SystemMaintenance::DAEMON_OUTDATED_TASKS] = ['frequency' =>"
    b" 300, 'time' => null]; $scheduledTasksFrequency[SystemMaintenance::DAEMON_AVAILABLE_TASKS] ="
    b" ['frequency' => 300, 'time' => null];"
    b" $scheduledTasksFrequency[SystemMaintenance::DAEMON_PURGE_DB] = ['frequency' => null, 'time'"
    b" => '00:00']; $scheduledTasksFrequency[SystemMaintenance::DAEMON_SERVICE_TASKS] ="
    b" ['frequency' => 60, 'time' => null];"
    b" $scheduledTasksFrequency[SystemMaintenance::DAEMON_EXPIRED_ADMISSIONS] = ['frequency' =>"
    b" null, 'time' => '00:01']; $scheduledTasksFrequency[SystemMaintenance::DELAYED_NOTIFICATIONS]"
    b" = ['frequency' => 300, 'time' => null];"
)
"""The example of the original's documentation, byte for byte."""


def test_r24_the_seed() -> None:
    assert names_schedules(SEED)
    assert read_schedules(SEED) == [
        {"name": "OUTDATED_TASKS_CHECK", "frequency": 300, "time": None},
        {"name": "AVAILABLE_TASKS_CHECK", "frequency": 300, "time": None},
        {"name": "PURGE_DATABASE", "frequency": None, "time": "00:00"},
        {"name": "SERVICE_TASKS", "frequency": 60, "time": None},
        {"name": "EXPIRED_ADMISSIONS", "frequency": None, "time": "00:01"},
        {"name": "DELAYED_NOTIFICATIONS", "frequency": 300, "time": None},
    ]


def php(assignment: str) -> bytes:
    return f"<?php\n{assignment}".encode()


PURGE = "$scheduledTasksFrequency[SystemMaintenance::DAEMON_PURGE_DB]"


@pytest.mark.parametrize(
    ("assignment", "schedule"),
    [
        (f"{PURGE} = array('time' => \"01:30\",);", {"time": "01:30"}),
        (f"{PURGE}=['frequency'=>0.5] ?>\n", {"frequency": 0.5}),
        (f"# who\n{PURGE} /* why */ = [ // when\n 'time' => NULL ] ;", {"time": None}),
        (f"{PURGE} = [];", {}),
    ],
)
def test_what_php_may_spell_otherwise(assignment: str, schedule: dict[str, object]) -> None:
    assert read_schedules(php(assignment)) == [{"name": "PURGE_DATABASE", **schedule}]


def test_a_constant_that_nobody_knows_keeps_its_name() -> None:
    text = php("$scheduledTasksFrequency[SystemMaintenance::DAEMON_SNOW] = ['frequency' => 5];")
    assert read_schedules(text) == [{"name": "DAEMON_SNOW", "frequency": 5}]


@pytest.mark.parametrize(
    ("assignment", "sentence", "place"),
    [
        ("require 'x.php';", '= [...]; and nothing else, got "require"', (2, 1)),
        (f"{PURGE} = 5;", "expected ['frequency' => ..., 'time' => ...], got \"5\"", (2, 64)),
        (f"{PURGE} = ['time' => 60 * 5];", 'expected ",", got "*"', (2, 78)),
        (f"{PURGE} = ['time' => $t];", 'a quoted time of day or null, got "$t"', (2, 75)),
        (f"{PURGE} = ['every' => 5];", "'frequency' or 'time', each once, got a quoted", (2, 65)),
        (f"{PURGE} = ['time' => null]", 'expected ";", got the end', (2, 80)),
        (f"{PURGE} = ['time' => \"$t\"];", "without PHP variables", (2, 76)),
        (f"{PURGE} = ['time' => date('H')];", 'got "date"', (2, 75)),
        (f"{PURGE} = ['time' => null]; eval('x');", 'and nothing else, got "eval"', (2, 82)),
    ],
)
def test_other_php_is_never_executed_but_named(
    assignment: str, sentence: str, place: tuple[int, int]
) -> None:
    with pytest.raises(JsonTextError) as refused:
        read_schedules(php(assignment))
    assert sentence in str(refused.value)
    assert (refused.value.line, refused.value.column) == place
