"""All that an Airflow keeps, as text: where personal data would be found."""

from __future__ import annotations

import psycopg
import redis
from psycopg import sql

from tests.deployment import Deployment


def logs_of(airflow: Deployment) -> str:
    """Every log of every component and task."""
    files = [file for file in airflow.folder.rglob("*.log") if file.is_file()]
    return "".join(file.read_text(errors="replace") for file in files)


def everything(url: str) -> str:
    """Every row of every table as text."""
    with psycopg.connect(url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        return "".join(
            str(row)
            for (table,) in tables
            for row in connection.execute(
                sql.SQL("SELECT t::text FROM {} AS t").format(sql.Identifier(table))
            )
        )


def everything_in(url: str, keys: str) -> str:
    """Every key of that pattern with its value, as text, whatever its type."""
    with redis.Redis.from_url(url, decode_responses=True) as client:
        read = {
            "string": client.get,
            "list": lambda key: client.lrange(key, 0, -1),
            "set": client.smembers,
            "zset": lambda key: client.zrange(key, 0, -1),
            "hash": client.hgetall,
        }
        return "".join(f"{key}{read[client.type(key)](key)}" for key in client.scan_iter(keys))
