"""Shared by all tests. Airflow reads its environment once: it is prepared before anything else."""

import logging

from hypothesis import HealthCheck, settings

from tests.airflow_settings import prepare

prepare()

# A machine that is busy is no defect of the code under test.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

pytest_plugins = ["tests.servers"]

# asyncio logs a task of an abandoned loop when it is collected, in whichever test that happens.
logging.getLogger("asyncio").setLevel(logging.CRITICAL)
