"""The names by which a timetable finds what the last run left."""

TASK_ID = "call"
"""The one task of a service's DAG."""
OUTCOME = "outcome"
"""XCom key: how the run ended."""
RETRY_AFTER = "retry_after"
"""XCom key: seconds until a foreign lock expires, after ``locked``."""
