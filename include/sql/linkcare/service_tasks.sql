-- Task status: 12 OPEN, 13 CLOSED. Role 47: SERVICE.

-- name: close
-- description: Open tasks of the role SERVICE whose time has come become Closed
WITH due AS (
    SELECT task.task_id
    FROM task
    INNER JOIN admission ON task.admission_id = admission.admission_id
    WHERE
        task.status = 12
        AND task.deleted_at IS NULL
        AND task.role_id = 47
        AND task.scheduled_at <= :as_of
        AND admission.deleted_at IS NULL
    ORDER BY task.scheduled_at
    LIMIT :batch
    FOR UPDATE OF task SKIP LOCKED
),

changed AS (
    UPDATE task
    SET status = 13, closed_at = :as_of
    FROM due
    WHERE task.task_id = due.task_id
    RETURNING task.task_id
)

SELECT count(*) AS tasks_closed
FROM changed;
