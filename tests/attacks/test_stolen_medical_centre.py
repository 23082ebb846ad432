"""Whoever takes everything that lies on the medical centre's host reads no record (IL1, OL3)."""

import base64
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from nucypher_core.umbral import SecretKey
from support.medical_story import ALL, CANARY, MEDICATION, open_answer, read, story
from support.medical_world import CLINIC, Running, Someone

from consent.delegation import ReceivingKey, open_shared
from consent.errors import ConsentError
from consent.identifiers import BundleId, OrganisationId, SubjectKeyId
from consent.notices import UnverifiedReaderNotice
from consent.publication import verify_publication
from consent.sealing import BundleMeta
from consent.vocabulary import Body
from services.contracts.medical.messages import ReadAnswer, ReadBundle
from services.directives.service import open_directives
from services.kit.clock import system_randomness
from services.medical import tables


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Running, Someone]]:
    with story(tmp_path) as (running, person):
        world = running.world
        running.permit(person, world.grant(person, world.terms(CLINIC), compartments=MEDICATION))
        read(running, person)
        yield running, person


def spellings(text: str) -> dict[str, bytes]:
    """Return how a text may lie in a file; base64 at each of its three alignments."""
    raw = text.encode()
    found = {"utf-8": raw, "utf-16-le": text.encode("utf-16-le"), "utf-16-be": text.encode("utf-16-be")}
    found |= {"hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
    for shift in range(3):
        # the characters that the neighbours of the text cannot change
        encoded = base64.b64encode(b"\0" * shift + raw)[-(-shift * 8 // 6) if shift else 0 :]
        whole = encoded.rstrip(b"=")[:-1]
        found[f"base64+{shift}"] = whole
        found[f"base64url+{shift}"] = whole.translate(bytes.maketrans(b"+/", b"-_"))
    return found


def host_bytes(running: Running) -> dict[str, bytes]:
    """Return every file of the medical centre: database, write-ahead log, keys."""
    folder = running.world.settings.data
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_no_file_of_the_centre_holds_a_word_of_a_record(told: tuple[Running, Someone]) -> None:
    """IL1, OL3: database file and write-ahead log, in every spelling; after deposit, permission and read."""
    running, _ = told
    files = host_bytes(running)
    assert {"database.sqlite", "database.sqlite-wal"} <= files.keys()
    words = [CANARY, "SEKISHO-CANARY", "ワルファリン", "hanako"]
    found = [
        (name, word, form)
        for name, content in files.items()
        for word in words
        for form, spelling in spellings(word).items()
        if spelling in content
    ]
    assert found == []


def test_search_for_canaries_would_find_one(told: tuple[Running, Someone]) -> None:
    """IL1: the search above is not blind: it finds a planted text in each spelling, at each alignment."""
    for before in (b"", b"x", b"xy"):
        raw = before + CANARY.encode() + b"z"
        planted = {
            "utf-8": raw,
            "utf-16-le": (before.decode() + CANARY).encode("utf-16-le"),
            "utf-16-be": (before.decode() + CANARY).encode("utf-16-be"),
            "hex": raw.hex().encode(),
            "HEX": raw.hex().upper().encode(),
            "base64": base64.b64encode(raw),
            "base64url": base64.urlsafe_b64encode(raw),
        }
        for form, content in planted.items():
            forms = {name: each for name, each in spellings(CANARY).items() if name.split("+")[0] == form}
            assert any(each in content for each in forms.values()), form


def test_categories_and_organisations_are_not_readable_in_the_database(told: tuple[Running, Someone]) -> None:
    """IL1: not even what kind of records somebody has, or who wrote or may read them."""
    running, _ = told
    files = host_bytes(running)
    stored = files["database.sqlite"] + files["database.sqlite-wal"]
    assert [word for word in (b"medication", b"laboratory", b"hospital", b"clinic") if word in stored] == []


def test_everything_on_the_host_together_opens_no_record(told: tuple[Running, Someone]) -> None:
    """IL1: an insider with the database, the key folder and all answers given has one fragment of two."""
    running, person = told
    world = running.world
    answer = read(running, person)
    assert open_answer(world, person, answer)
    own_only = answer.model_copy(
        update={
            "bundles": [
                each.model_copy(update={"fragments": {Body.MEDICAL: each.fragments[Body.MEDICAL]}})
                for each in answer.bundles
            ]
        }
    )
    with pytest.raises(ConsentError):
        open_answer(world, person, own_only)
    for secret in insider_keys(running):
        for bundle in answer.bundles:
            with pytest.raises(ConsentError):
                open_with(person, answer, bundle, secret)


# step W2
def test_fragments_lie_sealed_and_go_when_the_permission_goes(told: tuple[Running, Someone]) -> None:
    """IL1: the stored fragments are not in the file as they are used, and open only with the key folder."""
    running, person = told
    context = running.world.context
    directives = open_directives(context, tables.directives, directory=running.world.register.directory)
    with context.database.read() as conn:
        held = directives.store.of_person(conn, running.world.pseudonym(person))
        fragments = directives.store.fragments(conn, held[0].id, ALL)
    stored = b"".join(host_bytes(running).values())
    assert len(fragments) == len(MEDICATION)
    assert [each for each in fragments.values() if each.package.kfrag in stored] == []


def test_no_two_rows_share_a_ciphertext(told: tuple[Running, Someone]) -> None:
    """IL1: equal contents do not look equal in the database."""
    running, _ = told
    with sqlite3.connect(running.world.settings.data / "database.sqlite") as database:
        rows = database.execute("SELECT ciphertext, nonce FROM document").fetchall()
    assert len(set(rows)) == len(rows) == 6
    assert len({nonce for _, nonce in rows}) == len(rows)


def insider_keys(running: Running) -> list[ReceivingKey]:
    """Return every secret of the host that could be tried as a reader's key, and a fresh one."""
    keys = running.world.context.keys
    seeds = [
        keys.secret("columns"),
        keys.ed25519("signing").private_bytes_raw(),
        keys.ed25519("log").private_bytes_raw(),
        keys.x25519("sealing").private_bytes_raw(),
    ]
    tried = [ReceivingKey.create(system_randomness)]
    for seed in seeds:
        try:
            SecretKey.from_be_bytes(seed)
        except ValueError:
            continue  # not a number below the curve's order: no key at all
        tried.append(ReceivingKey.from_secret_bytes(seed))
    return tried


def open_with(person: Someone, answer: ReadAnswer, bundle: ReadBundle, secret: ReceivingKey) -> None:
    """Try to open a bundle with a key that is not the reader's."""
    wallet, subject = person.wallet.public_jwk(Body.MEDICAL), person.wallet.subject
    meta = BundleMeta(
        id=BundleId(bundle.id),
        subject=SubjectKeyId(bundle.subject),
        compartment=next(each for each in ALL if each.label == bundle.compartment),
        message_kit=bundle.message_kit,
        author=OrganisationId(bundle.author),
    )
    open_shared(
        meta,
        publication=verify_publication(answer.publications[0], wallet, subject),
        notice=UnverifiedReaderNotice(answer.reader_notice).verify(wallet, subject),
        fragments=dict(bundle.fragments),
        receiving_key=secret,
    )
