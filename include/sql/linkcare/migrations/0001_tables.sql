-- The reference schema: what the maintenance tasks need to know of a Linkcare database.
-- Status codes follow the public API; the table status_code says which of them are assumptions.

CREATE TABLE status_code (
    object text NOT NULL,
    code smallint NOT NULL,
    name text NOT NULL,
    assumed boolean NOT NULL,
    PRIMARY KEY (object, code)
);
COMMENT ON TABLE status_code IS 'The meaning of every status column';
COMMENT ON COLUMN status_code.object IS 'The table whose status this is';
COMMENT ON COLUMN status_code.code IS 'The number in the status column';
COMMENT ON COLUMN status_code.name IS 'The name in the API';
COMMENT ON COLUMN status_code.assumed IS 'True where no public source gives the number';

INSERT INTO status_code (object, code, name, assumed) VALUES
('admission', 0, 'INCOMPLETE', FALSE),
('admission', 1, 'ACTIVE', FALSE),
('admission', 2, 'REJECTED', FALSE),
('admission', 4, 'DISCHARGED', FALSE),
('admission', 5, 'ENROLLED', FALSE),
('admission', 6, 'PAUSED', FALSE),
('task', 11, 'NOT ASSIGNED', FALSE),
('task', 12, 'OPEN', FALSE),
('task', 13, 'CLOSED', FALSE),
('task', 14, 'SENT', FALSE),
('task', 15, 'NOT SENT', FALSE),
('task', 16, 'PAUSED', FALSE),
('task', 17, 'EXPIRED', TRUE),
('task', 98, 'CANCELLED BY ADMISSION', FALSE),
('task', 99, 'CANCELLED', FALSE),
('notification', 1, 'PENDING', TRUE),
('notification', 2, 'QUEUED', TRUE),
('notification', 3, 'SENDING', TRUE),
('notification', 4, 'SENT', TRUE),
('notification', 5, 'FAILED', TRUE);

CREATE TABLE role (
    role_id smallint PRIMARY KEY,
    name text NOT NULL,
    assumed boolean NOT NULL
);
COMMENT ON TABLE role IS 'Who may be assigned a task, beside the patient';
COMMENT ON COLUMN role.role_id IS 'The code of the role in the API';
COMMENT ON COLUMN role.name IS 'The name in the API';
COMMENT ON COLUMN role.assumed IS 'True where no public source gives the number';

INSERT INTO role (role_id, name, assumed) VALUES
(24, 'CASE MANAGER', TRUE),
(47, 'SERVICE', FALSE);

CREATE TABLE program (
    program_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    duration interval CHECK (duration > interval '0'),
    deleted_at timestamptz
);
COMMENT ON TABLE program IS 'A care program';
COMMENT ON COLUMN program.program_id IS 'Key';
COMMENT ON COLUMN program.name IS 'Name for people';
COMMENT ON COLUMN program.duration IS 'Longest stay after enrolment; none: no limit';
COMMENT ON COLUMN program.deleted_at IS 'When it was marked as deleted';

CREATE TABLE program_version (
    program_version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program_id bigint NOT NULL REFERENCES program,
    version integer NOT NULL CHECK (version > 0),
    migration_task text,
    UNIQUE (program_id, version)
);
COMMENT ON TABLE program_version IS 'One published version of a program';
COMMENT ON COLUMN program_version.program_version_id IS 'Key';
COMMENT ON COLUMN program_version.program_id IS 'The program';
COMMENT ON COLUMN program_version.version IS 'Counts from 1';
COMMENT ON COLUMN program_version.migration_task IS
'Name of the task that takes an admission from the version before to this one; none: nothing to do';

CREATE TABLE subscription (
    subscription_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    program_id bigint NOT NULL REFERENCES program,
    name text NOT NULL,
    duration interval CHECK (duration > interval '0'),
    deleted_at timestamptz
);
COMMENT ON TABLE subscription IS 'A team''s use of a program';
COMMENT ON COLUMN subscription.subscription_id IS 'Key';
COMMENT ON COLUMN subscription.program_id IS 'The program';
COMMENT ON COLUMN subscription.name IS 'Name for people';
COMMENT ON COLUMN subscription.duration IS
'Longest stay after enrolment; stands above the program''s';
COMMENT ON COLUMN subscription.deleted_at IS 'When it was marked as deleted';

