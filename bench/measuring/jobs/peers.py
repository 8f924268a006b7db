"""The peers, each at the best setting that we found, in environments of their own."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from measuring.jobs.run import Run, measure
from measuring.jobs.target import Target
from system_daemon.local import processes

_HERE = Path(__file__).with_name("peers")
_LISTS = Path(__file__).resolve().parents[2]
_CELERY = "celery -A celery_jobs worker --without-gossip --without-mingle --without-heartbeat"
_RQ = "rq worker-pool -q -u {redis} -w rq.worker.SimpleWorker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A job queue and how it runs at its best."""

    name: str
    packages: str
    """The list of its requirements."""
    put: str
    """Puts the jobs."""
    work: Mapping[int, tuple[str, ...]]
    """Delay to the workers' commands; all run at once."""
    jobs: Mapping[int, int]
    """Delay to how many jobs wait: some seconds' work."""
    settings: Mapping[int, str]
    """Delay to the setting in words."""
    environment: Mapping[str, str] = field(default_factory=dict)


PEERS = (
    Peer(
        name="RQ",
        packages="jobs-peers.txt",
        put="python rq_jobs.py",
        work={0: (f"{_RQ} -n 4",), 50: (f"{_RQ} -n 16",)},
        jobs={0: 1000, 50: 1000},
        settings={0: "4 SimpleWorkers", 50: "16 SimpleWorkers"},
    ),
    Peer(
        name="Celery",
        packages="jobs-peers.txt",
        put="python celery_jobs.py",
        work={
            0: tuple(f"{_CELERY} -l ERROR -P threads -c 16 -n {name}@bench" for name in "ab"),
            50: tuple(f"{_CELERY} -l ERROR -P threads -c 64 -n {name}@bench" for name in "ab"),
        },
        jobs={0: 4000, 50: 4000},
        settings={0: "2 processes of 16 threads", 50: "2 processes of 64 threads"},
    ),
    Peer(
        name="arq",
        packages="jobs-peers-arq.txt",
        put="python arq_jobs.py put",
        work={0: ("python arq_jobs.py",), 50: ("python arq_jobs.py",)},
        jobs={0: 5000, 50: 5000},
        settings={0: "1 process, 100 jobs at once", 50: "1 process, 100 jobs at once"},
    ),
    Peer(
        name="dramatiq",
        packages="jobs-peers.txt",
        put="python dramatiq_jobs.py",
        work={
            0: ("dramatiq dramatiq_jobs --processes 2 --threads 16",),
            50: ("dramatiq dramatiq_jobs --processes 2 --threads 128",),
        },
        jobs={0: 10000, 50: 10000},
        settings={0: "2 processes of 16 threads", 50: "2 processes of 128 threads"},
    ),
)


class NoPeersError(Exception):
    """An environment could not be made."""


def environment(packages: str) -> Path:
    """The folder of the environment with these packages, made when it is not there yet.

    It lies in the user's cache and is named after the list, so that another list makes another.

    Raises:
        NoPeersError: it could not be made.
    """
    wanted = _LISTS / packages
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "system-daemon-bench" / f"{wanted.stem}-{digest}"
    made = folder / "made"
    if not made.exists():
        print(f"Installing the peers of {packages} into {folder} ...", flush=True)
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(folder / "bin" / "pip"), "install", "--quiet", "-r", str(wanted)],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                last = (done.stderr or done.stdout).strip().splitlines()[-1:]
                raise NoPeersError(f"{packages} cannot be installed: {''.join(last)}")
        made.touch()
    return folder


def run(
    peer: Peer, delay: int, target: Target, redis_url: str, folder: Path, *, share: float
) -> Run:
    """Put this peer's jobs and let it run them; ``share`` of the usual number."""
    jobs = max(int(peer.jobs[delay] * share), 200)
    inside = environment(peer.packages) / "bin"
    variables = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
        "PATH": os.pathsep.join((str(inside), os.environ.get("PATH", os.defpath))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "BENCH_REDIS": redis_url,
        "BENCH_TARGET": target.url,
        "BENCH_JOBS": str(jobs),
        "BENCH_DELAY": str(delay),
        **peer.environment,
    }
    target.forget()
    log = folder / f"{peer.name}.log"
    with log.open("ab") as output:
        subprocess.run(
            shlex.split(peer.put), cwd=_HERE, env=variables, stdout=output, stderr=output,
            check=True,
        )  # fmt: skip
    commands = [shlex.split(command.format(redis=redis_url)) for command in peer.work[delay]]
    # One leader for all, so that one process tree is measured.
    leader = processes.start(
        [sys.executable, "-m", "measuring.jobs.together", *map(shlex.join, commands)],
        log=log,
        cwd=_HERE,
        env=variables | {"PYTHONPATH": str(_LISTS)},
    )
    try:
        return measure(
            target,
            jobs,
            delay,
            lambda: {"all": psutil.Process(leader.pid)},
            timeout=max(jobs / 20, 30),
        )
    finally:
        processes.stop(leader, whole_session=True, grace=3)
        time.sleep(0.2)
