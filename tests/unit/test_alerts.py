"""Who is told what after which runs, and what becomes of a notifier that breaks."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from system_daemon import alerts
from system_daemon.alerts import Context, callbacks
from system_daemon.configuration.alerts import Alert
from system_daemon.configuration.settings import Settings

TOLD: list[tuple[str, str]] = []


class Notes:
    """A notifier of the shape that Airflow's have."""

    def __init__(self, *, to: str) -> None:
        self.to = to

    def __call__(self, context: Context) -> None:
        TOLD.append((self.to, context["alert"].title))


class Remembered:
    """Airflow's variables and XComs, as far as alerts ask for them."""

    def __init__(self) -> None:
        self.failing: set[str] = set()
        self.outcomes: dict[str, str] = {}

    def fails(self, dag_id: str) -> bool:
        return dag_id in self.failing

    def set_failing(self, dag_id: str, run_id: str) -> None:
        self.failing.add(dag_id)

    def set_working(self, dag_id: str) -> None:
        self.failing.remove(dag_id)

    def left_by(self, dag_id: str, run_id: str, task_id: str, key: str) -> str | None:
        return self.outcomes.get(run_id) if (task_id, key) == ("call", "outcome") else None


class Breaks:
    def __call__(self, context: Context) -> None:
        raise RuntimeError(f"could not send {context['alert'].sentence} with hunter2")


def alert(name: str, **keys: Any) -> Alert:
    return Alert(notifier=f"{__name__}.{name}", **keys)


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> Remembered:
    TOLD.clear()
    found = Remembered()
    monkeypatch.setattr(alerts, "standing", found)
    return found


def context(run: str = "scheduled__1", *, skipped: bool = False) -> Context:
    """What Airflow gives a callback; no task instance where every task was skipped."""
    given: Context = {
        "dag": SimpleNamespace(dag_id="service__a", task_ids=["call"]),
        "run_id": run,
    }
    return given if skipped else given | {"ti": object()}


def play(settings: Settings, remembered: Remembered, outcomes: list[str]) -> list[str]:
    """The titles that are told while runs of a service end so, one after the other."""
    TOLD.clear()
    for number, outcome in enumerate(outcomes):
        run = f"run_{number}"
        remembered.outcomes[run] = outcome
        failed = outcome in {"error", "timeout"}
        callback = callbacks(settings)["on_failure_callback" if failed else "on_success_callback"]
        callback(context(run, skipped=outcome in {"idle", "locked"}))
    return [title.removeprefix("service__a ") for _, title in TOLD]


def test_where_nobody_is_to_be_told_airflow_has_nothing_to_call() -> None:
    assert callbacks(Settings()) == {}


FAILS, WORKS = "fails", "works again"
US = Settings(alerts=(alert("Notes", arguments={"to": "us"}),))


@pytest.mark.parametrize(
    ("outcomes", "titles"),
    [
        (["success", "idle", "locked"], []),
        (["error"], [FAILS]),
        (["success", "error", "timeout", "error"], [FAILS]),
        (["error", "success", "success"], [FAILS, WORKS]),
        (["error", "idle", "success"], [FAILS, WORKS]),
        (["error", "locked", "error", "locked"], [FAILS]),
        (["error", "locked", "locked", "idle"], [FAILS, WORKS]),
        (["error", "success", "error", "idle"], [FAILS, WORKS] * 2),
    ],
)
def test_one_message_a_change_of_state(
    remembered: Remembered, outcomes: list[str], titles: list[str]
) -> None:
    assert play(US, remembered, outcomes) == titles


def test_a_run_that_was_cleared_counts_by_how_it_ended_last(remembered: Remembered) -> None:
    callbacks(US)["on_failure_callback"](context("scheduled__1"))
    callbacks(US)["on_success_callback"](context("scheduled__1"))
    callbacks(US)["on_success_callback"](context("scheduled__2"))
    assert [title for _, title in TOLD] == ["service__a fails", "service__a works again"]


def test_recoveries_are_told_only_to_those_who_want_them(remembered: Remembered) -> None:
    quiet = Settings(alerts=(alert("Notes", arguments={"to": "us"}, on_recovery=False),))
    assert play(quiet, remembered, ["error", "success", "error"]) == [FAILS, FAILS]


def test_runs_that_have_nothing_to_do_with_each_other_are_told_one_by_one() -> None:
    alone = callbacks(US, each_run=True)
    assert set(alone) == {"on_failure_callback"}
    for run in ("job__1", "job__2"):
        alone["on_failure_callback"](context(run))
    assert [title for _, title in TOLD] == ["service__a fails"] * 2


def test_what_nobody_could_be_told_is_told_after_the_next_run(remembered: Remembered) -> None:
    unreachable = Settings(alerts=(alert("Breaks"),))
    assert play(unreachable, remembered, ["error"]) == []
    assert play(US, remembered, ["error"]) == [FAILS]
    assert play(unreachable, remembered, ["success"]) == []
    assert play(US, remembered, ["success"]) == [WORKS]


def test_a_failure_is_told_where_airflow_cannot_remember(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> bool:
        raise ConnectionError("postgresql://airflow:hunter2@postgres")

    monkeypatch.setattr(alerts, "standing", SimpleNamespace(fails=away, set_failing=away))
    callbacks(US)["on_failure_callback"](context())
    callbacks(US)["on_success_callback"](context())
    assert [title for _, title in TOLD] == ["service__a fails"]
    assert "got ConnectionError" in caplog.text
    assert "hunter2" not in caplog.text


def test_a_notifier_that_breaks_keeps_no_other_from_telling_and_its_words_stay_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = Settings(
        alerts=(alert("Breaks"), alert("Unknown"), alert("Notes", arguments={"to": "us"}))
    )
    with caplog.at_level(logging.ERROR):
        callbacks(settings)["on_failure_callback"](context())
    assert [to for to, _ in TOLD] == ["us"]
    broken, unknown = (record.getMessage() for record in caplog.records)
    assert "Breaks to tell that service__a fails, got RuntimeError" in broken
    assert "got AttributeError" in unknown
    assert "hunter2" not in caplog.text
