"""Airflow's own parts: database, pool, keys, API server, plugin, broker.

In a cluster each component has only the secrets that it needs, so that each question is asked where
its secret is, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from airflow.configuration import conf
from cryptography.fernet import Fernet

from system_daemon.configuration.problems import Problem
from system_daemon.deployment import api_server, celery
from system_daemon.deployment.component import NEEDS, Component, Part
from system_daemon.deployment.finding import error, warning

_DATABASE = ("database", "sql_alchemy_conn")
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
        yield from _where_set(*_DATABASE, component, lambda: _database(wanted))
    if Part.SIGNATURE in needs:
        yield from _where_set("api_auth", "jwt_secret", component, api_server.refusal)
    if Part.API_SERVER in needs:
        yield from _asked("api server", api_server.unreachable)
    if Part.LOG_KEY in needs:
        yield from _where_set("api", "secret_key", component, _nothing_more)
    if Part.TIMETABLES in needs:
        yield from _asked("plugin", _timetables)
    if "CeleryExecutor" in conf.get("core", "executor"):
        yield from _celery(needs, component)


def _celery(needs: frozenset[Part], component: Component | None) -> Iterator[Problem]:
    if Part.BROKER in needs:
        yield from _where_set("celery", "broker_url", component, celery.broker)
    if Part.RESULTS in needs:
        yield from _asked("results", partial(celery.results, database=_is_set(*_DATABASE)))
    if Part.STOPS in needs:
        yield from _asked("celery", celery.stops)


def _where_set(
    section: str, option: str, component: Component | None, question: _Question
) -> Iterator[Problem]:
    """Ask, if the secret is set here; no cluster shares Airflow's own defaults."""
    variable = f"AIRFLOW__{section.upper()}__{option.upper()}"
    if _is_set(section, option):
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


def _is_set(section: str, option: str) -> bool:
    """Whether somebody gave it a value, and not Airflow."""
    known = conf.as_dict(display_source=True)
    _value, source = known.get(section, {}).get(option, ("", "default"))
    return bool(source != "default")


def _nothing_more() -> Iterator[Problem]:
    """What cannot be asked of one component alone: whether the value is that of the others."""
    return iter(())


def _timetables() -> Iterator[Problem]:
    from airflow import plugins_manager  # noqa: PLC0415 - it runs every plugin

    from system_daemon.plugin import SystemDaemonPlugin  # noqa: PLC0415

    registered = set(plugins_manager.get_timetables_plugins().values())
    missing = [each.__name__ for each in SystemDaemonPlugin.timetables if each not in registered]
    if missing:
        yield error(
            "plugin",
            f"expected the plugin system_daemon with its timetables, got none of"
            f" {', '.join(missing)}: no DAG of ours could be read here; install the wheel, or set"
            " AIRFLOW__CORE__PLUGINS_FOLDER to a folder with the files of plugins/",
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
