"""The passwords and keys of one state folder: generated once, kept in a file of mode 0600."""

from __future__ import annotations

import base64
import json
import os
import secrets as random_source
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from system_daemon.local.failure import StackError
from system_daemon.local.private_file import write_private

_FILE = "secrets.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    """What only this stack's own processes need to know, and the person who logs in."""

    # Role `airflow` of the embedded PostgreSQL.
    postgres_password: str
    # `requirepass` of the embedded Redis.
    redis_password: str
    # User `admin` of Airflow's UI and API.
    admin_password: str
    # Encrypts connections in the metadata database; a new one would make old rows unreadable.
    fernet_key: str
    # Signs the tokens between Airflow's components; all of them must hold the same one.
    jwt_secret: str
    # Signs the sessions of Airflow's API server.
    api_secret_key: str


def load_or_create(state: Path) -> Secrets:
    """The secrets of this state folder, made on its first use. Raises StackError."""
    path = state / _FILE
    if not path.exists():
        created = _generate()
        write_private(path, json.dumps(asdict(created), indent=2) + "\n")
        return created
    return load(state)


def load(state: Path) -> Secrets:
    """The secrets that an earlier `up` made. Raises StackError when they cannot be read."""
    path = state / _FILE
    names = [field.name for field in fields(Secrets)]
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Secrets(**{name: str(stored[name]) for name in names})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StackError(
            f"expected {path} to hold {', '.join(names)}, got {error!r}; "
            f"remove the folder {state} to begin anew"
        ) from error


def fernet_key() -> str:
    """A fresh key of the kind with which Airflow encrypts connections."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode("ascii")


def _generate() -> Secrets:
    return Secrets(
        postgres_password=random_source.token_urlsafe(24),
        redis_password=random_source.token_urlsafe(24),
        admin_password=random_source.token_urlsafe(12),
        fernet_key=fernet_key(),
        jwt_secret=random_source.token_urlsafe(48),
        api_secret_key=random_source.token_urlsafe(48),
    )
