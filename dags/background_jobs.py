"""One DAG a queue of background jobs, and one for the jobs that need a run of their own.

``jobs__<queue>`` serves a Resque queue of ``include/config/background_jobs.json``: a Redis sensor
that waits without a process, then workers. ``background_job`` is an Airflow DAG of single jobs that
failed several times in a row, or whose route asks for it.
"""

from system_daemon.configuration.loading import load
from system_daemon.jobs.dag import promoted_dag, queue_dag

configuration = load()
jobs = configuration.require_jobs()
if jobs.queues:
    for queue in jobs.queues:
        globals()[queue.dag_id] = queue_dag(queue, jobs, configuration.settings)
    background_job = promoted_dag(configuration.settings)
