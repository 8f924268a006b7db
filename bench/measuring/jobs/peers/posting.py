"""The job of all peers that work in threads, processes or greenlets: one POST."""

from __future__ import annotations

import os

import urllib3

_HEADERS = {"Content-Type": "application/json"}
_pool = urllib3.connection_from_url(os.environ["BENCH_TARGET"], maxsize=512, retries=False)


def post(path: str, body: str) -> None:
    """Send the body; whatever is not 200 is an error."""
    answer = _pool.urlopen("POST", path, body=body.encode(), headers=_HEADERS, timeout=30)
    if answer.status != 200:
        raise RuntimeError(f"expected HTTP 200, got {answer.status}")


def bodies() -> list[tuple[str, str]]:
    """Path and body of every job, as the bench asks for them."""
    jobs, delay = int(os.environ["BENCH_JOBS"]), os.environ["BENCH_DELAY"]
    return [(f"/{delay}", body(number)) for number in range(jobs)]


def body(number: int) -> str:
    """300 bytes."""
    head = f'{{"number":{number:09},"fill":"'
    return f'{head}{"x" * (300 - len(head) - 2)}"}}'
