"""The command line `system-daemon`: exit codes 0 fine, 1 errors, 2 wrong usage."""

from __future__ import annotations

import typer

from system_daemon.cli import check, db, env, fix, import_php, jobs, maintenance, services, stack

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
app.command("maintenance")(maintenance.maintenance)
app.command("fix")(fix.fix)
app.command("import-php")(import_php.import_php)
app.command("env")(env.env)
app.add_typer(jobs.app, name="jobs")
app.add_typer(db.app, name="db")


def main() -> None:
    """Entry point of the console script."""
    app()
