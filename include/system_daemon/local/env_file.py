"""A `.env` for docker-compose.yaml: the page .env.example with fresh secrets filled in.

Needs nothing but Python, because it is wanted before anything is installed:
`python3 -m system_daemon.local.env_file`, which is `make env`.
"""

from __future__ import annotations

import re
import secrets as random_source
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from system_daemon.local.failure import StackError
from system_daemon.local.generated_secrets import fernet_key
from system_daemon.local.locations import project_root
from system_daemon.local.private_file import write_private

TEMPLATE = ".env.example"
ENV_FILE = ".env"
_SETTING = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$")
_PLACEHOLDER = re.compile(r"<([A-Z][A-Z0-9_]*)>")


def _password() -> str:
    return random_source.token_urlsafe(24)


def _signing_key() -> str:
    return random_source.token_urlsafe(48)


GENERATORS: Mapping[str, Callable[[], str]] = {
    "POSTGRES_PASSWORD": _password,
    "BROKER_PASSWORD": _password,
    "FERNET_KEY": fernet_key,
    "JWT_SECRET": _signing_key,
    "API_SECRET_KEY": _signing_key,
    "ADMIN_PASSWORD": _password,
    "FLOWER_PASSWORD": _password,
    "PLATFORM_REDIS_PASSWORD": _password,
    "PLATFORM_POSTGRES_PASSWORD": _password,
}
"""The settings of the template that are secrets, and how each is made."""


def write_env_file(project: Path) -> Path:
    """Write `.env` beside the template with mode 0600 and return where it is.

    Raises StackError when there is one already, or no template.
    """
    target = project / ENV_FILE
    if target.exists() or target.is_symlink():
        raise StackError(
            f"expected no {target} yet, got one; it may hold the only copy of its secrets: move it "
            "away to get fresh ones"
        )
    try:
        template = (project / TEMPLATE).read_text(encoding="utf-8")
    except OSError as error:
        raise StackError(
            f"expected the template {project / TEMPLATE}, got: {error.strerror}; run this in the "
            "folder of docker-compose.yaml"
        ) from error
    write_private(target, filled(template))
    return target


def filled(template: str) -> str:
    """The template with a fresh secret for each empty one, and `<NAME>` replaced by its value."""
    made: dict[str, str] = {}
    lines = [_line(line, made) for line in template.splitlines()]
    return "\n".join(lines) + "\n"


def _line(line: str, made: dict[str, str]) -> str:
    setting = _SETTING.match(line)
    if setting is None:
        return line
    name, value = setting.groups()
    if not value and name in GENERATORS:
        made[name] = value = GENERATORS[name]()
    return f"{name}={_PLACEHOLDER.sub(lambda found: made[found[1]], value)}"


def main() -> int:
    """Write it for this project; 1 where that is refused."""
    try:
        written = write_env_file(project_root())
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Written to {written}, for you alone: mode 0600.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
