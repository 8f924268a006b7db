"""`system-daemon check`: every problem at once, for people and for scripts."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.folders import run, write
from tests.unit.configuration.samples import SEED_JSON, daily, interval, plan, without


def test_a_fine_configuration_in_one_line(tmp_path: Path) -> None:
    result = run("check", "--config", write(tmp_path, daily(), interval(name="b")))
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "no problems; 2 services are valid\n"


def test_problems_by_file_errors_first_and_a_count(tmp_path: Path) -> None:
    entries = [without(daily(name="a"), "timeout"), daily(name="b", timeout=0), daily(name="c")]
    write(tmp_path, *entries, 5, settings={"colour": 1})
    result = run("check", "--config", tmp_path)
    assert result.exit_code == 1
    blocks = result.stdout.split("\n\n")
    assert [block.splitlines()[0] for block in blocks] == [
        "settings.json",
        "external_services.json",
        "3 errors, 1 warning; 2 services are valid",
    ]
    assert [line.split(":")[0].split() for line in blocks[1].splitlines()[1:]] == [
        ["error", "[1].timeout"],
        ["error", "[3]"],
        ["warning", "[0].timeout"],
    ]
    assert result.stdout.endswith("3 errors, 1 warning; 2 services are valid\n")


def test_warnings_alone_are_fine(tmp_path: Path) -> None:
    (tmp_path / "external_services.json").write_bytes(SEED_JSON)
    result = run("check", "--config", tmp_path)
    assert result.exit_code == 0
    assert result.stdout.endswith("\n2 warnings; 1 service is valid\n")


def test_json_is_all_that_scripts_get(tmp_path: Path) -> None:
    write(tmp_path, daily(name="my import"), daily(name="b", timeout=0), plan(time="02:30"))
    result = run("check", "--json", "--config", tmp_path)
    assert (result.exit_code, result.stderr) == (1, "")
    told = json.loads(result.stdout)
    assert list(told) == ["services", "queues", "maintenance", "problems"]
    assert told["services"] == [
        {"name": "my import", "dag_id": "service__my_import"},
        {"name": "import_patients", "dag_id": "service__import_patients"},
    ]
    assert told["problems"][0] == {
        "severity": "error",
        "file": "external_services.json",
        "where": "[1].timeout",
        "message": "expected a number of seconds above 0, up to 604800, got 0",
    }
    assert [problem["severity"] for problem in told["problems"]] == ["error", "warning"]
    assert all(
        list(problem) == ["severity", "file", "where", "message"] for problem in told["problems"]
    )


def test_json_of_a_fine_configuration(tmp_path: Path) -> None:
    result = run("check", "--json", "--config", write(tmp_path))
    assert (result.exit_code, json.loads(result.stdout)) == (
        0,
        {"services": [], "queues": [], "maintenance": [], "problems": []},
    )


def test_json_can_be_printed_wherever_it_is_run(tmp_path: Path) -> None:
    write(tmp_path, daily(name="импорт"), daily(name="b", endpoint="\ud800"))
    result = run("check", "--json", "--config", tmp_path)
    assert result.stdout.isascii()
    assert json.loads(result.stdout)["services"][0]["name"] == "импорт"


def test_a_file_beyond_repair(tmp_path: Path) -> None:
    (tmp_path / "external_services.json").write_text("[oops")
    result = run("check", "--config", tmp_path)
    assert result.exit_code == 1
    assert result.stdout == (
        'external_services.json\n  error    line 1, column 2: expected a value, got "o"\n\n'
        "1 error; 0 services are valid\n"
    )


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(tmp_path / "none"))
    result = run("check")
    assert result.exit_code == 1
    assert f"expected a file in {tmp_path / 'none'}, got: No such file" in result.stdout


@pytest.mark.parametrize("arguments", [["--config", "/nowhere"], ["--colour"], ["x"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    result = run("check", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")


def long_and_odd(folder: Path) -> tuple[str, str]:
    """An entry whose problem is a line longer than any terminal, with what rich might read."""
    key = ":smile:[red]" + "x" * 40
    write(folder, daily(**{key: 1}), daily(name="b", parameters={"a" * 50: {"b" * 50: {"pwd": 1}}}))
    return f'[0]["{key}"]: expected one of', f"[1].parameters.{'a' * 50}.{'b' * 50}.pwd: expected"


def test_lines_are_never_cut_wrapped_or_read_as_markup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = long_and_odd(tmp_path)
    shown = run("check", "--config", tmp_path).stdout.splitlines()
    assert len(shown) == 5
    for line in lines:
        assert any(each.startswith(f"  error    {line}") for each in shown), line
    assert "\x1b" not in "".join(shown)


def test_colours_only_on_a_terminal(tmp_path: Path) -> None:
    where, _ = long_and_odd(tmp_path)
    command = [sys.executable, "-m", "system_daemon.cli", "check", "--config", str(tmp_path)]
    include = Path(__file__).parents[3] / "include"
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(include), "TERM": "xterm"}
    piped = subprocess.run(command, env=environment, capture_output=True, check=False, text=True)
    assert piped.returncode == 1
    assert "\x1b" not in piped.stdout

    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=environment, stdout=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 4096):
                shown += chunk
        except OSError:  # the terminal's other end is closed
            pass
        finally:
            os.close(ours)
    assert process.returncode == 1
    assert b"\x1b[1;31merror" in shown
    assert where in shown.decode()  # whole, on a terminal of 80 columns


SWEEP = """\
-- name: close
-- description: Closes what is over
WITH due AS (SELECT a FROM t LIMIT :batch FOR UPDATE SKIP LOCKED),
changed AS (UPDATE t SET b = 1 FROM due WHERE t.a = due.a RETURNING 1)
SELECT count(*) AS closed FROM changed;
"""


def test_maintenance_tasks_and_their_sql_are_checked(tmp_path: Path) -> None:
    write(tmp_path, settings={"api_version": "2.7.20", "system_timezone": "UTC"})
    (tmp_path / "good.sql").write_text(SWEEP)
    (tmp_path / "bad.sql").write_text(SWEEP.replace(":batch", "5"))
    tasks = [
        {"name": "good", "sql": "good.sql", "frequency": 60},
        {"name": "bad", "sql": "bad.sql", "frequency": 60},
    ]
    (tmp_path / "maintenance.json").write_text(json.dumps({"tasks": tasks}))
    result = run("check", "--config", tmp_path)
    assert result.exit_code == 1
    heading, problem, *_ = result.stdout.splitlines()
    assert heading == "maintenance.json"
    assert problem.startswith("  error    bad: bad.sql line 1 (close): expected LIMIT :batch")
    assert result.stdout.endswith("1 error; 0 services are valid; 6 maintenance tasks are valid\n")
    pool = 'The maintenance tasks need the Airflow pool "system_daemon"; --deployment looks whether'
    assert pool in result.stdout
    told = json.loads(run("check", "--json", "--config", tmp_path).stdout)
    assert {"name": "good", "dag_id": "maintenance__good"} in told["maintenance"]
    assert "bad.sql" in told["problems"][0]["message"]
