"""The Idempotency-Key header: the same at every attempt, whatever a producer took for an id."""

from __future__ import annotations

from json.encoder import encode_basestring_ascii

HEADER = "Idempotency-Key"


def key(job_id: str) -> str:
    r"""The id, with everything that no header may hold written as ``\n`` or ``\u00e9``."""
    return job_id if job_id.isascii() and job_id.isprintable() else _escaped(job_id)


def _escaped(job_id: str) -> str:
    return encode_basestring_ascii(job_id)[1:-1].replace("\x7f", "\\u007f")
