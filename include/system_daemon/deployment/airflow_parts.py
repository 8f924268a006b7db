"""Airflow's own parts: database, pool, keys, API server, broker.

In a cluster each component has only the secrets that it needs, so that each question is asked where
its secret is, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import redis
from airflow.configuration import conf
from cryptography.fernet import Fernet

from system_daemon.configuration.problems import Problem
from system_daemon.deployment import api_server
from system_daemon.deployment.component import NEEDS, Component, Part
from system_daemon.deployment.finding import error, warning

_PATIENCE_S = 5
_Question = Callable[[], Iterator[Problem]]


def airflow_problems(pool: str | None, component: Component | None) -> Iterator[Problem]:
    """What is wrong with Airflow around this process.

    Args:
        pool: the pool of the maintenance tasks; None where there are none.
        component: whose environment it is; None: one that is the same for all.
    """
    needs = NEEDS[component]
    if Part.FERNET_KEY in needs:
        yield from _fernet()
    if Part.DATABASE in needs:
        wanted = pool if Part.POOL in needs else None
        yield from _where_set("database", "sql_alchemy_conn", component, lambda: _database(wanted))
    if Part.SIGNATURE in needs:
        yield from _where_set("api_auth", "jwt_secret", component, api_server.refusal)
    if Part.API_SERVER in needs:
        yield from _asked("api server", api_server.unreachable)
    if Part.BROKER in needs and "CeleryExecutor" in conf.get("core", "executor"):
        yield from _where_set("celery", "broker_url", component, _broker)


def _where_set(
    section: str, option: str, component: Component | None, question: _Question
) -> Iterator[Problem]:
    """Ask, if the secret is set here; no cluster shares Airflow's own defaults."""
    variable = f"AIRFLOW__{section.upper()}__{option.upper()}"
    known = conf.as_dict(display_source=True)
    _value, source = known.get(section, {}).get(option, ("", "default"))
    if source != "default":
        yield from _asked(section.replace("_", " "), question)
    elif component is None:
        yield warning(
            variable,
            "not set here, so that nothing was asked of it; where each component has its own"
            " secrets, name the one that this is: --component",
        )
    else:
        yield error(
            variable,
            f"expected it in the {component}, got none: it would use a value that no other"
            " component knows; set it to the same value everywhere it is needed",
        )


def _asked(where: str, question: _Question) -> Iterator[Problem]:
    try:
        yield from question()
    except Exception as broken:  # whatever stands in the way is the answer
        # Its words may hold a URL with a password.
        yield error(where, f"expected an answer, got {type(broken).__name__}; is it running?")


def _fernet() -> Iterator[Problem]:
    key = conf.get("core", "fernet_key", fallback="")
    remedy = "set AIRFLOW__CORE__FERNET_KEY to the same value in every component"
    if not key:
        yield error("fernet key", f"expected one, got none: connections lie unencrypted; {remedy}")
        return
    try:
        Fernet(key.split(",")[0].strip())
    except ValueError:
        yield error("fernet key", f"expected 32 url-safe base64-encoded bytes; {remedy}")


def _database(pool: str | None) -> Iterator[Problem]:
    from airflow.models.pool import Pool  # noqa: PLC0415 - needs a database
    from airflow.utils.session import create_session  # noqa: PLC0415

    with create_session() as session:
        found = Pool.get_pool(pool or Pool.DEFAULT_POOL_NAME, session=session)
        slots = None if found is None else found.slots
    if pool is None:
        return
    if slots is None:
        yield error(
            "pool",
            f'expected a pool "{pool}", got none: Airflow would queue every maintenance task for'
            f' ever; run: airflow pools set {pool} 8 "System Daemon"',
        )
    elif slots == 0:
        yield error("pool", f'expected slots in the pool "{pool}", got 0; give it some, such as 8')


def _broker() -> Iterator[Problem]:
    url = conf.get("celery", "broker_url")
    if not url.startswith(("redis://", "rediss://")):
        return
    try:
        with redis.Redis.from_url(url, socket_timeout=_PATIENCE_S) as client:
            client.ping()
    except redis.RedisError as broken:
        yield error(
            "broker",
            f"expected a Redis that answers, got {type(broken).__name__}: no worker would get a"
            " task; set AIRFLOW__CELERY__BROKER_URL to where it is, password included",
        )
