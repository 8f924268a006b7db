"""What others do in the same database, from PostgreSQL's own count of transactions."""

from __future__ import annotations

from system_daemon.maintenance.batches import Database

# A session's transactions are counted up to a second late, unless it asks for it (PostgreSQL 15).
_COUNT_MINE = "SELECT pg_stat_force_next_flush()"
_COUNT = """
SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()
"""
_CAN_COUNT_MINE = 150_000


class Neighbours:
    """Everybody else who uses the database.

    Args:
        database: the sweep's own connection, whose transactions do not count.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen = self._own = 0

    def look(self) -> int:
        """Transactions of others that ended since the look before.

        Raises ConnectionLostError.
        """
        if self._database.connection.info.server_version >= _CAN_COUNT_MINE:
            self._database.ask(_COUNT_MINE)
        own = self._database.transactions
        seen = int(self._database.ask(_COUNT))
        others = (seen - self._seen) - (own - self._own)
        self._seen, self._own = seen, own
        return max(0, others)