CREATE TABLE patient_case (
    case_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    email text,
    phone text,
    timezone text NOT NULL DEFAULT 'UTC',
    deleted_at timestamptz
);
COMMENT ON TABLE patient_case IS 'A CASE: the patient';
COMMENT ON COLUMN patient_case.case_id IS 'Key';
COMMENT ON COLUMN patient_case.name IS 'The patient''s name';
COMMENT ON COLUMN patient_case.email IS 'Where e-mail goes';
COMMENT ON COLUMN patient_case.phone IS 'Where short messages go';
COMMENT ON COLUMN patient_case.timezone IS 'IANA zone in which the patient lives by the clock';
COMMENT ON COLUMN patient_case.deleted_at IS 'When it was marked as deleted';

CREATE TABLE admission (
    admission_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES patient_case,
    subscription_id bigint NOT NULL REFERENCES subscription,
    program_version_id bigint NOT NULL REFERENCES program_version,
    status smallint NOT NULL CHECK (status IN (0, 1, 2, 4, 5, 6)),
    enrolled_at timestamptz,
    discharged_at timestamptz,
    discharge_type text CHECK (
        discharge_type IN ('END', 'DROPOUT', 'EXITUS', 'MOVED', 'DISCONTINUED')
    ),
    deleted_at timestamptz
);
COMMENT ON TABLE admission IS 'A patient''s stay in a program';
COMMENT ON COLUMN admission.admission_id IS 'Key';
COMMENT ON COLUMN admission.case_id IS 'The patient';
COMMENT ON COLUMN admission.subscription_id IS 'Through which subscription';
COMMENT ON COLUMN admission.program_version_id IS 'The version of the program that it follows';
COMMENT ON COLUMN admission.status IS 'See status_code';
COMMENT ON COLUMN admission.enrolled_at IS 'The ENROLL DATE';
COMMENT ON COLUMN admission.discharged_at IS 'When it ended';
COMMENT ON COLUMN admission.discharge_type IS 'Why it ended';
COMMENT ON COLUMN admission.deleted_at IS 'When it was marked as deleted';

CREATE TABLE task (
    task_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    admission_id bigint NOT NULL REFERENCES admission,
    name text NOT NULL,
    stage text NOT NULL DEFAULT 'ADMISSION'
    CHECK (stage IN ('ENROLL', 'ADMISSION', 'MIGRATION', 'DISCHARGE')),
    status smallint NOT NULL CHECK (status IN (11, 12, 13, 14, 15, 16, 17, 98, 99)),
    role_id smallint REFERENCES role,
    timezone text NOT NULL DEFAULT 'UTC',
    scheduled_at timestamptz NOT NULL,
    expires_after interval CHECK (expires_after >= interval '0'),
    recurs_every interval CHECK (recurs_every > interval '0'),
    recurs_from timestamptz,
    iteration integer NOT NULL DEFAULT 1 CHECK (iteration > 0),
    notified_at timestamptz,
    closed_at timestamptz,
    deleted_at timestamptz,
    -- By the clock of the task's zone: 09:00 stays 09:00 over a change of the clocks, and a month
    -- after 31 January is the last day of February.
    expires_at timestamptz GENERATED ALWAYS AS (
        ((scheduled_at AT TIME ZONE timezone) + expires_after) AT TIME ZONE timezone
    ) STORED,
    -- Counted from the first iteration, so that the 31st comes back after February.
    next_iteration_at timestamptz GENERATED ALWAYS AS (
        ((recurs_from AT TIME ZONE timezone) + recurs_every * iteration) AT TIME ZONE timezone
    ) STORED,
    -- Null for all that is done, so that PostgreSQL's statistics tell how few rows are outdated.
    outdated_at timestamptz GENERATED ALWAYS AS (
        CASE
            WHEN status = 12 AND deleted_at IS NULL THEN least(
                ((scheduled_at AT TIME ZONE timezone) + expires_after) AT TIME ZONE timezone,
                ((recurs_from AT TIME ZONE timezone) + recurs_every * iteration)
                AT TIME ZONE timezone
            )
        END
    ) STORED,
    CHECK ((recurs_every IS NULL) = (recurs_from IS NULL))
);
COMMENT ON TABLE task IS 'Something that the patient or a role has to do in an admission';
COMMENT ON COLUMN task.task_id IS 'Key';
COMMENT ON COLUMN task.admission_id IS 'The admission';
COMMENT ON COLUMN task.name IS 'Name for people';
COMMENT ON COLUMN task.stage IS 'The part of the workplan that it belongs to';
COMMENT ON COLUMN task.status IS 'See status_code';
COMMENT ON COLUMN task.role_id IS 'The role that does it; none: the patient';
COMMENT ON COLUMN task.timezone IS
'IANA zone by whose clock it expires and recurs: the patient''s, copied when it is planned';
COMMENT ON COLUMN task.scheduled_at IS 'From when it is to be done';
COMMENT ON COLUMN task.expires_after IS 'How long after that it can be done; none: for ever';
COMMENT ON COLUMN task.recurs_every IS
'Time between two iterations of a RECURSIVE task; none: once';
COMMENT ON COLUMN task.recurs_from IS
'When its first iteration was scheduled; iteration n comes n - 1 times recurs_every later';
COMMENT ON COLUMN task.iteration IS 'Which iteration this is, from 1';
COMMENT ON COLUMN task.notified_at IS 'When the patient was told that it can be done';
COMMENT ON COLUMN task.closed_at IS 'When it was done';
COMMENT ON COLUMN task.deleted_at IS 'When it was marked as deleted';
COMMENT ON COLUMN task.expires_at IS
'scheduled_at plus expires_after; computed when the row is written';
COMMENT ON COLUMN task.next_iteration_at IS
'When the iteration after this one is due; computed when the row is written';
COMMENT ON COLUMN task.outdated_at IS
'Of an open task the earlier one of both; computed when the row is written';

