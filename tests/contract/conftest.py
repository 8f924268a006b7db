"""The real scheduler's code, driven tick by tick in this process, over a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.airflow_settings import DATABASE_PASSWORD, DATABASE_PORT
from tests.contract.scheduler import Scheduler


@pytest.fixture(scope="session")
def airflow_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Airflow's metadata in an embedded PostgreSQL at the address that this process knows."""
    from system_daemon.local.postgres import Postgres

    folder = tmp_path_factory.mktemp("metadata")
    server = Postgres(
        folder, port=DATABASE_PORT, password=DATABASE_PASSWORD, log=folder / "postgres.log"
    )
    server.start()
    try:
        from airflow import settings
        from airflow.utils.db import initdb

        initdb()
        yield
        settings.dispose_orm()
    finally:
        server.stop()


@pytest.fixture
def scheduler(
    airflow_database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scheduler]:
    """A scheduler over an empty database and a configuration folder of its own."""
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(tmp_path))
    one = Scheduler(configuration=tmp_path)
    one.configure([])
    yield one
    one.close()
    _forget_everything()


def _forget_everything() -> None:
    from airflow.utils.session import create_session

    with create_session() as session:
        session.execute(
            text("TRUNCATE dag, dag_run, dag_version, serialized_dag, trigger, job CASCADE")
        )
        session.execute(text("TRUNCATE import_error, callback, log, xcom CASCADE"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One test process drives the scheduler: each would migrate a database of its own."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("airflow-database"))
