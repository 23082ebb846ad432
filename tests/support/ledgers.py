"""Releases that several threads send at the same time, each with its own connection to one ledger."""

from collections.abc import Iterable, Sequence
from threading import Thread

import anonymize as an


def sent_at_once(
    database: str, exports: Iterable[an.Result], *, key: bytes, persons: Sequence[str]
) -> list[str]:
    """Return how each ended, sorted."""
    an.ReleaseLedger(database, key=key)
    outcomes: list[str] = []

    def send(export: an.Result) -> None:
        try:
            an.ReleaseLedger(database, key=key).release(export, recipient="univ-x", persons=persons)
            outcomes.append("released")
        except an.JointDisclosureError:
            outcomes.append("refused")

    threads = [Thread(target=send, args=(each,)) for each in exports]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)
