"""The scripts say what they touch, and speak no Redis newer than 5."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from system_daemon.jobs import scripts

FOLDER = files("system_daemon.jobs").joinpath("lua")
NAMES = sorted(entry.name.removesuffix(".lua") for entry in FOLDER.iterdir())
REDIS_5 = {
    "DEL", "EXISTS", "EXPIRE", "GET", "HDEL", "HEXISTS", "HGET", "HGETALL", "HLEN", "HMGET",
    "HMSET", "HSET", "HSETNX", "INCR", "INCRBY", "LLEN", "LPUSH", "LRANGE", "LREM", "LSET", "LTRIM",
    "RPUSH", "SADD", "SET", "SETNX", "SMEMBERS", "SREM",
}  # fmt: skip


def source(name: str) -> str:
    return FOLDER.joinpath(f"{name}.lua").read_text("utf-8")


def test_every_script_is_used() -> None:
    used = {
        name.lower() for name, each in vars(scripts).items() if isinstance(each, scripts.Script)
    }
    assert used | {"prologue"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_header_names_every_key_with_its_type_and_every_argument(name: str) -> None:
    lines = source(name).splitlines()
    header = "\n".join(line for line in lines if line.startswith("--"))
    body = "\n".join(line for line in lines if not line.lstrip().startswith("--"))
    for used in set(re.findall(r"(?:KEYS|ARGV)\[\d+\]", body)):
        assert used in header, f"{name}.lua uses {used}; its header must say what that is"
    for described in re.findall(r"^-- KEYS.*$", header, re.MULTILINE):
        assert re.search(r"\b(list|set|hash|string|strings)\b|KEYS\[\d\] ", described), described


@pytest.mark.parametrize("name", NAMES)
def test_no_command_is_newer_than_redis_5(name: str) -> None:
    called = set(re.findall(r"redis\.call\('(\w+)'", source(name)))
    assert called <= REDIS_5
    assert "KEEPTTL" not in source(name)
    assert "cjson" not in source(name)
