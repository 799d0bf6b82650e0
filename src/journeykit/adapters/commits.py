"""Which commits make no sense, whatever the store? The checks that every adapter makes."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import DecodeError, Raw
from msgspec.json import Decoder

from journeykit.errors import RefusedCommitError, UsageError
from journeykit.ports import CustomerCommit

_ENTRIES = Decoder(list[Raw])


def refuse_repeated_customers(commits: Sequence[CustomerCommit]) -> None:
    """Two decisions on one version of a customer cannot both be right.

    Raises:
        UsageError: Two of `commits` are for the same customer.
    """
    if len(commits) < 2 or len({commit.customer_id for commit in commits}) == len(commits):
        return
    met: set[str] = set()
    for number, commit in enumerate(commits):
        if commit.customer_id in met:
            raise UsageError(
                "two commits of one call are for the same customer",
                place=f"commits[{number}]",
                value=commit.customer_id,
                remedy="commit what follows from the first, load, and decide again",
            )
        met.add(commit.customer_id)


def entries_in(commit: CustomerCommit) -> int:
    """Return how many journal entries `commit` brings.

    Raises:
        UsageError: Its journal is not a JSON array.
    """
    if not commit.journal:
        return 0
    try:
        return len(_ENTRIES.decode(commit.journal))
    except DecodeError as error:
        raise UsageError(
            f"the journal of a commit is a JSON array, or empty: {error}",
            place="CustomerCommit.journal",
        ) from error


def refuse_hole(commit: CustomerCommit, next_seq: int) -> None:
    """Let the journal of `commit` begin at `next_seq` only.

    Raises:
        RefusedCommitError: It would leave a hole, or number an entry twice.
    """
    if commit.first_seq != next_seq:
        raise RefusedCommitError(
            f"the next journal entry has number {next_seq}, not {commit.first_seq}",
            place="CustomerCommit.first_seq",
            value=commit.customer_id,
            remedy="nothing of this call was written; load the customer and decide again",
        )
