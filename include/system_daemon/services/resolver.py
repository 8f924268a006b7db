"""Host names to addresses, with overrides such as curl's ``--resolve``.

``SYSTEM_DAEMON_RESOLVE`` is a comma-separated list of ``host:port=host:port``: a call to the left
side connects to the right side, while the Host header and the TLS name stay those of the URL. It
serves tests, a migration or a broken DNS. The left host is a name, not an address; an IPv6 address
on the right stands in brackets. It is read once per process.

Look-ups run in threads of their own: a dead DNS server must not keep the process' other look-ups
and the event loop's other blocking work waiting behind it.
"""

from __future__ import annotations

import asyncio
import functools
import os
import re
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

VARIABLE = "SYSTEM_DAEMON_RESOLVE"
Target = tuple[str, int]
_LOOK_UPS = ThreadPoolExecutor(max_workers=64, thread_name_prefix="service-dns")
_OVERRIDE = re.compile(
    r"(?P<from>[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?):(?P<from_port>\d{1,5})"
    r"="
    r"(?:\[(?P<to6>[0-9A-Fa-f:.]+)\]|(?P<to>[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?))"
    r":(?P<to_port>\d{1,5})"
)


class BadOverrideError(ValueError):
    """``SYSTEM_DAEMON_RESOLVE`` is malformed."""


def read_overrides(text: str) -> Mapping[Target, Target]:
    """The overrides in a text.

    Raises:
        BadOverrideError: A part is not ``host:port=host:port``.
    """
    overrides: dict[Target, Target] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        match = _OVERRIDE.fullmatch(part)
        if not match or re.fullmatch(r"[\d.]+", match["from"]):
            raise BadOverrideError(
                f"{VARIABLE}: expected host:port=host:port with a name on the left, got {part!r}"
            )
        ports = int(match["from_port"]), int(match["to_port"])
        if not all(0 < port < 65536 for port in ports):
            raise BadOverrideError(f"{VARIABLE}: expected ports from 1 to 65535, got {part!r}")
        overrides[match["from"].lower(), ports[0]] = (match["to6"] or match["to"], ports[1])
    return overrides


@functools.cache
def overrides() -> Mapping[Target, Target]:
    """The overrides of this process.

    Raises:
        BadOverrideError: The variable is malformed.
    """
    return read_overrides(os.environ.get(VARIABLE, ""))


class Resolver(AbstractResolver):
    """Resolves through the overrides, then through the operating system."""

    def __init__(self, by_target: Mapping[Target, Target]) -> None:
        self._by_target = by_target

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host; the port is another one where an override says so.

        Raises:
            OSError: The name does not resolve.
        """
        name, to_port = self._by_target.get((host.rstrip(".").lower(), port), (host, port))
        found = await asyncio.get_running_loop().run_in_executor(
            _LOOK_UPS, _look_up, name, to_port, family
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=to_port,
                family=family_found,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for family_found, _, _, _, address in found
        ]

    async def close(self) -> None:
        """Nothing is held open."""


def _look_up(
    name: str, port: int, family: socket.AddressFamily
) -> list[tuple[int, int, int, str, tuple[str | int, ...]]]:
    return [
        (int(found[0]), int(found[1]), found[2], found[3], tuple(found[4]))  # type: ignore[arg-type]
        for found in socket.getaddrinfo(name, port, family=family, type=socket.SOCK_STREAM)
    ]
