"""The DAGs as Airflow's DAG processor finds them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import BundleDagBag

from tests.airflow_settings import PROJECT

Parse = Callable[..., BundleDagBag]


@pytest.fixture
def parse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Parse:
    """Parses our DAG folder, with the shipped configuration or with the text given."""

    def parsed(services: str | None = None) -> BundleDagBag:
        if services is not None:
            (tmp_path / "external_services.json").write_text(services, encoding="utf-8")
            monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(tmp_path))
        return BundleDagBag(dag_folder=str(PROJECT / "dags"), bundle_path=PROJECT / "dags")

    return parsed
