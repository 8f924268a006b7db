"""The one HTTP session of a shift: its connections are kept open from job to job."""

from __future__ import annotations

import aiohttp

from system_daemon.services.resolver import Resolver, overrides

_KEEP_ALIVE_S = 4.0
"""Less than the 5 s after which Apache closes a silent connection, perhaps as a job is sent."""
_DNS_S = 10
CHUNK = 64 * 1024


def open_session() -> aiohttp.ClientSession:
    """A session without cookies, redirects of its own making, proxies or time limits."""
    connector = aiohttp.TCPConnector(
        keepalive_timeout=_KEEP_ALIVE_S,
        limit=0,
        resolver=Resolver(overrides()),
        ttl_dns_cache=_DNS_S,
    )
    return aiohttp.ClientSession(
        auto_decompress=False,
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        trust_env=False,
    )


async def read_at_most(response: aiohttp.ClientResponse, limit: int) -> bytes | None:
    """The body; None when it is longer than the limit."""
    received = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        received += chunk
        if len(received) > limit:
            return None
    return bytes(received)