CREATE TABLE activity (
    activity_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task_id bigint NOT NULL REFERENCES task,
    kind text NOT NULL,
    content text NOT NULL
);
COMMENT ON TABLE activity IS 'A form, a measurement or a document of a task';
COMMENT ON COLUMN activity.activity_id IS 'Key';
COMMENT ON COLUMN activity.task_id IS 'The task';
COMMENT ON COLUMN activity.kind IS 'What it is';
COMMENT ON COLUMN activity.content IS 'What the patient or the role wrote';

CREATE TABLE notification (
    notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    case_id bigint NOT NULL REFERENCES patient_case,
    task_id bigint REFERENCES task,
    channel text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
    subject text NOT NULL,
    body text NOT NULL,
    status smallint NOT NULL DEFAULT 1 CHECK (status IN (1, 2, 3, 4, 5)),
    due_at timestamptz NOT NULL,
    queued_at timestamptz,
    claimed_at timestamptz,
    sent_at timestamptz,
    error text,
    deleted_at timestamptz
);
COMMENT ON TABLE notification IS
'A message to a patient; the row is the truth, a job only wakes the sender';
COMMENT ON COLUMN notification.notification_id IS 'Key; at most one delivery each';
COMMENT ON COLUMN notification.case_id IS 'The patient';
COMMENT ON COLUMN notification.task_id IS 'The task that it is about';
COMMENT ON COLUMN notification.channel IS 'The way it goes';
COMMENT ON COLUMN notification.subject IS 'Its heading';
COMMENT ON COLUMN notification.body IS 'Its text';
COMMENT ON COLUMN notification.status IS 'See status_code';
COMMENT ON COLUMN notification.due_at IS 'When it is to be sent';
COMMENT ON COLUMN notification.queued_at IS 'When a job was last put into the queue for it';
COMMENT ON COLUMN notification.claimed_at IS 'When a sender took it';
COMMENT ON COLUMN notification.sent_at IS 'When the gateway accepted it';
COMMENT ON COLUMN notification.error IS 'Why it was not sent, without personal data';
COMMENT ON COLUMN notification.deleted_at IS 'When it was marked as deleted';

CREATE TABLE app_user (
    user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login text NOT NULL UNIQUE
);
COMMENT ON TABLE app_user IS 'Someone who may log in';
COMMENT ON COLUMN app_user.user_id IS 'Key';
COMMENT ON COLUMN app_user.login IS 'The name to log in with';

CREATE TABLE session (
    session_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES app_user,
    timezone text NOT NULL DEFAULT 'UTC',
    started_at timestamptz NOT NULL,
    last_active_at timestamptz NOT NULL
);
COMMENT ON TABLE session IS 'An active login';
COMMENT ON COLUMN session.session_id IS 'Key';
COMMENT ON COLUMN session.user_id IS 'Who';
COMMENT ON COLUMN session.timezone IS 'IANA zone of the client';
COMMENT ON COLUMN session.started_at IS 'When it began';
COMMENT ON COLUMN session.last_active_at IS 'When it was last used';

CREATE TABLE session_value (
    session_id bigint NOT NULL REFERENCES session,
    key text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (session_id, key)
);
COMMENT ON TABLE session_value IS 'What a session remembers';
COMMENT ON COLUMN session_value.session_id IS 'The session';
COMMENT ON COLUMN session_value.key IS 'Name';
COMMENT ON COLUMN session_value.value IS 'Content';
