"""External services: one DAG each, one HTTP POST an execution, no worker process."""
