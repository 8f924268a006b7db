-- The indexes that the maintenance tasks and the foreign keys need. Partial ones hold only the rows
-- that a task may act on: what is done leaves them, so that "nothing to do" costs a look.

-- Foreign keys: deleting a parent looks for its children.
CREATE INDEX subscription_program ON subscription (program_id);
CREATE INDEX admission_case ON admission (case_id);
CREATE INDEX admission_subscription ON admission (subscription_id);
CREATE INDEX admission_program_version ON admission (program_version_id);
CREATE INDEX task_admission ON task (admission_id);
CREATE INDEX activity_task ON activity (task_id);
CREATE INDEX notification_case ON notification (case_id);
CREATE INDEX notification_task ON notification (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX session_app_user ON session (user_id);

-- OUTDATED_TASKS_CHECK
CREATE INDEX task_outdated ON task (outdated_at, task_id) WHERE outdated_at IS NOT NULL;

-- AVAILABLE_TASKS_CHECK
CREATE INDEX task_unnotified ON task (scheduled_at)
WHERE status = 12 AND deleted_at IS NULL AND role_id IS NULL AND notified_at IS NULL;

-- SERVICE_TASKS
CREATE INDEX task_service ON task (scheduled_at)
WHERE status = 12 AND deleted_at IS NULL AND role_id = 47;

-- EXPIRED_ADMISSIONS, ADMISSIONS_UPDATE
CREATE INDEX admission_active ON admission (subscription_id, enrolled_at)
WHERE status IN (1, 5, 6) AND deleted_at IS NULL;

-- DELAYED_NOTIFICATIONS
CREATE INDEX notification_pending ON notification (due_at) WHERE status = 1 AND deleted_at IS NULL;
CREATE INDEX notification_queued ON notification (queued_at)
WHERE status = 2 AND deleted_at IS NULL;
CREATE INDEX notification_sending ON notification (claimed_at)
WHERE status = 3 AND deleted_at IS NULL;

-- PURGE_DATABASE
CREATE INDEX patient_case_deleted ON patient_case (deleted_at, case_id)
WHERE deleted_at IS NOT NULL;
CREATE INDEX admission_deleted ON admission (deleted_at, admission_id)
WHERE deleted_at IS NOT NULL;
CREATE INDEX task_deleted ON task (deleted_at, task_id) WHERE deleted_at IS NOT NULL;
CREATE INDEX notification_deleted ON notification (deleted_at, notification_id)
WHERE deleted_at IS NOT NULL;
CREATE INDEX subscription_deleted ON subscription (deleted_at, subscription_id)
WHERE deleted_at IS NOT NULL;
CREATE INDEX program_deleted ON program (deleted_at, program_id) WHERE deleted_at IS NOT NULL;

-- EXPIRED_SESSIONS
CREATE INDEX session_idle ON session (last_active_at);
