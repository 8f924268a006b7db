"""Shared by all tests. Airflow reads its environment once: it is prepared before anything else."""

from tests.airflow_settings import prepare

prepare()

pytest_plugins = ["tests.servers"]
