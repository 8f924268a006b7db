"""The pool of the maintenance tasks is made under the name that is configured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from system_daemon.local.dag_overview import Login
from system_daemon.local.failure import StackError
from system_daemon.local.pool import make_pool


class Airflow(HTTPServer):
    """Its REST API, as far as a pool needs it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.pools: list[dict[str, Any]] = []
        self.answer = 201

    @property
    def login(self) -> Login:
        return Login(url=f"http://127.0.0.1:{self.server_port}", username="u", password="p")


class _Handler(BaseHTTPRequestHandler):
    server: Airflow

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, answer = 201, {"access_token": "t"}
        if self.path == "/api/v2/pools":
            status, answer = self.server.answer, {}
            self.server.pools.append(body)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def airflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Airflow]:
    monkeypatch.setenv("SYSTEM_DAEMON_CONFIG", str(tmp_path))
    with Airflow() as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("text", "name"), [('{"pool": "night shift"}', "night shift"), ("{}", "system_daemon")]
)
def test_the_pool_has_the_name_that_is_configured(
    airflow: Airflow, tmp_path: Path, text: str, name: str
) -> None:
    (tmp_path / "maintenance.json").write_text(text)
    make_pool(airflow.login)
    assert [(pool["name"], pool["slots"]) for pool in airflow.pools] == [(name, 8)]


def test_one_that_is_there_already_stays(airflow: Airflow) -> None:
    airflow.answer = 409
    make_pool(airflow.login)


def test_a_refusal_names_it(airflow: Airflow) -> None:
    airflow.answer = 500
    with pytest.raises(StackError, match="the pool system_daemon could not be created"):
        make_pool(airflow.login)
