-- Admission status: 1 ACTIVE, 4 DISCHARGED, 5 ENROLLED, 6 PAUSED.
-- Task status: 12 OPEN, 98 CANCELLED BY ADMISSION. Role 47: SERVICE.
-- :after_id says where the batch before ended; it is null in the first one.
-- enrolled_at is compared twice: with a few days to spare, as an index can, and exactly, since the
-- last day of a month plus a month is not always a month back from it.

-- name: cancel
-- description: Open tasks of admissions that have reached their longest duration are cancelled
WITH due AS (
    SELECT task.task_id
    FROM (
        SELECT
            subscription.subscription_id,
            coalesce(subscription.duration, program.duration) AS duration
        FROM subscription
        INNER JOIN program ON subscription.program_id = program.program_id
        WHERE coalesce(subscription.duration, program.duration) IS NOT NULL
        -- Looked up first, so that the index of admissions gets one duration at a time.
        OFFSET 0
    ) AS limited
    INNER JOIN admission ON limited.subscription_id = admission.subscription_id
    INNER JOIN task ON admission.admission_id = task.admission_id
    WHERE
        admission.status IN (1, 5, 6)
        AND admission.deleted_at IS NULL
        AND admission.enrolled_at <= :as_of - limited.duration + interval '5 days'
        AND admission.enrolled_at + limited.duration <= :as_of
        AND task.status = 12
        AND task.deleted_at IS NULL
    LIMIT :batch
    FOR UPDATE OF task SKIP LOCKED
),

changed AS (
    UPDATE task
    SET status = 98
    FROM due
    WHERE task.task_id = due.task_id
    RETURNING task.task_id
)

SELECT count(*) AS tasks_cancelled
FROM changed;

-- name: discharge
-- description: Those admissions end, each with a task of the stage DISCHARGE
WITH due AS (
    SELECT admission.admission_id
    FROM (
        SELECT
            subscription.subscription_id,
            coalesce(subscription.duration, program.duration) AS duration
        FROM subscription
        INNER JOIN program ON subscription.program_id = program.program_id
        WHERE coalesce(subscription.duration, program.duration) IS NOT NULL
        -- Looked up first, so that the index of admissions gets one duration at a time.
        OFFSET 0
    ) AS limited
    INNER JOIN admission ON limited.subscription_id = admission.subscription_id
    WHERE
        admission.status IN (1, 5, 6)
        AND admission.deleted_at IS NULL
        AND admission.enrolled_at <= :as_of - limited.duration + interval '5 days'
        AND admission.enrolled_at + limited.duration <= :as_of
        AND admission.admission_id > coalesce(:after_id, 0)
    ORDER BY admission.admission_id
    LIMIT :batch
    FOR UPDATE OF admission SKIP LOCKED
),

-- One with a task that somebody holds right now waits for the next run.
changed AS (
    UPDATE admission
    SET status = 4, discharge_type = 'END', discharged_at = :as_of
    FROM due
    WHERE
        admission.admission_id = due.admission_id
        AND NOT EXISTS (
            SELECT FROM task
            WHERE
                task.admission_id = due.admission_id
                AND task.status = 12
                AND task.deleted_at IS NULL
        )
    RETURNING admission.admission_id
),

staged AS (
    INSERT INTO task (admission_id, name, stage, status, role_id, scheduled_at)
    SELECT
        admission_id,
        'DISCHARGE',
        'DISCHARGE',
        12,
        47,
        :as_of
    FROM changed
)

SELECT
    count(*) AS admissions_discharged,
    (SELECT max(due.admission_id) FROM due) AS next_after_id
FROM changed;
