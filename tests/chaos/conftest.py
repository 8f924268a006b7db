"""`make chaos`: minutes long, so collected only when asked for with `-m chaos`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.airflow_settings import PROJECT
from tests.chaos.table import write
from tests.deployment import Deployment
from tests.e2e.conftest import Deploy, airflow, deploy, running  # noqa: F401 - fixtures
from tests.experiments.findings import Findings
from tests.experiments.fixtures import (  # noqa: F401
    mortal_postgres,
    mortal_redis,
    producer,
    quick_producer,
)
from tests.experiments.two_deployments import Pair

PAGE = PROJECT / "docs" / "chaos.md"
_TABLE = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chaos: experiments that take minutes; see `make chaos`")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    wanted = "chaos" in config.option.markexpr
    return None if wanted or collection_path.name == "conftest.py" else True


@pytest.fixture(scope="session")
def second(deploy: Deploy) -> Deployment:  # noqa: F811
    return deploy()


@pytest.fixture
def pair(airflow: Deployment, second: Deployment) -> Iterator[Pair]:  # noqa: F811
    yield airflow, second
    second.configure([])


@pytest.fixture(scope="session")
def rows(pytestconfig: pytest.Config) -> Iterator[list[Findings]]:
    """Findings in the order of the experiments; the page and the terminal get them at the end."""
    found: list[Findings] = []
    yield found
    pytestconfig.stash[_TABLE] = write(PAGE, found)


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    if table := config.stash.get(_TABLE, None):
        terminalreporter.section("docs/chaos.md")
        for line in table:
            terminalreporter.write_line(line)
