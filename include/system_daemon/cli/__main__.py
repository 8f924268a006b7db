"""`python -m system_daemon.cli`, for where the console script is not on PATH."""

from system_daemon.cli import main

main()
