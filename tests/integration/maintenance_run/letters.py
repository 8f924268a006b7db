"""The letters' statements, and how a test names its servers to Airflow."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

import psycopg
import pytest

SWEEP = """\
-- name: send
-- description: Hands letters over
WITH due AS (SELECT id FROM letter WHERE NOT sent ORDER BY id LIMIT :batch FOR UPDATE SKIP LOCKED),
changed AS (
    UPDATE letter SET sent = TRUE, by_whom = current_setting('application_name'), moment = :as_of
    FROM due WHERE letter.id = due.id RETURNING letter.id
)
SELECT count(*) AS letters_sent, array_agg(id) AS notification_ids FROM changed;
"""
REPORT = """\
-- name: look
-- description: Letters there are
-- kind: report
WITH due AS (SELECT id FROM letter LIMIT :batch)
SELECT count(*) AS letters_there FROM due;
"""


def connect(monkeypatch: pytest.MonkeyPatch, kind: str, url: str) -> None:
    place = urlsplit(url)
    fields = {
        "conn_type": kind,
        "host": place.hostname,
        "port": place.port,
        "login": place.username,
        "password": place.password,
        "schema": place.path.lstrip("/") if kind == "postgres" else None,
    }
    monkeypatch.setenv(f"AIRFLOW_CONN_SYSTEM_DAEMON_{kind.upper()}", json.dumps(fields))


def put(platform: psycopg.Connection, *ids: int) -> None:
    for each in ids:
        platform.execute("INSERT INTO letter VALUES (%s, FALSE)", (each,))
