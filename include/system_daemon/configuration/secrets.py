"""Keys of ``parameters`` that look like secrets: nothing secret belongs in the JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import parse_qsl, urlsplit

from system_daemon.configuration.json_text import Members
from system_daemon.configuration.problems import shown, step

_WORDS = frozenset(
    {
        "password", "passwd", "pwd", "passphrase", "pass", "secret", "secrets", "token", "apikey",
        "authorization", "bearer", "credential", "credentials",
    }
)  # fmt: skip
_PAIRS = frozenset(
    {("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"), ("auth", "key")}
)

_NOTHING: tuple[object, ...] = (None, "", [], {})


def looks_secret(key: str) -> bool:
    """Whether a key's words name a secret: ``api_key``, ``clientSecret``, ``PWD``."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", key)
    words = [word.lower() for word in re.findall(r"[^\W_]+", parted)]
    return any(word in _WORDS for word in words) or any(pair in _PAIRS for pair in pairwise(words))


def secret_paths(value: object, where: str) -> Iterator[str]:
    """The JSON paths below ``where`` whose key looks like a secret."""
    match value:
        case dict():
            for key, inner in value.items():
                here = where + step(key)
                if looks_secret(key) and not isinstance(inner, bool) and inner not in _NOTHING:
                    yield here
                else:
                    yield from secret_paths(inner, here)
        case list():
            for index, inner in enumerate(value):
                yield from secret_paths(inner, f"{where}[{index}]")


def endpoint_secrets(written: Members, where: str, *, remedy: str) -> Iterator[tuple[str, str]]:
    """Of an entry's ``endpoint``: the place and the sentence of each query key like a secret."""
    endpoint = written.get("endpoint")
    try:
        query = urlsplit(endpoint).query if isinstance(endpoint, str) else ""
    except ValueError:
        return  # no URL at all: the model says so
    for key, _ in parse_qsl(query):
        if looks_secret(key):
            yield (
                f"{where}.endpoint",
                f"expected no secret in the URL, got the query key {shown(key)}; {remedy}",
            )
