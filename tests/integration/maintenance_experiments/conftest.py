"""A PostgreSQL that may be killed."""

from tests.experiments.fixtures import mortal_postgres  # noqa: F401 - a fixture
