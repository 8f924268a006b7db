"""All that is asked of a deployment at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from system_daemon.configuration.loading import Configuration, folder
from system_daemon.configuration.problems import Problem
from system_daemon.deployment.airflow_parts import airflow_problems
from system_daemon.deployment.component import Component
from system_daemon.deployment.finding import error
from system_daemon.deployment.messages import message_problems
from system_daemon.deployment.stores import store_problems


def deployment_problems(
    configuration: Configuration, component: Component | None = None
) -> tuple[Problem, ...]:
    """What would make tasks fail or wait, as far as this component can see it. Never raises.

    Args:
        configuration: what is to be run.
        component: whose environment it is; None: one that is the same for all.
    """
    pool = configuration.maintenance.pool if configuration.maintenance_tasks else None
    stores = asyncio.run(_all(configuration, component))
    return (*_environment(), *airflow_problems(pool, component), *stores)


async def _all(configuration: Configuration, component: Component | None) -> list[Problem]:
    stores = [found async for found in store_problems(configuration, component)]
    return stores + [found async for found in message_problems(configuration, component)]


def _environment() -> Iterator[Problem]:
    here = folder()
    if not here.is_dir():
        yield error(
            "SYSTEM_DAEMON_CONFIG",
            f"expected the folder of the configuration, got {here}, which does not exist in this"
            " component; mount it, or set the variable to where it is",
        )
