"""The platform's maintenance tasks: bounded batches of SQL, as of any moment."""
