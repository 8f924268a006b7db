-- A case manager plans one more task for next week.
\set admission random(1, :admissions)
INSERT INTO task (admission_id, name, status, role_id, scheduled_at)
SELECT admission_id, 'Phone call', 12, 24, now() + interval '7 days'
  FROM admission JOIN patient_case USING (case_id)
 WHERE admission_id = :admission
   AND admission.deleted_at IS NULL AND patient_case.deleted_at IS NULL;
