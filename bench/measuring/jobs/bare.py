"""A bare asyncio loop that makes the same POSTs without any queue: what the machine can do.

A program of its own, in the environment of ours, with uvloop and one aiohttp session as ours.
"""

from __future__ import annotations

import asyncio
import sys
from itertools import repeat

import aiohttp
import uvloop


async def _post_all(url: str, jobs: int, in_flight: int) -> None:
    numbers = iter(range(jobs))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def one_after_the_other() -> None:
            for number in numbers:
                async with session.post(
                    url, data=_body(number), headers={"Content-Type": "application/json"}
                ) as answer:
                    await answer.read()

        await asyncio.gather(*(one_after_the_other() for _ in repeat(None, in_flight)))


def _body(number: int) -> bytes:
    head = b'{"number":%09d,"fill":"' % number
    return b"".join((head, b"x" * (298 - len(head)), b'"}'))


if __name__ == "__main__":
    uvloop.run(_post_all(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
    sys.stdin.read()  # it is measured until its parent closes this
