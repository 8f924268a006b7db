-- OUTDATED_TASKS_CHECK as one statement, as somebody would write it by hand.
WITH latest AS (
    SELECT task.task_id, task.timezone, task.expires_after,
           numbered.iteration, coalesce(numbered.scheduled_at, task.scheduled_at) AS scheduled_at
      FROM task
      JOIN admission USING (admission_id)
      LEFT JOIN LATERAL (
          SELECT n AS iteration,
                 (task.recurs_from AT TIME ZONE task.timezone + task.recurs_every * (n - 1))
                 AT TIME ZONE task.timezone AS scheduled_at
            FROM generate_series(
                task.iteration + 1,
                task.iteration + 2 + ceil(
                    extract(epoch FROM %(as_of)s - task.scheduled_at)
                    / extract(epoch FROM task.recurs_every) * 1.1
                )::integer
            ) AS n
           WHERE (task.recurs_from AT TIME ZONE task.timezone + task.recurs_every * (n - 1))
                 AT TIME ZONE task.timezone <= %(as_of)s
           ORDER BY n DESC
           LIMIT 1
      ) AS numbered ON task.recurs_every IS NOT NULL
     WHERE task.status = 12 AND task.deleted_at IS NULL AND task.scheduled_at < %(as_of)s
       AND admission.deleted_at IS NULL AND admission.status IN (1, 5)
       AND least(task.expires_at, task.next_iteration_at) <= %(as_of)s
       AND (task.expires_at < %(as_of)s OR task.next_iteration_at <= %(as_of)s)
), decided AS (
    SELECT *, (scheduled_at AT TIME ZONE timezone + expires_after) AT TIME ZONE timezone
              < %(as_of)s AS is_over
      FROM latest
)
UPDATE task
   SET status = CASE WHEN decided.is_over THEN 17 ELSE 12 END,
       iteration = coalesce(decided.iteration, task.iteration),
       scheduled_at = decided.scheduled_at,
       notified_at = CASE WHEN decided.iteration IS NULL THEN task.notified_at END
  FROM decided
 WHERE task.task_id = decided.task_id
