"""One DAG a configured external service: ``service__<name>``.

Every entry of ``include/config/external_services.json`` becomes an Airflow DAG that calls its
endpoint with one HTTP POST, by its execution plan. Edit the file and the DAGs follow; an entry that
is not valid is shown as an import error of ``configuration_errors.py`` and stops nothing else. A
file that is no JSON at all is the import error of this file.
"""

from system_daemon.configuration.loading import load
from system_daemon.services.dag import service_dag

configuration = load()
for service in configuration.require_services():
    globals()[service.dag_id] = service_dag(service, configuration.settings)
