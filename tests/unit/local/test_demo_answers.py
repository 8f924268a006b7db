"""The scripts of the demo platform."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from system_daemon.local.demo_answers import DEFAULT_SCRIPTS, Answer, Script

ONE, TWO = Answer(code="success"), Answer(code="idle")


def test_the_last_answer_repeats() -> None:
    script = Script(answers=(ONE, TWO))
    assert [script.answer(call) for call in range(4)] == [ONE, TWO, TWO, TWO]


def test_the_whole_cycle_repeats_when_asked() -> None:
    script = Script(answers=(ONE, TWO), repeat=True)
    assert [script.answer(call) for call in range(4)] == [ONE, TWO, ONE, TWO]


def test_a_script_has_at_least_one_answer() -> None:
    with pytest.raises(ValidationError):
        Script(answers=())


def test_a_misspelled_key_is_refused() -> None:
    with pytest.raises(ValidationError):
        Script.model_validate({"answers": [{"coed": "success"}]})


def test_the_default_life_has_good_and_bad_days() -> None:
    codes = {name: {a.code for a in script.answers} for name, script in DEFAULT_SCRIPTS.items()}
    assert codes["import_patients"] == {"success", "idle"}
    assert codes["send_reminders"] == {"success", "idle", "error"}
