-- Task status: 12 OPEN. Admission status: 1 ACTIVE, 5 ENROLLED. Notification status: 2 QUEUED.
-- A task without a role is the patient's.

-- name: notify
-- description: Patients are told of their open tasks within an hour of now, once for each iteration
WITH due AS (
    SELECT
        task.task_id,
        task.name,
        admission.case_id,
        CASE
            WHEN patient_case.email IS NOT NULL THEN 'email'
            WHEN patient_case.phone IS NOT NULL THEN 'sms'
            ELSE 'push'
        END AS channel
    FROM task
    INNER JOIN admission ON task.admission_id = admission.admission_id
    INNER JOIN patient_case ON admission.case_id = patient_case.case_id
    WHERE
        task.status = 12
        AND task.deleted_at IS NULL
        AND task.role_id IS NULL
        AND task.notified_at IS NULL
        AND task.scheduled_at >= :as_of - interval '1 hour'
        AND task.scheduled_at <= :as_of + interval '1 hour'
        AND admission.deleted_at IS NULL
        AND admission.status IN (1, 5)
        AND patient_case.deleted_at IS NULL
    ORDER BY task.scheduled_at
    LIMIT :batch
    FOR UPDATE OF task SKIP LOCKED
    -- A notification needs its patient's row; one that somebody holds would stop all the others.
    FOR KEY SHARE OF patient_case SKIP LOCKED -- noqa: PRS
),

noted AS (
    UPDATE task
    SET notified_at = :as_of
    FROM due
    WHERE task.task_id = due.task_id
),

-- Queued at once: the job that wakes the sender follows the commit. Should it be lost on the way,
-- DELAYED_NOTIFICATIONS makes another one.
told AS (
    INSERT INTO notification (case_id, task_id, channel, subject, body, status, due_at, queued_at)
    SELECT
        case_id,
        task_id,
        channel,
        name,
        'It is time for: ' || name,
        2,
        :as_of,
        :as_of
    FROM due
    RETURNING notification_id
)

SELECT
    count(*) AS tasks_notified,
    array_agg(notification_id) AS notification_ids
FROM told;

-- name: missed
-- description: Open tasks of patients that left the window within the last day unnotified
-- kind: report
WITH due AS (
    SELECT task.task_id
    FROM task
    INNER JOIN admission ON task.admission_id = admission.admission_id
    INNER JOIN patient_case ON admission.case_id = patient_case.case_id
    WHERE
        task.status = 12
        AND task.deleted_at IS NULL
        AND task.role_id IS NULL
        AND task.notified_at IS NULL
        AND task.scheduled_at >= :as_of - interval '25 hours'
        AND task.scheduled_at < :as_of - interval '1 hour'
        AND admission.deleted_at IS NULL
        AND admission.status IN (1, 5)
        AND patient_case.deleted_at IS NULL
    LIMIT :batch
)

SELECT count(*) AS tasks_missed
FROM due;
