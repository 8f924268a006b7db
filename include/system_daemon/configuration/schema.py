"""The JSON Schemas beside the configuration files, for completion and hovering in an editor.

Generated from the models: ``python -m system_daemon.configuration.schema`` writes them. A schema
says less than the models do: it knows no unique names, no time zone data and no secrets.
"""

from __future__ import annotations

import ast
import inspect
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from system_daemon.configuration.alerts import Alert
from system_daemon.configuration.background_jobs import (
    BackgroundJobs,
    Notifications,
    Queue,
    Route,
)
from system_daemon.configuration.loading import (
    JOBS_FILE,
    MAINTENANCE_FILE,
    SERVICES_FILE,
    SETTINGS_FILE,
    SHIPPED,
)
from system_daemon.configuration.maintenance import Brake, Maintenance, TaskEntry
from system_daemon.configuration.services import ExecutionPlan, Intervals, Service
from system_daemon.configuration.settings import DailyRetry, Settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def services_schema() -> dict[str, Any]:
    """The schema of ``external_services.json``: an array of services."""
    service = _explained(Service, ExecutionPlan, Intervals)
    definitions = service.pop("$defs")
    return {
        "$schema": _DIALECT,
        "title": "External services",
        "description": "One entry a service; each becomes the Airflow DAG service__<name>.",
        "type": "array",
        "items": {"$ref": "#/$defs/Service"},
        "$defs": {"Service": service, **definitions},
    }


def settings_schema() -> dict[str, Any]:
    """The schema of ``settings.json``: an object, every key optional."""
    return _naming_its_schema(_explained(Settings, DailyRetry, Alert))


def jobs_schema() -> dict[str, Any]:
    """The schema of ``background_jobs.json``: an object of queues and routes."""
    return _naming_its_schema(_explained(BackgroundJobs, Queue, Route, Notifications))


def maintenance_schema() -> dict[str, Any]:
    """The schema of ``maintenance.json``: an object of settings and tasks."""
    return _naming_its_schema(_explained(Maintenance, TaskEntry, Brake))


def _naming_its_schema(schema: dict[str, Any]) -> dict[str, Any]:
    # The editor's own key; loading skips it.
    schema["properties"] = {
        "$schema": {"description": "Where an editor finds this schema."},
        **schema["properties"],
    }
    return {"$schema": _DIALECT, **schema}


def schema_texts() -> dict[str, str]:
    """File names and their whole texts."""
    schemas = {
        SERVICES_FILE: services_schema(),
        SETTINGS_FILE: settings_schema(),
        JOBS_FILE: jobs_schema(),
        MAINTENANCE_FILE: maintenance_schema(),
    }
    return {
        f"{Path(file).stem}.schema.json": json.dumps(schema, indent=2) + "\n"
        for file, schema in schemas.items()
    }


def _explained(root: type[BaseModel], *inner: type[BaseModel]) -> dict[str, Any]:
    """The model's schema, each key with its meaning and what is expected of it."""
    schema = root.model_json_schema()
    for model in (root, *inner):
        part = schema if model is root else schema["$defs"][model.__name__]
        part["description"] = _prose(model.__doc__ or "")
        meanings = _meanings(model)
        for name, field in model.model_fields.items():
            expected = f"Expected: {field.description}."
            part["properties"][name]["description"] = f"{meanings[name]} {expected}"
    return schema


def _meanings(model: type[BaseModel]) -> dict[str, str]:
    """The text that stands below each field in the source; pydantic keeps only ``description``."""
    body = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"expected a class, got {model!r}")
    found = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(meaning))),
            ):
                found[name] = _prose(meaning)
    return found


def _prose(docstring: str) -> str:
    return inspect.cleandoc(docstring).replace("``", "`").replace("\n", " ")


def write(folder: Path = SHIPPED) -> None:
    """Write the schemas into a configuration folder."""
    for name, text in schema_texts().items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:2]))
