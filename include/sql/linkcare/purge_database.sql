-- What was marked as deleted a calendar month ago or earlier goes, and with it what hangs below it
-- and has no mark of its own. What was marked later is kept, and so is everything above it.
-- A task goes with its activities and notifications, or not at all; an admission after its tasks, a
-- patient after the admissions. A subscription or a program goes when no admission is left in it.
-- What somebody holds right now waits for the next run, and so does everything above it.
-- :after_... say where the batch before ended; they are null in the first one.

-- name: marked_notifications
-- description: Notifications that were marked
WITH due AS (
    SELECT
        notification_id,
        deleted_at
    FROM notification
    WHERE
        deleted_at <= :as_of - interval '1 month'
        AND (deleted_at, notification_id)
        > (coalesce(:after_at, timestamptz '-infinity'), coalesce(:after_id, 0))
    ORDER BY deleted_at, notification_id
    LIMIT :batch
    FOR UPDATE SKIP LOCKED
),

removed AS (
    DELETE FROM notification
    USING due
    WHERE notification.notification_id = due.notification_id
    RETURNING notification.notification_id
)

SELECT
    count(*) AS notifications_purged,
    (SELECT max(due.deleted_at) FROM due) AS next_after_at,
    (
        SELECT due.notification_id
        FROM due
        ORDER BY due.deleted_at DESC, due.notification_id DESC
        LIMIT 1
    ) AS next_after_id
FROM removed;

-- name: marked_tasks
-- description: Tasks that were marked, with their activities and notifications
WITH due AS (
    SELECT
        task.task_id,
        task.deleted_at,
        below.activities,
        below.notifications,
        below.activities + below.all_notifications AS rows_below
    FROM task
    CROSS JOIN
        LATERAL (
            SELECT
                (
                    SELECT count(*) FROM activity
                    WHERE activity.task_id = task.task_id
                ) AS activities,
                count(*) AS all_notifications,
                count(*) FILTER (WHERE notification.deleted_at IS NULL) AS notifications,
                count(*) FILTER (
                    WHERE notification.deleted_at > :as_of - interval '1 month'
                ) AS kept
            FROM notification
            WHERE notification.task_id = task.task_id
        ) AS below
    WHERE
        task.deleted_at <= :as_of - interval '1 month'
        AND (task.deleted_at, task.task_id)
        > (coalesce(:after_at, timestamptz '-infinity'), coalesce(:after_id, 0))
        AND below.kept = 0
    ORDER BY task.deleted_at, task.task_id
    LIMIT :batch
    FOR UPDATE OF task SKIP LOCKED
),

-- What hangs below them and is held by nobody.
free_activities AS (
    SELECT activity.task_id
    FROM due
    INNER JOIN activity ON due.task_id = activity.task_id
    FOR UPDATE OF activity SKIP LOCKED
),

free_notifications AS (
    SELECT notification.task_id
    FROM due
    INNER JOIN notification ON due.task_id = notification.task_id
    FOR UPDATE OF notification SKIP LOCKED
),

free AS (
    SELECT
        task_id,
        max(activities) AS activities,
        max(notifications) AS notifications
    FROM (
        SELECT
            task_id,
            activities,
            notifications,
            rows_below
        FROM due
        UNION ALL
        SELECT
            task_id,
            0,
            0,
            -1
        FROM free_activities
        UNION ALL
        SELECT
            task_id,
            0,
            0,
            -1
        FROM free_notifications
    ) AS counted
    GROUP BY task_id
    HAVING sum(rows_below) = 0
),

without_activities AS (
    DELETE FROM activity
    USING free
    WHERE activity.task_id = free.task_id
),

without_notifications AS (
    DELETE FROM notification
    USING free
    WHERE notification.task_id = free.task_id
),

removed AS (
    DELETE FROM task
    USING free
    WHERE task.task_id = free.task_id
    RETURNING free.activities, free.notifications
)

SELECT
    count(*) AS tasks_purged,
    coalesce(sum(activities), 0) AS activities_purged,
    coalesce(sum(notifications), 0) AS notifications_purged,
    (SELECT max(due.deleted_at) FROM due) AS next_after_at,
    (
        SELECT due.task_id
        FROM due
        ORDER BY due.deleted_at DESC, due.task_id DESC
        LIMIT 1
    ) AS next_after_id
FROM removed;

