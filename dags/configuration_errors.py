"""Holds no DAG: raises what was refused, so that Airflow's home page shows it with its remedy.

Everything that is valid runs meanwhile. The same list, with warnings: ``system-daemon check``.
"""

from system_daemon.configuration.loading import load
from system_daemon.configuration.problems import ConfigurationError
from system_daemon.maintenance.sql_problems import sql_problems

configuration = load()
refused = (*configuration.rejected, *sql_problems(configuration.maintenance_tasks))
if refused:
    raise ConfigurationError(refused) from None
