-- name: remove
-- description: Sessions that nobody has used for max_inactive_session_time go, with their values
WITH due AS (
    SELECT
        session.session_id,
        (
            SELECT count(*)
            FROM session_value
            WHERE session_value.session_id = session.session_id
        ) AS remembered
    FROM session
    WHERE session.last_active_at < :as_of - make_interval(secs => :max_inactive)
    ORDER BY session.last_active_at
    LIMIT :batch
    FOR UPDATE OF session SKIP LOCKED
),

emptied AS (
    DELETE FROM session_value
    USING due
    WHERE session_value.session_id = due.session_id
),

removed AS (
    DELETE FROM session
    USING due
    WHERE session.session_id = due.session_id
    RETURNING due.remembered
)

SELECT
    count(*) AS sessions_removed,
    coalesce(sum(remembered), 0) AS session_values_removed
FROM removed;