-- name: tasks_below
-- description: Tasks of admissions that go, with their activities and notifications
WITH due AS (
    SELECT
        task.task_id,
        dying.admission_id,
        dying.marked_at,
        below.activities,
        below.notifications,
        below.activities + below.all_notifications AS rows_below
    FROM (
        SELECT
            admission_id,
            deleted_at AS marked_at
        FROM admission
        UNION ALL
        SELECT
            admission.admission_id,
            patient_case.deleted_at AS marked_at
        FROM patient_case
        INNER JOIN admission ON patient_case.case_id = admission.case_id
        WHERE admission.deleted_at IS NULL
    ) AS dying
    INNER JOIN task ON dying.admission_id = task.admission_id
    CROSS JOIN
        LATERAL (
            SELECT
                (
                    SELECT count(*) FROM activity
                    WHERE activity.task_id = task.task_id
                ) AS activities,
                count(*) AS all_notifications,
                count(*) FILTER (WHERE notification.deleted_at IS NULL) AS notifications,
                count(*) FILTER (
                    WHERE notification.deleted_at > :as_of - interval '1 month'
                ) AS kept
            FROM notification
            WHERE notification.task_id = task.task_id
        ) AS below
    WHERE
        dying.marked_at <= :as_of - interval '1 month'
        AND dying.marked_at >= coalesce(:after_at, timestamptz '-infinity')
        AND (dying.marked_at, dying.admission_id)
        >= (coalesce(:after_at, timestamptz '-infinity'), coalesce(:after_admission, 0))
        AND (dying.marked_at, dying.admission_id, task.task_id)
        > (
            coalesce(:after_at, timestamptz '-infinity'),
            coalesce(:after_admission, 0),
            coalesce(:after_id, 0)
        )
        AND task.deleted_at IS NULL
        AND below.kept = 0
    ORDER BY dying.marked_at, dying.admission_id, task.task_id
    LIMIT :batch
    FOR UPDATE OF task SKIP LOCKED
),

-- What hangs below them and is held by nobody.
free_activities AS (
    SELECT activity.task_id
    FROM due
    INNER JOIN activity ON due.task_id = activity.task_id
    FOR UPDATE OF activity SKIP LOCKED
),

free_notifications AS (
    SELECT notification.task_id
    FROM due
    INNER JOIN notification ON due.task_id = notification.task_id
    FOR UPDATE OF notification SKIP LOCKED
),

free AS (
    SELECT
        task_id,
        max(activities) AS activities,
        max(notifications) AS notifications
    FROM (
        SELECT
            task_id,
            activities,
            notifications,
            rows_below
        FROM due
        UNION ALL
        SELECT
            task_id,
            0,
            0,
            -1
        FROM free_activities
        UNION ALL
        SELECT
            task_id,
            0,
            0,
            -1
        FROM free_notifications
    ) AS counted
    GROUP BY task_id
    HAVING sum(rows_below) = 0
),

without_activities AS (
    DELETE FROM activity
    USING free
    WHERE activity.task_id = free.task_id
),

without_notifications AS (
    DELETE FROM notification
    USING free
    WHERE notification.task_id = free.task_id
),

removed AS (
    DELETE FROM task
    USING free
    WHERE task.task_id = free.task_id
    RETURNING free.activities, free.notifications
)

SELECT
    count(*) AS tasks_purged,
    coalesce(sum(activities), 0) AS activities_purged,
    coalesce(sum(notifications), 0) AS notifications_purged,
    (SELECT max(due.marked_at) FROM due) AS next_after_at,
    (
        SELECT due.admission_id
        FROM due
        ORDER BY due.marked_at DESC, due.admission_id DESC
        LIMIT 1
    ) AS next_after_admission,
    (
        SELECT due.task_id
        FROM due
        ORDER BY due.marked_at DESC, due.admission_id DESC, due.task_id DESC
        LIMIT 1
    ) AS next_after_id
FROM removed;

-- name: notifications_of_cases
-- description: Notifications of patients that were marked, where they are of no task
WITH due AS (
    SELECT notification.notification_id
    FROM patient_case
    INNER JOIN notification ON patient_case.case_id = notification.case_id
    WHERE
        patient_case.deleted_at <= :as_of - interval '1 month'
        AND notification.deleted_at IS NULL
        AND notification.task_id IS NULL
    LIMIT :batch
    FOR UPDATE OF notification SKIP LOCKED
),

