"""The System Daemon of a health platform, as an Airflow DAG package."""

__version__ = "0.1.0"
