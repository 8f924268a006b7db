"""Whether Airflow's API server is there for tasks, and lets them in."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import requests
from airflow.configuration import conf
from airflow.executors.base_executor import get_execution_api_server_url

from system_daemon.configuration.problems import Problem
from system_daemon.deployment.finding import error

_PATIENCE_S = 10
_HERE = "AIRFLOW__CORE__EXECUTION_API_SERVER_URL"


def unreachable() -> Iterator[Problem]:
    """The problem that tasks would have, if any."""
    answer = _answer("health", {})
    if isinstance(answer, Problem):
        yield answer
    elif not answer.ok:
        yield error(
            "api server",
            f"expected Airflow's API at {_url()}, got the status {answer.status_code}; set"
            f" {_HERE} to where it is, /execution/ included",
        )


def refusal() -> Iterator[Problem]:
    """The problem that tasks of a scheduler with this component's secret would have, if any."""
    answer = _answer("variables/system_daemon", {"Authorization": f"Bearer {_token()}"})
    if isinstance(answer, Problem):
        yield answer
    elif answer.status_code in (requests.codes.unauthorized, requests.codes.forbidden):
        yield error(
            "api server",
            f"expected it to accept a token of this component, got {answer.status_code}: their JWT"
            " secrets differ and every task would fail; set AIRFLOW__API_AUTH__JWT_SECRET to the"
            " same value in the API server and every scheduler, and start them again",
        )


def _answer(path: str, headers: dict[str, str]) -> requests.Response | Problem:
    try:
        return requests.get(f"{_url()}/{path}", headers=headers, timeout=_PATIENCE_S)
    except requests.RequestException as broken:
        return error(
            "api server",
            f"expected an answer at {_url()}, got {type(broken).__name__}; start it, or set"
            f" {_HERE} to where it is",
        )


def _url() -> str:
    return str(get_execution_api_server_url()).rstrip("/")


def _token() -> str:
    """As the scheduler gives each task one."""
    from airflow.api_fastapi.auth.tokens import (  # noqa: PLC0415 - heavy, and only for this
        JWTGenerator,
        get_signing_args,
    )

    generator = JWTGenerator(
        valid_for=60,
        audience=conf.get_mandatory_list_value("execution_api", "jwt_audience")[0],
        issuer=conf.get("api_auth", "jwt_issuer", fallback=None),
        **get_signing_args(make_secret_key_if_needed=False),
    )
    return str(generator.generate(extras={"sub": str(uuid.uuid4()), "scope": "execution"}))
