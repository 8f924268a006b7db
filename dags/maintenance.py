"""One DAG a maintenance task: ``maintenance__<task>``.

Every task of the platform, and every task that ``include/config/maintenance.json`` adds, becomes an
Airflow DAG that runs the task's SQL in bounded batches. Without the file there is none. An entry
that is not valid is shown as an import error of ``configuration_errors.py`` and stops nothing else;
a file that is no JSON at all is the import error of this file.
"""

from system_daemon.configuration.loading import load
from system_daemon.maintenance.dag import maintenance_dag

configuration = load()
for task in configuration.require_maintenance():
    globals()[task.dag_id] = maintenance_dag(task, configuration)
