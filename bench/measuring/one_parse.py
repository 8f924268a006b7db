"""Parses a DAG folder's `external_services.py` once and prints how long it took, as JSON.

Runs in a process of its own: `one_parse.py <dags folder>`, with Airflow's environment set.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import time
from pathlib import Path


def main() -> None:
    """Import everything first, then parse and serialize as the DAG processor does."""
    began = time.perf_counter()
    from airflow import plugins_manager  # noqa: PLC0415
    from airflow.dag_processing.dagbag import BundleDagBag  # noqa: PLC0415
    from airflow.serialization.serialized_objects import DagSerialization  # noqa: PLC0415

    import system_daemon.services.dag  # noqa: F401, PLC0415

    plugins_manager.get_timetables_plugins()
    imported = time.perf_counter()
    folder = Path(sys.argv[1])
    bag = BundleDagBag(
        dag_folder=str(folder / "external_services.py"),
        bundle_path=folder,
        bundle_name="dags-folder",
        load_op_links=False,
    )
    parsed = time.perf_counter()
    data = {dag_id: DagSerialization.to_dict(dag) for dag_id, dag in bag.dags.items()}
    serialized = time.perf_counter()
    result = {
        "imports_s": imported - began,
        "parse_s": parsed - imported,
        "serialize_s": serialized - parsed,
        "dags": len(data),
        "errors": list(bag.import_errors.values())[:1],
        # As Airflow compares them: the order of keys has no meaning, that of items has.
        "digests": {dag_id: _digest(dag) for dag_id, dag in data.items()},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    print(json.dumps(result))


def _digest(dag: object) -> str:
    return hashlib.sha256(json.dumps(dag, sort_keys=True).encode()).hexdigest()


if __name__ == "__main__":
    main()
