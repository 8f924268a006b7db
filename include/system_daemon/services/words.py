"""What a service does, in words: for the UI's documentation tab and for the terminal."""

from __future__ import annotations

from urllib.parse import urlsplit

from system_daemon.configuration.services import Service
from system_daemon.configuration.settings import Settings
from system_daemon.schedule.daily import Daily
from system_daemon.schedule.words import duration, in_words
from system_daemon.services.plan import schedule


def target(service: Service) -> str:
    """The endpoint without its query, whose values nobody needs to read twice."""
    parts = urlsplit(service.endpoint)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def sentence(service: Service, settings: Settings) -> str:
    """When the service is called, how long it may take, and what keeps two calls apart."""
    locked = (
        "No other deployment calls it meanwhile."
        if service.locks(settings)
        else "Another deployment may call it at the same time."
    )
    return (
        f"Called {in_words(schedule(service, settings))}. A call may take"
        f" {duration(service.timeout)}. {locked}"
    )


def documentation(service: Service, settings: Settings) -> str:
    """The page behind the DAG's documentation button, in Markdown."""
    plan = schedule(service, settings)
    late = (
        f"A run that was missed starts up to {duration(service.grace(settings))} late,"
        " else it waits for the next day and says so in its log."
        if isinstance(plan, Daily)
        else "The wait counts from the end of the last run, whoever started it. A run that is"
        " waiting already keeps its due time when the plan is edited."
    )
    credentials = (
        f"Authentication, headers and TLS come from the Airflow connection `{service.connection}`."
        if service.connection
        else "No authentication is sent; name an Airflow connection in `connection` to add one."
    )
    return f"""\
{service.description}

**What it does.** One HTTP POST to `{target(service)}` in every run. {credentials}

**When.** {sentence(service, settings)} {late}

**How a run ends.**

| outcome | state | meaning |
|---|---|---|
| success | success | the service did its work |
| idle | skipped task | the service had nothing to do |
| locked | skipped task | another deployment was calling it; nothing was sent |
| error | failed | the service said so, could not be reached or answered something else |
| timeout | failed | no whole answer within {duration(service.timeout)}; it may still be working |

**When it is red.** Open the task's log: its last line names the outcome and the reason. The next
run comes by itself. To call the service again now, clear the task or trigger the DAG; neither
changes the plan. To stop calling it, pause the DAG.

Configured in `external_services.json` under the name `{service.name}`.
"""
