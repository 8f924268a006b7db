-- The whole reference schema in an empty database: psql --file schema.sql
-- `system-daemon db init` runs the same files and writes down which ones it ran.

BEGIN;
\ir migrations/0001_tables.sql
\ir migrations/0002_indexes.sql
\ir migrations/0003_guards.sql
COMMIT;
