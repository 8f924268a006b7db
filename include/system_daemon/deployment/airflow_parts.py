"""Airflow's own parts, as far as this component may know them: database, pool, keys, API server.

In a cluster each component has only the secrets that it needs, so that each question is asked where
its secret is, and nowhere else.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

import requests
from airflow.configuration import conf
from cryptography.fernet import Fernet

from system_daemon.configuration.problems import Problem
from system_daemon.deployment.finding import error, warning

_PATIENCE_S = 10


def airflow_problems(pool: str | None) -> Iterator[Problem]:
    """What is wrong with Airflow around this process.

    Args:
        pool: the pool of the maintenance tasks; None where there are none.
    """
    yield from _fernet()
    if _named("database", "sql_alchemy_conn"):
        yield from _asked("database", lambda: _pool(pool))
    else:
        yield warning(
            "database", "not asked: this component does not know it; ask in the scheduler too"
        )
    if _named("api_auth", "jwt_secret"):
        yield from _asked("api server", _signature)
    else:
        yield warning(
            "api server", "not asked: this component signs no tokens; ask in the scheduler too"
        )


def _named(section: str, option: str) -> bool:
    """Whether somebody set it: Airflow's own default of these is one that no cluster shares."""
    known = conf.as_dict(display_source=True)
    _value, source = known.get(section, {}).get(option, ("", "default"))
    return bool(source != "default")


def _asked(where: str, question: Callable[[], Iterator[Problem]]) -> Iterator[Problem]:
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


def _pool(name: str | None) -> Iterator[Problem]:
    from airflow.models.pool import Pool  # noqa: PLC0415 - needs a database
    from airflow.utils.session import create_session  # noqa: PLC0415

    if name is None:
        return
    with create_session() as session:
        found = Pool.get_pool(name, session=session)
        slots = None if found is None else found.slots
    if slots is None:
        yield error(
            "pool",
            f'expected a pool "{name}", got none: Airflow would queue every maintenance task for'
            f' ever; run: airflow pools set {name} 8 "System Daemon"',
        )
    elif slots == 0:
        yield error("pool", f'expected slots in the pool "{name}", got 0; give it some, such as 8')


def _signature() -> Iterator[Problem]:
    """Whether the API server accepts the tokens that a scheduler with this secret gives tasks."""
    from airflow.api_fastapi.auth.tokens import (  # noqa: PLC0415 - heavy, and only for this
        JWTGenerator,
        get_signing_args,
    )
    from airflow.executors.base_executor import get_execution_api_server_url  # noqa: PLC0415

    url = get_execution_api_server_url()
    token = JWTGenerator(
        valid_for=60,
        audience=conf.get_mandatory_list_value("execution_api", "jwt_audience")[0],
        issuer=conf.get("api_auth", "jwt_issuer", fallback=None),
        **get_signing_args(make_secret_key_if_needed=False),
    ).generate(extras={"sub": str(uuid.uuid4()), "scope": "execution"})
    try:
        answer = requests.get(
            f"{url.rstrip('/')}/variables/system_daemon",
            headers={"Authorization": f"Bearer {token}"},
            timeout=_PATIENCE_S,
        )
    except requests.RequestException as broken:
        yield error(
            "api server",
            f"expected an answer at {url}, got {type(broken).__name__}; start it, or set"
            " AIRFLOW__CORE__EXECUTION_API_SERVER_URL to where it is",
        )
        return
    if answer.status_code == requests.codes.forbidden and "Invalid auth token" in answer.text:
        yield error(
            "api server",
            "expected it to accept a token of this component, got 403: their JWT secrets differ and"
            " every task would fail; set AIRFLOW__API_AUTH__JWT_SECRET to the same value in the"
            " API server and every scheduler, and start them again",
        )
