"""The calls of `bench/services.py` as plain Airflow makes them: a DAG and an HttpOperator each.

`calls.json` beside this file lists them. They stay paused until they are measured.
"""

from __future__ import annotations

import json
from pathlib import Path

from airflow.providers.http.operators.http import HttpOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowSkipException


def right_code(response) -> bool:
    """Success is success, idle is skipped, anything else fails."""
    code = response.json()["code"]
    if code == "idle":
        raise AirflowSkipException("nothing to do")
    return code == "success"


for call in json.loads(Path(__file__).with_name("calls.json").read_text(encoding="utf-8")):
    with DAG(
        dag_id=call["name"],
        schedule="@once",
        catchup=False,
        max_active_runs=1,
        is_paused_upon_creation=True,
    ) as dag:
        HttpOperator(
            task_id="call",
            http_conn_id="demo",
            endpoint=f"/{call['name']}",
            method="POST",
            data="{}",
            headers={"Content-Type": "application/json"},
            response_check=right_code,
            deferrable=call["deferrable"],
            warn_on_non_idempotent=False,
            extra_options={"timeout": 300},
        )
    globals()[dag.dag_id] = dag
