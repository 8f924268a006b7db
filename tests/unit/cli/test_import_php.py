"""`system-daemon import-php`: the original daemon's file as JSON (R31)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.folders import run, write
from tests.unit.configuration.samples import SEED_JSON, SEED_PHP, daily

MENDED = SEED_JSON[:71] + b"," + SEED_JSON[71:] + b"\n"


@pytest.fixture
def php(tmp_path: Path) -> Path:
    php = tmp_path / "external_services_daemon.php"
    php.write_bytes(SEED_PHP)
    return php


def of_entries(php: Path, *entries: object) -> None:
    text = json.dumps(entries).replace("\\", "\\\\").replace("'", "\\'")
    php.write_text(f"<?php\n$GLOBALS['EXTERNAL_BACKGROUND_SERVICES'] = '{text}';")


def test_r31_the_seed_goes_to_the_terminal(php: Path) -> None:
    result = run("import-php", php)
    assert result.exit_code == 0
    assert result.stdout_bytes == MENDED
    first, second, tally = result.stderr.splitlines()
    comma = 72 + SEED_PHP.index(SEED_JSON)
    assert first.startswith(f"  warning  line 1, column {comma}: expected a comma here, got none")
    assert second.startswith("  warning  [0].execution_plan.intervals: expected intervals only")
    assert tally == "2 warnings; 1 service is valid"


def test_r31_or_to_a_file_that_then_loads(php: Path, tmp_path: Path) -> None:
    output = tmp_path / "external_services.json"
    result = run("import-php", php, "--output", output)
    assert (result.exit_code, result.stdout) == (0, "")
    assert f"Written to {output}.\n" in result.stderr
    assert output.read_bytes() == MENDED
    assert run("check", "--config", tmp_path).exit_code == 0


def test_r31_a_file_that_is_there_is_kept_as_a_copy(php: Path, tmp_path: Path) -> None:
    output = write(tmp_path, daily()) / "external_services.json"
    before = output.read_bytes()
    result = run("import-php", php, "--output", output)
    assert f"Written to {output}. The old text is in {output}.bak.\n" in result.stderr
    assert Path(f"{output}.bak").read_bytes() == before
    assert output.read_bytes() == MENDED


def test_r31_refused_entries_are_told_and_written_all_the_same(php: Path) -> None:
    of_entries(php, daily(), daily(name="l'import", timeout=0))
    result = run("import-php", php)
    assert result.exit_code == 1
    assert [entry["name"] for entry in json.loads(result.stdout)] == ["import_patients", "l'import"]
    assert "  error    [1].timeout: expected a number of seconds above 0" in result.stderr
    assert result.stderr.endswith("1 error; 1 service is valid\n")


def test_r31_json_beyond_repair_is_found_in_the_php_file(php: Path, tmp_path: Path) -> None:
    php.write_text("<?php\n$GLOBALS['EXTERNAL_BACKGROUND_SERVICES'] = '[\\'';")
    output = tmp_path / "o.json"
    result = run("import-php", php, "--output", output)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "  error    line 2, column 46: expected text in double quotes, got a single quote\n"
        f"{php}: nothing was written.\n"
    )
    assert not output.exists()


def test_r31_other_php_is_one_sentence(php: Path) -> None:
    php.write_text("<?php\nrequire 'x.php';")
    result = run("import-php", php)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"{php} line 2, column 1: expected $GLOBALS['EXTERNAL_BACKGROUND_SERVICES'] = '...' and"
        ' nothing else, got "require"\n'
    )


def test_a_place_that_cannot_be_written_is_told(php: Path, tmp_path: Path) -> None:
    output = tmp_path / "nowhere" / "o.json"
    result = run("import-php", php, "--output", output)
    assert result.exit_code == 1
    assert f"{output}: expected a file that can be written, got: No such file" in result.stderr


@pytest.mark.parametrize("arguments", [[], ["nowhere.php"]])
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    assert run("import-php", *arguments).exit_code == 2
