-- Task status: 12 OPEN, 17 EXPIRED. Admission status: 1 ACTIVE, 5 ENROLLED.
-- The columns expires_at, next_iteration_at and outdated_at are computed from the others, by the
-- clock of the task's zone.
-- Tasks of paused or deleted admissions stay outdated. :after_... say where the batch before ended,
-- so that a run looks at each of them once; they are null in the first one.
-- :may_expire is false for a platform before API version 2.7.21, whose tasks do not expire.

-- name: outdated
-- description: Open tasks move to their latest iteration, or become Expired when its time is over
WITH due AS (
    SELECT
        task.task_id,
        task.outdated_at,
        latest.iteration,
        latest.scheduled_at,
        CASE
            WHEN
                :may_expire
                AND ((latest.scheduled_at AT TIME ZONE task.timezone) + task.expires_after)
                AT TIME ZONE task.timezone < :as_of THEN 17
            ELSE 12
        END AS status
    FROM task
    INNER JOIN admission ON task.admission_id = admission.admission_id
    -- The last iteration that has come, counted from the first one so that a monthly task of the
    -- 31st comes back to the 31st. The elapsed time tells about which one it is.
    CROSS JOIN
        LATERAL (
            SELECT
                numbered.iteration,
                CASE
                    WHEN numbered.iteration = task.iteration THEN task.scheduled_at
                    ELSE
                        (
                            (task.recurs_from AT TIME ZONE task.timezone)
                            + task.recurs_every * (numbered.iteration - 1)
                        ) AT TIME ZONE task.timezone
                END AS scheduled_at
            FROM
                generate_series(
                    greatest(
                        task.iteration,
                        -- 28 to 31 days a month, and up to a day by which zones move.
                        1 + floor(
                            extract(EPOCH FROM :as_of - task.recurs_from - interval '26 hours')
                            / extract(EPOCH FROM task.recurs_every) * (30.0 / 31)
                        )::integer
                    ),
                    greatest(
                        task.iteration,
                        2 + ceil(
                            extract(EPOCH FROM :as_of - task.recurs_from + interval '26 hours')
                            / extract(EPOCH FROM task.recurs_every) * (30.0 / 28)
                        )::integer
                    )
                ) AS numbered (iteration)
            WHERE
                numbered.iteration = task.iteration
                OR (
                    (task.recurs_from AT TIME ZONE task.timezone)
                    + task.recurs_every * (numbered.iteration - 1)
                ) AT TIME ZONE task.timezone <= :as_of
            ORDER BY numbered.iteration DESC
            LIMIT 1
        ) AS latest
    WHERE
        task.status = 12
        AND task.deleted_at IS NULL
        AND task.scheduled_at < :as_of
        AND task.outdated_at <= :as_of
        AND (task.outdated_at, task.task_id)
        > (coalesce(:after_at, timestamptz '-infinity'), coalesce(:after_id, 0))
        AND ((:may_expire AND task.expires_at < :as_of) OR task.next_iteration_at <= :as_of)
        AND admission.deleted_at IS NULL
        AND admission.status IN (1, 5)
    ORDER BY task.outdated_at, task.task_id
    LIMIT :batch
    FOR UPDATE OF task SKIP LOCKED
),

changed AS (
    UPDATE task
    SET
        status = due.status,
        iteration = due.iteration,
        scheduled_at = due.scheduled_at,
        notified_at = CASE WHEN due.iteration = task.iteration THEN task.notified_at END
    FROM due
    WHERE task.task_id = due.task_id
    RETURNING due.status
)

SELECT
    count(*) FILTER (WHERE status = 17) AS tasks_expired,
    count(*) FILTER (WHERE status = 12) AS tasks_rescheduled,
    (SELECT max(due.outdated_at) FROM due) AS next_after_at,
    (
        SELECT due.task_id
        FROM due
        ORDER BY due.outdated_at DESC, due.task_id DESC
        LIMIT 1
    ) AS next_after_id
FROM changed;
