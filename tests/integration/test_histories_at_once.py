"""Writers, counters and readers of one log at the same time, on both databases: every history stays whole."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.database import DATABASES, database_url
from support.kept_journal import keep, keep_in, proved

from consent.identifiers import Pseudonym

PEOPLE = [Pseudonym(name) for name in ("a", "b", "c")]
ROUNDS = 8


@pytest.mark.parametrize("kind", DATABASES)
def test_histories_stay_whole_while_others_write_and_count(kind: str, tmp_path: Path) -> None:
    """H1 to H3 under concurrency: numbers have no gap, and nobody is ever told of a count that does not fit."""
    url = database_url(kind)
    kept = keep(url) if url else keep_in(tmp_path)
    kept.add(*PEOPLE)

    def write() -> None:
        for _ in range(ROUNDS):
            kept.add(*PEOPLE)
            kept.add_bulk(PEOPLE)

    def count() -> None:
        for _ in range(ROUNDS):
            kept.count()
            kept.cosign()

    def read() -> None:
        for _ in range(ROUNDS):
            for person in PEOPLE:
                proved(kept.evidence(person))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for work in (write, write, count, read)]:
            done.result()
    kept.count()
    kept.cosign()
    for person in PEOPLE:
        entries, (whole,) = proved(kept.evidence(person))
        assert len(entries) == whole.entries == 1 + 2 * 2 * ROUNDS
    assert kept.findings() == set()
    kept.database.dispose()