removed AS (
    DELETE FROM notification
    USING due
    WHERE notification.notification_id = due.notification_id
    RETURNING notification.notification_id
)

SELECT count(*) AS notifications_purged
FROM removed;

-- name: admissions
-- description: Admissions that were marked, or whose patient was
WITH due AS (
    SELECT
        going.admission_id,
        dying.marked_at
    FROM (
        SELECT
            admission_id,
            deleted_at AS marked_at
        FROM admission
        UNION ALL
        SELECT
            admission.admission_id,
            patient_case.deleted_at AS marked_at
        FROM patient_case
        INNER JOIN admission ON patient_case.case_id = admission.case_id
        WHERE admission.deleted_at IS NULL
    ) AS dying
    INNER JOIN admission AS going ON dying.admission_id = going.admission_id
    WHERE
        dying.marked_at <= :as_of - interval '1 month'
        AND dying.marked_at >= coalesce(:after_at, timestamptz '-infinity')
        AND (dying.marked_at, dying.admission_id)
        > (coalesce(:after_at, timestamptz '-infinity'), coalesce(:after_id, 0))
        AND NOT EXISTS (
            SELECT FROM task
            WHERE
                task.admission_id = dying.admission_id
                AND task.deleted_at > :as_of - interval '1 month'
        )
        AND NOT EXISTS (
            SELECT FROM task
            INNER JOIN notification ON task.task_id = notification.task_id
            WHERE
                task.admission_id = dying.admission_id
                AND notification.deleted_at > :as_of - interval '1 month'
        )
    ORDER BY dying.marked_at, dying.admission_id
    LIMIT :batch
    FOR UPDATE OF going SKIP LOCKED
),

removed AS (
    DELETE FROM admission
    USING due
    WHERE
        admission.admission_id = due.admission_id
        AND NOT EXISTS (
            SELECT FROM task
            WHERE task.admission_id = due.admission_id
        )
    RETURNING admission.admission_id
)

SELECT
    count(*) AS admissions_purged,
    (SELECT max(due.marked_at) FROM due) AS next_after_at,
    (
        SELECT due.admission_id
        FROM due
        ORDER BY due.marked_at DESC, due.admission_id DESC
        LIMIT 1
    ) AS next_after_id
FROM removed;

-- name: cases
-- description: Patients that were marked
WITH due AS (
    SELECT
        patient_case.case_id,
        patient_case.deleted_at
    FROM patient_case
    WHERE
        patient_case.deleted_at <= :as_of - interval '1 month'
        AND (patient_case.deleted_at, patient_case.case_id)
        > (coalesce(:after_at, timestamptz '-infinity'), coalesce(:after_id, 0))
        AND NOT EXISTS (
            SELECT FROM notification
            WHERE
                notification.case_id = patient_case.case_id
                AND notification.deleted_at > :as_of - interval '1 month'
        )
        AND NOT EXISTS (
            SELECT FROM admission
            LEFT JOIN task ON admission.admission_id = task.admission_id
            WHERE
                admission.case_id = patient_case.case_id
                AND (
                    admission.deleted_at > :as_of - interval '1 month'
                    OR task.deleted_at > :as_of - interval '1 month'
                )
        )
    ORDER BY patient_case.deleted_at, patient_case.case_id
    LIMIT :batch
    FOR UPDATE OF patient_case SKIP LOCKED
),

removed AS (
    DELETE FROM patient_case
    USING due
    WHERE
        patient_case.case_id = due.case_id
        AND NOT EXISTS (
            SELECT FROM admission
            WHERE admission.case_id = due.case_id
        )
        AND NOT EXISTS (
            SELECT FROM notification
            WHERE notification.case_id = due.case_id
        )
    RETURNING patient_case.case_id
)

SELECT
    count(*) AS cases_purged,
    (SELECT max(due.deleted_at) FROM due) AS next_after_at,
    (
        SELECT due.case_id
        FROM due
        ORDER BY due.deleted_at DESC, due.case_id DESC
        LIMIT 1
    ) AS next_after_id
FROM removed;

