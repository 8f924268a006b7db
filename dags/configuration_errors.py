"""Holds no DAG: raises what was refused, so that Airflow's home page shows it with its remedy.

Everything that is valid runs meanwhile. The same list, with warnings: ``system-daemon check``.
"""

from system_daemon.configuration.loading import load
from system_daemon.configuration.problems import ConfigurationError

refused = load().rejected
if refused:
    raise ConfigurationError(refused) from None
