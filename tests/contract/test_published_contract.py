"""What every body promises about its published log, on the real oversight body over its gate and on the fake."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from support.oversight_world import URLS, OversightWorld, body_certificate, oversight

from consent.vocabulary import Body
from services.contracts.published import LogViews, PublishedClient
from services.contracts.published_fake import FakePublished
from services.kit.events import Event, EventKind, Outcome
from services.kit.log.checkpoint import Checkpoint, verify_cosigned
from services.kit.log.errors import LogRangeError
from services.kit.log.merkle import verify_consistency
from services.kit.log.note import Cosigner, NoteVerifier, UnverifiedNote
from services.kit.log.tiles import WIDTH, Tile, TileReader

ENTRIES = 300


class Publishing(Protocol):
    """What both can do."""

    def checkpoint(self) -> str: ...
    def tile(self, tile: Tile) -> bytes: ...
    def tiles(self, size: int) -> TileReader: ...
    def consistency(self, old: int, new: int) -> list[bytes]: ...
    def views(self) -> LogViews: ...


@dataclass
class Offer:
    """A log of ENTRIES entries and the keys that it is verified by."""

    published: Publishing
    log: NoteVerifier
    witness: NoteVerifier


@pytest.fixture(params=["real", "fake"])
def offer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Offer]:
    with oversight(tmp_path) as world:
        cosigner = Cosigner("sekisho/identity/witness", world.others.signing[Body.IDENTITY])
        log = world.context.journal.verifier
        if request.param == "fake":
            signer = world.others.logs[Body.MEDICAL]
            leaves = [bytes([number % 256]) * 64 for number in range(ENTRIES)]
            fake = FakePublished(signer, cosigner, world.clock(), leaves)
            yield Offer(fake, signer.verifier, cosigner.verifier)
        else:
            _fill(world, cosigner)
            client = PublishedClient(world.http(body_certificate(Body.REGISTRY)))
            yield Offer(client, log, cosigner.verifier)


def _fill(world: OversightWorld, cosigner: Cosigner) -> None:
    journal = world.context.journal
    event = Event(kind=EventKind.NOTICE_READ, outcome=Outcome.DONE)
    with world.context.database.write() as conn:
        for _ in range(ENTRIES - journal.tree.size(conn)):
            journal.record(conn, person=None, event=event)
        signed = journal.checkpoints.sign_head(conn, now=world.clock())
        text = UnverifiedNote.parse(signed.note).text
        line = cosigner.cosign(text, now=world.clock()).format()
        journal.checkpoints.record_cosignature(conn, size=ENTRIES, response=line, witness=cosigner.verifier)
        journal.record(conn, person=None, event=event)  # not published before it is co-signed


def test_tiles_give_the_root_of_the_published_checkpoint(offer: Offer) -> None:
    """Anybody with a certificate can recompute the log; no token is asked for."""
    note = UnverifiedNote.parse(offer.published.checkpoint())
    head = verify_cosigned(note, log=offer.log, witnesses=[offer.witness], quorum=1).checkpoint
    assert head.size == ENTRIES
    tiles = offer.published.tiles(head.size)
    assert tiles.root(head.size) == head.root
    assert len(list(tiles.leaves())) == head.size


@pytest.mark.parametrize(
    "tile", [Tile(0, 1, ENTRIES - WIDTH + 1), Tile(None, 2, 1), Tile(1, 0, 2), Tile(9, 0, 1)]
)
def test_what_is_not_co_signed_is_not_published(offer: Offer, tile: Tile) -> None:
    with pytest.raises(LogRangeError):
        offer.published.tile(tile)


def test_log_proves_that_it_only_grew(offer: Offer) -> None:
    tiles = offer.published.tiles(ENTRIES)
    for old in (1, 255, 256, ENTRIES):
        verify_consistency(
            old_size=old,
            new_size=ENTRIES,
            old_root=tiles.root(old),
            new_root=tiles.root(ENTRIES),
            proof=offer.published.consistency(old, ENTRIES),
        )


@pytest.mark.parametrize(("old", "new"), [(1, ENTRIES + 2), (9, 8)])
def test_log_proves_nothing_about_sizes_that_it_does_not_have(offer: Offer, old: int, new: int) -> None:
    with pytest.raises(LogRangeError):
        offer.published.consistency(old, new)


def test_the_own_head_is_among_the_views(offer: Offer) -> None:
    heads = [Checkpoint.parse(UnverifiedNote.parse(note).text) for note in offer.published.views().notes]
    assert (offer.log.name, ENTRIES) in {(each.origin, each.size) for each in heads}
    assert offer.published.views().contradictions == []


def test_tiles_are_served_as_the_specification_says(tmp_path: Path) -> None:
    """C2SP tlog-tiles: exact paths, content types, full tiles immutable; anything else is refused."""
    with oversight(tmp_path) as world:
        _fill(world, Cosigner("sekisho/identity/witness", world.others.signing[Body.IDENTITY]))
        url = URLS[Body.OVERSIGHT]
        note = world.client.get(f"{url}/checkpoint")
        assert (note.status_code, note.headers["content-type"]) == (200, "text/plain; charset=utf-8")
        full = world.client.get(f"{url}/tile/0/000")
        assert (full.headers["content-type"], len(full.content)) == ("application/octet-stream", 32 * WIDTH)
        assert "immutable" in full.headers["cache-control"]
        part = world.client.get(f"{url}/tile/entries/001.p/{ENTRIES - WIDTH}")
        assert (part.headers["cache-control"], len(part.content)) == ("no-store", 66 * (ENTRIES - WIDTH))
        for path, status in (("0/0", 400), ("0/000.p/256", 400), ("x", 400), ("0/009", 404), ("a" * 99, 400)):
            assert world.client.get(f"{url}/tile/{path}").status_code == status, path
