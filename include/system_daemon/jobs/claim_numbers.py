"""A consumer's claims are numbered, so that Redis knows one that it has answered already."""

from __future__ import annotations

_REMEMBERED = 64


class ClaimNumbers:
    """The numbers of one consumer's claims, and which claims have failed."""

    def __init__(self, nonce: str) -> None:
        """The nonce is 16 hex digits that no other consumer has."""
        self._nonce = nonce
        self._of_id: dict[str, int] = {}
        self._given = 0
        self._answered = 0
        self._failed: set[int] = set()

    def name(self, number: int) -> str:
        """The claim as Redis knows it; later ones are greater."""
        return f"{self._nonce}{number:08x}"

    def last_answered(self) -> str:
        """The last claim whose reply came: no earlier one may take jobs any more."""
        return self.name(self._answered)

    def begin(self, claim_id: str, count: int) -> dict[int, int]:
        """What to ask for now, number to count, this claim last.

        The claims that failed before come first and with 0: what they took, and no more.
        """
        if claim_id not in self._of_id:
            self._given += 1
            self._of_id[claim_id] = self._given
            if len(self._of_id) > _REMEMBERED:
                del self._of_id[next(iter(self._of_id))]
        number = self._of_id[claim_id]
        failed, self._failed = self._failed - {number}, set()
        return dict.fromkeys(sorted(failed), 0) | {number: max(0, count)}

    def failed(self, wanted: dict[int, int]) -> None:
        """Redis may have taken these jobs without anybody knowing: the next claim asks again."""
        self._failed |= wanted.keys()

    def answered(self, wanted: dict[int, int]) -> None:
        """Their jobs are known."""
        self._answered = max(self._answered, *wanted)
