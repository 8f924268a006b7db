"""The embedded stack for one machine: PostgreSQL, Redis, the demo platform and Airflow itself.

Nothing here imports Airflow: it is started as a process, from the same virtual environment.
"""
