"""The command line `system-daemon`: exit codes 0 fine, 1 errors, 2 wrong usage."""

from __future__ import annotations

import typer

from system_daemon.cli import check, fix, import_php, jobs, services, stack

app = typer.Typer(
    name="system-daemon",
    help="The System Daemon as Airflow DAGs: run it on this machine, and look at it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
app.command("up")(stack.up)
app.command("down")(stack.down)
app.command("status")(stack.status)
app.command("check")(check.check)
app.command("services")(services.services)
app.command("fix")(fix.fix)
app.command("import-php")(import_php.import_php)
app.add_typer(jobs.app, name="jobs")


def main() -> None:
    """Entry point of the console script."""
    app()