-- name: subscriptions
-- description: Subscriptions that were marked and have no admission left
WITH due AS (
    SELECT
        subscription.subscription_id,
        subscription.deleted_at
    FROM subscription
    WHERE
        subscription.deleted_at <= :as_of - interval '1 month'
        AND (subscription.deleted_at, subscription.subscription_id)
        > (coalesce(:after_at, timestamptz '-infinity'), coalesce(:after_id, 0))
        AND NOT EXISTS (
            SELECT FROM admission
            INNER JOIN patient_case ON admission.case_id = patient_case.case_id
            WHERE
                admission.subscription_id = subscription.subscription_id
                AND (
                    coalesce(admission.deleted_at, patient_case.deleted_at)
                    <= :as_of - interval '1 month' IS NOT TRUE
                    OR EXISTS (
                        SELECT FROM task
                        LEFT JOIN notification ON task.task_id = notification.task_id
                        WHERE
                            task.admission_id = admission.admission_id
                            AND (
                                task.deleted_at > :as_of - interval '1 month'
                                OR notification.deleted_at > :as_of - interval '1 month'
                            )
                    )
                )
        )
    ORDER BY subscription.deleted_at, subscription.subscription_id
    LIMIT :batch
    FOR UPDATE OF subscription SKIP LOCKED
),

removed AS (
    DELETE FROM subscription
    USING due
    WHERE
        subscription.subscription_id = due.subscription_id
        AND NOT EXISTS (
            SELECT FROM admission
            WHERE admission.subscription_id = due.subscription_id
        )
    RETURNING subscription.subscription_id
)

SELECT
    count(*) AS subscriptions_purged,
    (SELECT max(due.deleted_at) FROM due) AS next_after_at,
    (
        SELECT due.subscription_id
        FROM due
        ORDER BY due.deleted_at DESC, due.subscription_id DESC
        LIMIT 1
    ) AS next_after_id
FROM removed;

-- name: programs
-- description: Programs that were marked and have no subscription left, with their versions
WITH due AS (
    SELECT
        program.program_id,
        program.deleted_at,
        (
            SELECT count(*)
            FROM program_version
            WHERE program_version.program_id = program.program_id
        ) AS versions
    FROM program
    WHERE
        program.deleted_at <= :as_of - interval '1 month'
        AND (program.deleted_at, program.program_id)
        > (coalesce(:after_at, timestamptz '-infinity'), coalesce(:after_id, 0))
        AND NOT EXISTS (
            SELECT FROM subscription
            WHERE
                subscription.program_id = program.program_id
                AND (
                    subscription.deleted_at <= :as_of - interval '1 month' IS NOT TRUE
                    OR EXISTS (
                        SELECT FROM admission
                        INNER JOIN patient_case ON admission.case_id = patient_case.case_id
                        WHERE
                            admission.subscription_id = subscription.subscription_id
                            AND (
                                coalesce(admission.deleted_at, patient_case.deleted_at)
                                <= :as_of - interval '1 month' IS NOT TRUE
                                OR EXISTS (
                                    SELECT FROM task
                                    LEFT JOIN notification ON task.task_id = notification.task_id
                                    WHERE
                                        task.admission_id = admission.admission_id
                                        AND (
                                            task.deleted_at > :as_of - interval '1 month'
                                            OR notification.deleted_at > :as_of - interval '1 month'
                                        )
                                )
                            )
                    )
                )
        )
    ORDER BY program.deleted_at, program.program_id
    LIMIT :batch
    FOR UPDATE OF program SKIP LOCKED
),

free AS (
    SELECT
        due.program_id,
        due.versions
    FROM due
    WHERE
        NOT EXISTS (
            SELECT FROM subscription
            WHERE subscription.program_id = due.program_id
        )
        AND NOT EXISTS (
            SELECT FROM admission
            INNER JOIN program_version
                ON admission.program_version_id = program_version.program_version_id
            WHERE program_version.program_id = due.program_id
        )
),

without_versions AS (
    DELETE FROM program_version
    USING free
    WHERE program_version.program_id = free.program_id
),

removed AS (
    DELETE FROM program
    USING free
    WHERE program.program_id = free.program_id
    RETURNING free.versions
)

SELECT
    count(*) AS programs_purged,
    coalesce(sum(versions), 0) AS program_versions_purged,
    (SELECT max(due.deleted_at) FROM due) AS next_after_at,
    (
        SELECT due.program_id
        FROM due
        ORDER BY due.deleted_at DESC, due.program_id DESC
        LIMIT 1
    ) AS next_after_id
FROM removed;
