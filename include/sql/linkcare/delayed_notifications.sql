-- Notification status: 1 PENDING, 2 QUEUED, 3 SENDING, 5 FAILED.
-- The row is the truth: a job only wakes the sender, who finds the row QUEUED or does nothing.
-- Nobody writes to a patient who is marked as deleted; the notifications go when the patient does.

-- name: queue
-- description: Pending notifications whose time has come are queued for the sender
WITH due AS (
    SELECT notification.notification_id
    FROM notification
    INNER JOIN patient_case ON notification.case_id = patient_case.case_id
    WHERE
        notification.status = 1
        AND notification.deleted_at IS NULL
        AND notification.due_at <= :as_of
        AND patient_case.deleted_at IS NULL
    ORDER BY notification.due_at
    LIMIT :batch
    FOR UPDATE OF notification SKIP LOCKED
),

changed AS (
    UPDATE notification
    SET status = 2, queued_at = :as_of
    FROM due
    WHERE notification.notification_id = due.notification_id
    RETURNING notification.notification_id
)

SELECT
    count(*) AS notifications_queued,
    array_agg(notification_id) AS notification_ids
FROM changed;

-- name: rescue
-- description: Notifications that no sender took within 15 minutes are queued again
WITH due AS (
    SELECT notification.notification_id
    FROM notification
    INNER JOIN patient_case ON notification.case_id = patient_case.case_id
    WHERE
        notification.status = 2
        AND notification.deleted_at IS NULL
        AND notification.queued_at <= :as_of - interval '15 minutes'
        AND patient_case.deleted_at IS NULL
    ORDER BY notification.queued_at
    LIMIT :batch
    FOR UPDATE OF notification SKIP LOCKED
),

changed AS (
    UPDATE notification
    SET queued_at = :as_of
    FROM due
    WHERE notification.notification_id = due.notification_id
    RETURNING notification.notification_id
)

SELECT
    count(*) AS notifications_rescued,
    array_agg(notification_id) AS notification_ids
FROM changed;

-- name: give_up
-- description: Notifications whose sender has been silent for an hour become Failed, not sent again
WITH due AS (
    SELECT notification_id
    FROM notification
    WHERE
        status = 3
        AND deleted_at IS NULL
        AND claimed_at <= :as_of - interval '1 hour'
    ORDER BY claimed_at
    LIMIT :batch
    FOR UPDATE SKIP LOCKED
),

changed AS (
    UPDATE notification
    SET
        status = 5,
        error = 'uncertain: the sender did not say within an hour whether it was sent'
    FROM due
    WHERE notification.notification_id = due.notification_id
    RETURNING notification.notification_id
)

SELECT count(*) AS notifications_given_up
FROM changed;
