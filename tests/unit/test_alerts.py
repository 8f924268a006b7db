"""Which callbacks a DAG gets, and what becomes of a notifier that breaks."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

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


class Breaks:
    def __call__(self, context: Context) -> None:
        raise RuntimeError(f"could not send {context['alert'].sentence} with hunter2")


def alert(name: str, **keys: Any) -> Alert:
    return Alert(notifier=f"{__name__}.{name}", **keys)


@pytest.fixture(autouse=True)
def _nobody_told() -> None:
    TOLD.clear()


def context(*, before: str | None) -> Context:
    run = None if before is None else SimpleNamespace(state=before)
    return {
        "dag": SimpleNamespace(dag_id="service__a"),
        "run_id": "scheduled__1",
        "ti": SimpleNamespace(get_previous_dagrun=lambda: run),
    }


def test_where_nobody_is_to_be_told_airflow_has_nothing_to_call() -> None:
    assert callbacks(Settings()) == {}


def test_recoveries_are_told_only_to_those_who_want_them() -> None:
    quiet = Settings(alerts=(alert("Notes", arguments={"to": "us"}, on_recovery=False),))
    assert set(callbacks(quiet)) == {"on_failure_callback"}


@pytest.mark.parametrize(
    ("callback", "before", "titles"),
    [
        ("on_failure_callback", None, ["service__a fails"]),
        ("on_failure_callback", "success", ["service__a fails"]),
        ("on_failure_callback", "failed", []),
        ("on_success_callback", None, []),
        ("on_success_callback", "success", []),
        ("on_success_callback", "failed", ["service__a works again"]),
    ],
)
def test_one_message_a_change_of_state(
    callback: str, before: str | None, titles: list[str]
) -> None:
    settings = Settings(alerts=(alert("Notes", arguments={"to": "us"}),))
    callbacks(settings)[callback](context(before=before))
    assert [title for _, title in TOLD] == titles


def test_a_failure_is_told_where_airflow_gives_no_task_instance() -> None:
    settings = Settings(alerts=(alert("Notes", arguments={"to": "us"}),))
    bare = {key: value for key, value in context(before="failed").items() if key != "ti"}
    callbacks(settings)["on_failure_callback"](bare)
    assert [to for to, _ in TOLD] == ["us"]


def test_a_notifier_that_breaks_keeps_no_other_from_telling_and_its_words_stay_out_of_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = Settings(
        alerts=(alert("Breaks"), alert("Unknown"), alert("Notes", arguments={"to": "us"}))
    )
    with caplog.at_level(logging.ERROR):
        callbacks(settings)["on_failure_callback"](context(before=None))
    assert [to for to, _ in TOLD] == ["us"]
    broken, unknown = (record.getMessage() for record in caplog.records)
    assert "Breaks to tell that service__a fails, got RuntimeError" in broken
    assert "got AttributeError" in unknown
    assert "hunter2" not in caplog.text
