"""R33: from a service's name to the id of its DAG; which keys look like secrets; paths."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from system_daemon.configuration.problems import (
    ConfigurationError,
    Problem,
    Severity,
    did_you_mean,
    shown,
    step,
)
from system_daemon.configuration.secrets import looks_secret, secret_paths
from system_daemon.configuration.services import slug
from tests.unit.configuration.samples import daily, read


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("import_patients", "import_patients"),
        ("Import patients (HIS)", "Import_patients__HIS_"),
        ("a/b.c-d", "a_b.c-d"),
        ("Importación diaria", "Importacion_diaria"),
        ("Importacio\u0301n diaria", "Importacion_diaria"),
        ("straße", "stra_e_787f4770"),
        ("日本", "cf2abf0c"),
        ("🙂", "_"),
    ],
)
def test_r33_the_slug_of_a_name(name: str, expected: str) -> None:
    assert slug(name) == expected


def test_r33_names_of_foreign_letters_keep_different_ids() -> None:
    assert slug("импорт") != slug("экспор")
    assert slug("импорт") == slug("импорт")


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=150))
def test_r33_every_name_has_an_id_that_airflow_allows(name: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9_.-]{0,200}", slug(name))


@pytest.mark.parametrize("letter", ["\ufdfa", "\u33af"])
def test_r33_letters_that_unfold_into_many_do_not_burst_the_id(letter: str) -> None:
    entries = read(daily(name=letter * 150), daily(name=letter * 149))
    assert len({service.dag_id for service in entries.services}) == 2
    assert all(len(service.dag_id) <= 250 for service in entries.services)


@pytest.mark.parametrize(
    "key",
    ["password", "PWD", "api_key", "apiKey", "X-Api-Key", "APIKEY", "clientSecret", "auth_key",
     "access-token", "Authorization", "db.passphrase", "privateKey", "credentials"],
)  # fmt: skip
def test_keys_that_look_like_secrets(key: str) -> None:
    assert looks_secret(key)


@pytest.mark.parametrize(
    "key", ["key", "keys", "tokens_used", "passport", "monkey", "secretary", "api", "compass", ""]
)
def test_keys_that_do_not(key: str) -> None:
    assert not looks_secret(key)


@pytest.mark.parametrize("nothing", [None, "", [], {}, True, False])
def test_a_key_without_a_value_or_with_a_truth_value_holds_no_secret(nothing: object) -> None:
    assert list(secret_paths({"password": nothing}, "")) == []


@pytest.mark.parametrize("something", ["x", 0, 1234, ["x"], {"a": 1}])
def test_a_key_with_a_value_may_hold_one(something: object) -> None:
    assert list(secret_paths({"a": [{"password": something}]}, "p")) == ["p.a[0].password"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("timeout", ".timeout"),
        ("$schema", '["$schema"]'),
        ("año", ".año"),
        ("x-y", ".x-y"),
        ("a.b", '["a.b"]'),
        ("a b", '["a b"]'),
        ("a\nb", '["a\\nb"]'),
        ("\ud800", '["\\ud800"]'),
        ("", '[""]'),
        ("0", '["0"]'),
        ("k" * 61, '["' + "k" * 60 + '..."]'),
    ],
)
def test_steps_of_a_path(key: str, expected: str) -> None:
    assert step(key) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("año", '"año"'),
        ('"', '"\\""'),
        ("\x00\x1b\u2028\x7f\ud800", '"\\u0000\\u001b\\u2028\\u007f\\ud800"'),
        ("x" * 61, '"' + "x" * 60 + '..."'),
        (10**80, "1" + "0" * 59 + "..."),
        (True, "true"),
        (None, "null"),
        ({"password": "p"}, "an object"),
        (["p"], "an array"),
    ],
)
def test_values_in_a_sentence(value: object, expected: str) -> None:
    assert shown(value) == expected


def test_the_nearest_word_is_told_and_nothing_far() -> None:
    assert did_you_mean("TIMOUT", ["timeout", "name"]) == '; did you mean "timeout"?'
    assert did_you_mean("colour", ["timeout", "name"]) == ""


def test_an_exception_names_every_place() -> None:
    problem = Problem(severity=Severity.ERROR, file="f.json", where="[0].name", message="wrong")
    assert (
        str(ConfigurationError([problem])) == "1 configuration problem:\n  f.json [0].name: wrong"
    )
    assert str(ConfigurationError([problem] * 2)).startswith("2 configuration problems:\n")
