"""Run in a process of its own, with a deployment's environment only: what a component can do.

component.py parse FILE   as the DAG processor and the workers do; writes the serialized DAGs
component.py decode FILE  as the scheduler, the API server and the triggerer do, without DAG files
component.py call FILE    the same, and makes one service call in the triggerer's way

Prints its findings as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from airflow import plugins_manager, settings
from airflow._shared.module_loading import import_string
from airflow.dag_processing.dagbag import BundleDagBag
from airflow.serialization.serialized_objects import BaseSerialization, DagSerialization

NOT_AT_RUN_TIME = ("system_daemon.cli", "system_daemon.local")
WITH_CELERY = "system_daemon.celery_settings"
"""Read by Celery's workers alone, in which the provider is installed: tests/cluster."""


def plugins() -> dict[str, Any]:
    found, errors = plugins_manager._get_plugins()
    ours = [plugin for plugin in found if plugin.name == "system_daemon"]
    return {
        "registered": len(ours),
        "plugin_errors": errors,
        "timetables": sorted(each.__name__ for plugin in ours for each in plugin.timetables),
    }


def parse(file: Path) -> dict[str, Any]:
    folder = settings.DAGS_FOLDER
    bag = BundleDagBag(dag_folder=folder, bundle_path=Path(folder))
    serialized = {dag_id: DagSerialization.to_dict(dag) for dag_id, dag in bag.dags.items()}
    file.write_text(json.dumps(serialized, default=str), encoding="utf-8")
    return {"import_errors": bag.import_errors, "dags": sorted(bag.dags), "broken": broken()}


def broken() -> list[str]:
    """Modules of the package that cannot be imported; those that read files do so here."""
    package = import_module("system_daemon")
    failed = []
    for module in pkgutil.walk_packages(package.__path__, "system_daemon."):
        if not module.name.startswith((*NOT_AT_RUN_TIME, WITH_CELERY)):
            try:
                import_module(module.name)
            except Exception as error:
                failed.append(f"{module.name}: {error!r}")
    return failed


def decode(file: Path) -> dict[str, Any]:
    data = json.loads(file.read_text(encoding="utf-8"))
    dags = {dag_id: DagSerialization.from_dict(one) for dag_id, one in data.items()}
    triggers = {
        task.start_trigger_args.trigger_cls
        for dag in dags.values()
        for task in dag.tasks
        if task.start_from_trigger
    }
    return {
        "decoded": {dag_id: type(dag.timetable).__name__ for dag_id, dag in dags.items()},
        "triggers": {path: callable(import_string(path)) for path in sorted(triggers)},
        "sees_dag_files": any("dags" in Path(entry).parts for entry in sys.path),
    }


def call(file: Path) -> dict[str, Any]:
    found = decode(file)
    data = json.loads(file.read_text(encoding="utf-8"))["service__import_patients"]
    (task,) = DagSerialization.from_dict(data).tasks
    arguments = task.start_trigger_args
    # Templates are rendered by the triggerer, with the run at hand.
    rendered = {"run_type": "manual", "due": "2026-01-01T00:00:00+00:00"}
    kwargs = BaseSerialization.deserialize(arguments.trigger_kwargs) | rendered
    # As Airflow does it: from the class path and the arguments in its database.
    path, stored = import_string(arguments.trigger_cls)(**kwargs).serialize()
    trigger = import_string(path)(**stored)
    trigger.task_instance = SimpleNamespace(id="layout", try_number=1, task_id="call")

    async def first_event() -> Any:
        return await anext(trigger.run())

    event = asyncio.run(first_event())
    return found | {"event": type(event).__name__, "outcome": event.xcoms["outcome"]}


if __name__ == "__main__":
    settings.initialize()
    work = {"parse": parse, "decode": decode, "call": call}[sys.argv[1]]
    print(json.dumps(plugins() | work(Path(sys.argv[2]))))
