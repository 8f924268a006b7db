-- A patient opens the application: what is to be done, and what was the last answer.
\set admission random(1, :admissions)
SELECT task_id, name, scheduled_at, status FROM task
 WHERE admission_id = :admission AND deleted_at IS NULL ORDER BY scheduled_at DESC LIMIT 20;
