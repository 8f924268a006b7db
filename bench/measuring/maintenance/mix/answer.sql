-- A patient answers: the task is written, and a form with it.
\set key random(1, :tasks)
BEGIN;
UPDATE task SET closed_at = now()
  FROM admission JOIN patient_case USING (case_id)
 WHERE task_id = :key AND task.status = 13 AND task.deleted_at IS NULL
   AND admission.admission_id = task.admission_id
   AND admission.deleted_at IS NULL AND patient_case.deleted_at IS NULL;
INSERT INTO activity (task_id, kind, content)
SELECT task_id, 'form', 'All questions answered'
  FROM task JOIN admission USING (admission_id) JOIN patient_case USING (case_id)
 WHERE task_id = :key AND task.status = 13 AND task.deleted_at IS NULL
   AND admission.deleted_at IS NULL AND patient_case.deleted_at IS NULL;
COMMIT;
