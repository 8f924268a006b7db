"""Templates of notifications: Jinja2, sandboxed, HTML escaped, and nothing may be undefined.

``<name>.subject.txt``, ``<name>.txt`` and ``<name>.html`` in one folder; an e-mail takes what there
is, SMS and push take the text. Templates are the site's own; only their data comes from jobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from jinja2 import FileSystemLoader, StrictUndefined, TemplateNotFound
from jinja2.sandbox import ImmutableSandboxedEnvironment

_PARTS = {"subject": ".subject.txt", "text": ".txt", "html": ".html"}


def render(folder: Path, name: str, data: Mapping[str, object]) -> dict[str, str]:
    """Subject, text and HTML; empty where there is no file.

    Raises:
        TemplateNotFound: there is neither a text nor HTML.
        TemplateError: a template is wrong, or uses what the data does not hold.
    """
    environment = _environment(folder)
    parts = {}
    for part, ending in _PARTS.items():
        try:
            template = environment.get_template(name + ending)
        except TemplateNotFound as error:
            if error.name != name + ending:
                raise
            parts[part] = ""
        else:
            parts[part] = template.render(data)
    if not parts["text"] and not parts["html"]:
        raise TemplateNotFound(f"{name}.txt")
    # A file ends with a line break, a subject must not hold one.
    return parts | {"subject": " ".join(parts["subject"].split())}


@lru_cache(maxsize=8)
def _environment(folder: Path) -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        autoescape=lambda name: name is not None and name.endswith(".html"),
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
    )
