-- A session goes with all its values, or waits for the next run while somebody holds one of them.
-- :after_... say where the batch before ended; they are null in the first one.

-- name: remove
-- description: Sessions that nobody has used for max_inactive_session_time go, with their values
WITH due AS (
    SELECT
        session.session_id,
        session.last_active_at,
        (
            SELECT count(*)
            FROM session_value
            WHERE session_value.session_id = session.session_id
        ) AS remembered
    FROM session
    WHERE
        session.last_active_at < :as_of - make_interval(secs => :max_inactive)
        AND (session.last_active_at, session.session_id)
        > (coalesce(:after_at, timestamptz '-infinity'), coalesce(:after_id, 0))
    ORDER BY session.last_active_at, session.session_id
    LIMIT :batch
    FOR UPDATE OF session SKIP LOCKED
),

free_values AS (
    SELECT session_value.session_id
    FROM due
    INNER JOIN session_value ON due.session_id = session_value.session_id
    FOR UPDATE OF session_value SKIP LOCKED
),

free AS (
    SELECT
        session_id,
        max(remembered) AS remembered
    FROM (
        SELECT
            session_id,
            remembered,
            remembered AS values_below
        FROM due
        UNION ALL
        SELECT
            session_id,
            0,
            -1
        FROM free_values
    ) AS counted
    GROUP BY session_id
    HAVING sum(values_below) = 0
),

emptied AS (
    DELETE FROM session_value
    USING free
    WHERE session_value.session_id = free.session_id
),

removed AS (
    DELETE FROM session
    USING free
    WHERE session.session_id = free.session_id
    RETURNING free.remembered
)

SELECT
    count(*) AS sessions_removed,
    coalesce(sum(remembered), 0) AS session_values_removed,
    (SELECT max(due.last_active_at) FROM due) AS next_after_at,
    (
        SELECT due.session_id
        FROM due
        ORDER BY due.last_active_at DESC, due.session_id DESC
        LIMIT 1
    ) AS next_after_id
FROM removed;
