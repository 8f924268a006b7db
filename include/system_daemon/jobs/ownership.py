"""Which keys nobody owns: nobody would ever take them away."""

from __future__ import annotations

from redis.asyncio import Redis

from system_daemon.jobs.keys import Keys
from system_daemon.jobs.overview import queue_names
from system_daemon.jobs.worker_record import is_ours

_EXPIRING = ("consumer:", "held:", "notification:", "reaper:")


async def owned_keys(redis: Redis, keys: Keys) -> set[str]:
    """The keys with an owner: a live consumer, a reaper that will come, or a promoted job's run."""
    owned = set()
    for queue in await queue_names(redis, keys):
        owned |= {keys.consumers(queue), keys.promoted(queue)}
        for name in await redis.smembers(keys.consumers(queue)):
            theirs = keys.of_consumer(_text(name), queue)
            owned |= {
                theirs.processing, theirs.worker, theirs.started, theirs.processed, theirs.failed,
            }  # fmt: skip
    return owned


async def unowned_keys(redis: Redis, keys: Keys) -> list[str]:
    """Keys that consumers, reapers and runs left behind, and members of sets likewise."""
    owned, unowned = await owned_keys(redis, keys), []
    async for found in redis.scan_iter(count=1000):
        key = _text(found)
        if not key.startswith(keys.namespace) or key in owned:
            continue
        name = key.removeprefix(keys.namespace)
        if key.startswith(keys.ours):
            expires = await redis.ttl(key) >= 0
            if not (key.removeprefix(keys.ours).startswith(_EXPIRING) and expires):
                unowned.append(key)
        elif _is_of_our_worker(name) or (name.startswith("job:") and await _ended(redis, key)):
            unowned.append(key)
    for member in await redis.smembers(keys.workers):
        worker = _text(member)
        if is_ours(worker) and f"{keys.namespace}worker:{worker}:started" not in owned:
            unowned.append(f"{keys.workers} {worker}")
    return sorted(unowned)


def _is_of_our_worker(name: str) -> bool:
    for kind in ("worker:", "stat:processed:", "stat:failed:"):
        if name.startswith(kind):
            return is_ours(name.removeprefix(kind))
    return False


async def _ended(redis: Redis, key: str) -> bool:
    """Whether a job's status says that it ended but never expires."""
    packet = await redis.get(key) or b""
    return (b'"status":3' in packet or b'"status":4' in packet) and await redis.ttl(key) == -1


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
