"""What others write on the same server, from PostgreSQL's own count of transactions."""

from __future__ import annotations

from system_daemon.maintenance.batches import Database

# One number for each transaction that wrote, in any database of the server: all of them share what
# has to be on disk before a commit. Unlike the statistics it is never late, and anybody may ask.
_LAST_ENDED = "SELECT txid_snapshot_xmax(txid_current_snapshot())"


class Neighbours:
    """Everybody else who writes.

    Args:
        database: the sweep's own connection, whose transactions do not count.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen = self._own = 0

    def look(self) -> int:
        """Transactions in which others wrote, and that ended since the look before.

        Raises ConnectionLostError.
        """
        own, seen = self._database.changes, int(self._database.ask(_LAST_ENDED))
        others = (seen - self._seen) - (own - self._own)
        self._seen, self._own = seen, own
        return max(0, others)
