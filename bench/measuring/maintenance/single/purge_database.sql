-- PURGE_DATABASE as one statement, as somebody would write it by hand.
WITH gone_case AS (
    SELECT case_id FROM patient_case WHERE deleted_at <= %(as_of)s - interval '1 month'
), dying AS (
    SELECT admission_id FROM admission
     WHERE deleted_at <= %(as_of)s - interval '1 month'
        OR (deleted_at IS NULL AND case_id IN (SELECT case_id FROM gone_case))
), gone_task AS MATERIALIZED (
    SELECT task_id FROM task WHERE deleted_at <= %(as_of)s - interval '1 month'
     UNION ALL
    SELECT task_id FROM task JOIN dying USING (admission_id) WHERE task.deleted_at IS NULL
), gone_admission AS MATERIALIZED (
    SELECT admission_id FROM dying
     WHERE NOT EXISTS (
         SELECT FROM task WHERE task.admission_id = dying.admission_id
            AND task.deleted_at > %(as_of)s - interval '1 month'
     )
), without_activities AS (
    DELETE FROM activity USING gone_task WHERE activity.task_id = gone_task.task_id
    RETURNING 1
), gone_notification AS (
    SELECT notification_id FROM notification JOIN gone_task USING (task_id)
     UNION
    SELECT notification_id FROM notification WHERE deleted_at <= %(as_of)s - interval '1 month'
), without_notifications AS (
    DELETE FROM notification USING gone_notification
     WHERE notification.notification_id = gone_notification.notification_id
    RETURNING 1
), without_tasks AS (
    DELETE FROM task USING gone_task WHERE task.task_id = gone_task.task_id
    RETURNING 1
), without_admissions AS (
    DELETE FROM admission USING gone_admission
     WHERE admission.admission_id = gone_admission.admission_id
    RETURNING 1
), without_cases AS (
    DELETE FROM patient_case USING gone_case
     WHERE patient_case.case_id = gone_case.case_id
       AND NOT EXISTS (
           SELECT FROM admission
             LEFT JOIN gone_admission USING (admission_id)
            WHERE admission.case_id = gone_case.case_id AND gone_admission.admission_id IS NULL
       )
    RETURNING 1
), without_subscriptions AS (
    DELETE FROM subscription WHERE deleted_at <= %(as_of)s - interval '1 month'
    RETURNING 1
), without_versions AS (
    DELETE FROM program_version
     WHERE program_id IN (
         SELECT program_id FROM program WHERE deleted_at <= %(as_of)s - interval '1 month'
     )
    RETURNING 1
), without_programs AS (
    DELETE FROM program WHERE deleted_at <= %(as_of)s - interval '1 month'
    RETURNING 1
)
SELECT (SELECT count(*) FROM without_tasks), (SELECT count(*) FROM without_activities),
       (SELECT count(*) FROM without_notifications), (SELECT count(*) FROM without_admissions),
       (SELECT count(*) FROM without_cases), (SELECT count(*) FROM without_subscriptions),
       (SELECT count(*) FROM without_versions), (SELECT count(*) FROM without_programs)
