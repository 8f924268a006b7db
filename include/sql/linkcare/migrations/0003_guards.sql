-- What the maintenance tasks rely on, held by the database.

-- Who does a migration task: a person. What is open and of the role SERVICE is closed unseen.
ALTER TABLE program_version
ADD COLUMN migration_role_id smallint DEFAULT 24 REFERENCES role;
COMMENT ON COLUMN program_version.migration_role_id IS
'The role that does the migration task; none: the patient';

-- A notification without the time of its state would wait in it for ever.
UPDATE notification SET queued_at = due_at
WHERE status = 2 AND queued_at IS NULL;
UPDATE notification SET claimed_at = coalesce(queued_at, due_at)
WHERE status = 3 AND claimed_at IS NULL;
ALTER TABLE notification
ADD CONSTRAINT notification_queued_at_check CHECK (status != 2 OR queued_at IS NOT NULL),
ADD CONSTRAINT notification_claimed_at_check CHECK (status != 3 OR claimed_at IS NOT NULL);

-- OUTDATED_TASKS_CHECK counts the iterations that have passed: too many, if they are too short.
ALTER TABLE task
DROP CONSTRAINT task_recurs_every_check,
ADD CONSTRAINT task_recurs_every_check CHECK (recurs_every >= interval '1 minute');
