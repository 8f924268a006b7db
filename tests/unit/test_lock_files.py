"""The lock files are current: what is installed, declared and pinned is the same."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import PackageNotFoundError, distribution, version

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.airflow_settings import PROJECT

EXTRAS = {
    "requirements.txt": (),
    "requirements-local.txt": ("local",),
    "requirements-cluster.txt": ("cluster",),
    "requirements-dev.txt": ("local", "dev"),
}


def pins(file: str) -> dict[str, str]:
    """Name to version, for this Python and platform."""
    found = {}
    for line in (PROJECT / file).read_text().splitlines():
        match = re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)\s*(?:;\s*([^\\]+?))?\s*\\?$", line)
        if match and (match[3] is None or Requirement(f"x; {match[3]}").marker.evaluate()):
            found[canonicalize_name(match[1])] = match[2]
    return found


def declared(extras: tuple[str, ...]) -> list[Requirement]:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    texts = list(project["dependencies"])
    for extra in extras:
        texts += project["optional-dependencies"][extra]
    return [Requirement(text) for text in texts]


def closure(requirements: list[Requirement]) -> dict[str, Requirement]:
    """Every requirement that the installed packages have, in this environment."""
    found: dict[tuple[str, frozenset[str]], Requirement] = {}
    rest = list(requirements)
    while rest:
        requirement = rest.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in found:
            continue
        found[key] = requirement
        try:
            wanted = distribution(requirement.name).requires or []
        except PackageNotFoundError:
            continue  # said below, with the name
        for text in wanted:
            inner = Requirement(text)
            marker = inner.marker
            inner.marker = None
            extras = requirement.extras or {""}
            if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
                rest.append(inner)
    return {name: requirement for (name, _), requirement in found.items()}


@pytest.mark.parametrize("file", EXTRAS)
def test_every_requirement_is_pinned_to_a_version_that_satisfies_it(file: str) -> None:
    pinned = pins(file)
    for name, requirement in closure(declared(EXTRAS[file])).items():
        assert name in pinned, f"{file} lacks {name}: run `make lock`"
        assert requirement.specifier.contains(pinned[name], prereleases=True), (
            f"{file} pins {name}=={pinned[name]}, expected {requirement}: run `make lock`"
        )


# What a package requires is known only where it is installed, as the cluster's are not.
@pytest.mark.parametrize("file", sorted({*EXTRAS} - {"requirements-cluster.txt"}))
def test_nothing_is_pinned_that_nobody_requires(file: str) -> None:
    needed = set(closure(declared(EXTRAS[file])))
    left_over = set(pins(file)) - needed
    assert left_over == set(), f"{file} pins what nothing requires: run `make lock`"


def test_what_is_installed_is_what_is_locked() -> None:
    for name, pinned in pins("requirements-dev.txt").items():
        assert version(name) == pinned, f"{name} differs from the lock: run `make install`"


def test_the_wheel_fits_every_airflow_3_3_and_the_locks_pin_one() -> None:
    (airflow,) = (each for each in declared(()) if each.name == "apache-airflow")
    assert [airflow.specifier.contains(v) for v in ("3.2.9", "3.3.0", "3.3.1", "3.3.2", "3.4.0")] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert {pins(file)["apache-airflow"] for file in EXTRAS} == {"3.3.2"}


@pytest.mark.parametrize("file", EXTRAS)
def test_every_pin_has_hashes_and_no_file_names_an_index(file: str) -> None:
    text = (PROJECT / file).read_text()
    for block in re.split(r"\n(?=[A-Za-z0-9])", text):
        if "==" in block.split("\n")[0]:
            assert "--hash=sha256:" in block, block.split("\n")[0]
    assert "://" not in text
    assert "index" not in text.replace("no-emit-index-url", "")
