-- Admission status: 1 ACTIVE, 5 ENROLLED, 6 PAUSED. Task status: 12 OPEN.
-- Parameters: :subscription, and :from_version and :to_version, which may be null.

-- name: update
-- description: Outdated admissions of the subscription follow the newer version, with its tasks
WITH due AS (
    SELECT
        admission.admission_id,
        wanted.program_version_id,
        present.version AS old_version,
        wanted.version AS new_version,
        wanted.program_id,
        (
            SELECT count(step.migration_task)
            FROM program_version AS step
            WHERE
                step.program_id = wanted.program_id
                AND step.version > present.version
                AND step.version <= wanted.version
        ) AS migrations
    FROM subscription
    -- The version asked for, or the newest one.
    CROSS JOIN
        LATERAL (
            SELECT
                program_version.program_version_id,
                program_version.program_id,
                program_version.version
            FROM program_version
            WHERE
                program_version.program_id = subscription.program_id
                AND program_version.version
                = coalesce(cast(:to_version AS integer), program_version.version)
            ORDER BY program_version.version DESC
            LIMIT 1
        ) AS wanted
    -- Once more, to lock it: a lock in there would take the version below it for the newest one.
    INNER JOIN program_version AS target ON wanted.program_version_id = target.program_version_id
    INNER JOIN program_version AS present ON wanted.program_id = present.program_id
    INNER JOIN admission
        ON
            subscription.subscription_id = admission.subscription_id
            AND present.program_version_id = admission.program_version_id
    WHERE
        subscription.subscription_id = :subscription
        AND admission.status IN (1, 5, 6)
        AND admission.deleted_at IS NULL
        AND present.version >= coalesce(cast(:from_version AS integer), present.version)
        AND present.version < wanted.version
    LIMIT :batch
    FOR UPDATE OF admission SKIP LOCKED
    FOR KEY SHARE OF target SKIP LOCKED -- noqa: PRS
),

changed AS (
    UPDATE admission
    SET program_version_id = due.program_version_id
    FROM due
    WHERE admission.admission_id = due.admission_id
    RETURNING due.migrations
),

staged AS (
    INSERT INTO task (admission_id, name, stage, status, role_id, scheduled_at)
    SELECT
        due.admission_id,
        step.migration_task,
        'MIGRATION',
        12,
        step.migration_role_id,
        :as_of
    FROM due
    INNER JOIN program_version AS step
        ON
            due.program_id = step.program_id
            AND due.old_version < step.version
            AND due.new_version >= step.version
    WHERE step.migration_task IS NOT NULL
)

SELECT
    count(*) AS admissions_updated,
    coalesce(sum(migrations), 0) AS migration_tasks_added
FROM changed;
