"""Whatever is written into one entry, the others load, nothing raises, and no secret is told."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from system_daemon.configuration.settings import Settings
from system_daemon.configuration.settings_text import read_settings
from tests.unit.configuration.samples import daily, interval, read_text

SECRET = "hunter2-c0ffee"
KEEPERS = [daily(name=f"keeper {number}") for number in range(3)]

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None, exclude_categories=()))
    | st.sampled_from(["Europe/Madrid", "24:00", "daily", "http://u:p@h/?a=b"])
)
keys = st.sampled_from(
    ["name", "timeout", "execution_plan", "time", "on_idle", "tmeout", "x y", "\ud800", "\x00"]
) | st.text(max_size=4)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
)


@st.composite
def mutated_entries(draw: st.DrawFn) -> Any:
    """A valid entry with one place replaced, removed or added to."""
    entry: Any = copy.deepcopy(draw(st.sampled_from([daily(), interval()])))
    here = entry
    while True:
        key = draw(st.sampled_from(sorted(here)) | keys)
        inner = here.get(key)
        if not (isinstance(inner, dict) and inner and draw(st.booleans())):
            break
        here = inner
    if draw(st.booleans()) and key in here:
        del here[key]
    else:
        here[key] = draw(values)
    return entry


def told(problems: Any) -> str:
    return "\n".join(f"{each.where} {each.message}" for each in problems)


@settings(deadline=None, max_examples=300)
@given(mutated_entries() | values, st.integers(0, 3))
def test_one_bad_entry_never_stops_another(bad: Any, at: int) -> None:
    written = [*KEEPERS[:at], bad, *KEEPERS[at:]]
    entries = read_text(json.dumps(written))
    if not entries.unreadable:  # NaN and its like are no JSON at all
        names = [service.name for service in entries.services]
        assert [name for name in names if name.startswith("keeper ")] == [
            keeper["name"] for keeper in KEEPERS
        ]
        assert all(problem.where.startswith(f"[{at}]") for problem in entries.problems)
    assert all(problem.message.isprintable() for problem in entries.problems)
    assert all(problem.where.isprintable() for problem in entries.problems)


@settings(deadline=None, max_examples=300)
@given(mutated_entries(), st.sampled_from(["timeout", "name", "execution_plan", None]))
def test_no_secret_of_a_refused_entry_is_told(entry: Any, broken: str | None) -> None:
    entry["parameters"] = entry.get("parameters", {})
    if isinstance(entry["parameters"], dict):
        entry["parameters"] |= {"password": SECRET, "note": [SECRET, {"token": SECRET}]}
    entry["password"] = SECRET
    entry["connection"] = f"Bearer {SECRET}"
    entry["endpoint"] = f"https://user:{SECRET}@his.example/?api_key={SECRET}"
    if broken:
        entry[broken] = -1
    entries = read_text(json.dumps([entry]))
    assert entries.services == ()
    assert SECRET not in told(entries.problems)


@pytest.mark.parametrize(
    "url",
    [
        f"https://u:{SECRET}@h",
        f"//h?{SECRET}",
        f"h u@{SECRET}\n",
        f"ftp://a?k={SECRET}",
        f"https://u:{SECRET}@[h/",
        f"https://u:{SECRET}@h/" + "x" * 2000,
    ],
)
def test_no_url_with_a_secret_is_repeated_however_wrong_it_is(url: str) -> None:
    entries = read_text(json.dumps([daily(endpoint=url)]))
    assert entries.services == ()
    assert SECRET not in told(entries.problems)


@settings(deadline=None)
@given(values)
def test_arbitrary_json_is_never_too_much(value: Any) -> None:
    text = json.dumps(value)
    read_text(text)
    read_settings(text.encode(), file="settings.json")


@settings(deadline=None)
@given(st.binary())
def test_arbitrary_bytes_are_never_too_much(data: bytes) -> None:
    entries = read_text(data)
    assert entries.services == ()
    holding, _ = read_settings(data, file="settings.json")
    assert isinstance(holding, Settings)


def test_names_in_the_keys_of_settings_and_values_in_them_never_raise() -> None:
    text = json.dumps({key: {"\ud800": [1e308 * 10]} for key in Settings.model_fields})
    _, problems = read_settings(text.replace("Infinity", "1e999").encode(), file="s.json")
    assert len(problems) >= len(Settings.model_fields)
