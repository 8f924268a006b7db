"""Shared by all tests. Airflow reads its environment once: it is prepared before anything else."""

from hypothesis import HealthCheck, settings

from tests.airflow_settings import prepare

prepare()

# A machine that is busy is no defect of the code under test.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

pytest_plugins = ["tests.servers"]
