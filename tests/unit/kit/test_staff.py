"""Who acted, in a person's history: masked for the person, kept and held to the log for the body."""

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pydantic import JsonValue
from sqlalchemy import select, update
from support.kept_journal import KeptJournal, keep_in

from consent import base64url
from consent.errors import SealError
from consent.identifiers import Pseudonym
from consent.staff import SALT_BYTES, SEALED_BYTES, StaffMask, StaffOpening, open_mask
from services.kit.columns import ColumnCipher
from services.kit.events import Colleague, Event, EventKind, Outcome
from services.kit.journal import DatedEvent
from services.kit.log.entry import Event as Wire
from services.kit.staff import STAFF, Acted, colleagues, fits, member, opening

HANAKO, TARO = Pseudonym("hanako"), Pseudonym("taro")
BESIDE = Colleague("clinic-b", "nurse-ito")
READ = Event(
    kind=EventKind.RECORDS_READ,
    outcome=Outcome.PERMITTED,
    organisation="clinic-b",
    operator="doctor-sato",
    terminal="desk-7",
    roles=frozenset({"writer", "reader"}),
    colleagues=(BESIDE,),
)
SIGNED = replace(READ, staff=StaffMask("abcdefghijklmnop", b"s" * SALT_BYTES, b"o" * SEALED_BYTES))
CIPHER = ColumnCipher(bytes(32), randomness=Random(3).randbytes)
NAMES = ("doctor-sato", "desk-7", "nurse-ito")


@pytest.fixture
def kept(tmp_path: Path) -> KeptJournal:
    return keep_in(tmp_path)


def shown(kept: KeptJournal, person: Pseudonym, *events: Event) -> list[Wire]:
    with kept.database.write() as conn:
        kept.journal.record_all(conn, [DatedEvent(person, each) for each in events])
    with kept.database.read() as conn:
        return [each.event for each in kept.journal.of_person(conn, person)][-len(events) :]


def test_person_reads_roles_and_a_pseudonym_and_never_the_account_or_the_terminal(kept: KeptJournal) -> None:
    for told in shown(kept, HANAKO, READ, SIGNED):
        assert not any(name in json.dumps(dict(told)) for name in NAMES)
        assert told[STAFF]["roles"] == ["reader", "writer"]  # type: ignore[index, call-overload]  # JSON
    kept.cosign()
    assert not any(name in kept.evidence(HANAKO).model_dump_json() for name in NAMES)


def test_pseudonym_is_the_same_for_one_person_and_another_for_anybody_else(kept: KeptJournal) -> None:
    first, again, other = shown(
        kept, HANAKO, READ, replace(READ, terminal="desk-8"), replace(READ, operator="doctor-kato")
    )
    (taro,) = shown(kept, TARO, READ)
    names = [member(each, "pseudonym") for each in (first, again, other, taro)]
    assert names[0] == names[1]
    assert len(set(names)) == 3
    commitments = [member(each, "commitment") for each in (first, again, other, taro)]
    assert len(set(commitments)) == 4


def test_entry_commits_to_the_operator_whose_card_signed_and_to_what_the_organisation_sealed(
    kept: KeptJournal,
) -> None:
    (told,) = shown(kept, HANAKO, SIGNED)
    opening = StaffOpening("clinic-b", "doctor-sato", "desk-7", "abcdefghijklmnop", b"s" * SALT_BYTES)
    assert member(told, "commitment") == base64url.encode(opening.commitment())
    assert member(told, "sealed") == base64url.encode(b"o" * SEALED_BYTES)
    for other in (replace(opening, operator="doctor-kato"), replace(opening, terminal="desk-8")):
        assert other.commitment() != opening.commitment()


def test_body_itself_still_knows_who_acted(kept: KeptJournal) -> None:
    shown(kept, HANAKO, READ)
    with kept.database.read() as conn:
        ((person, told),) = kept.journal.told(conn, range(kept.journal.tree.size(conn)))
    assert (person, told.event["operator"], told.event["terminal"]) == (HANAKO, "doctor-sato", "desk-7")


def test_what_is_nobodys_names_the_operator_as_before(kept: KeptJournal) -> None:
    with kept.database.write() as conn:
        at = kept.journal.record(conn, person=None, event=READ).index
    with kept.database.read() as conn:
        event = kept.journal.openings(conn, [at])[at].event
    assert (event["operator"], STAFF in event) == ("doctor-sato", False)


def test_bulk_entry_names_its_operator_to_nobody(kept: KeptJournal) -> None:
    with kept.database.write() as conn:
        kept.journal.record_bulk(conn, READ, [DatedEvent(each, READ) for each in (HANAKO, TARO)])
    kept.cosign()
    told = kept.evidence(HANAKO).model_dump_json()
    assert not any(name in told for name in NAMES)
    assert kept.findings() == set()


@pytest.mark.parametrize("changed", ["operator", "terminal", "salt", "colleagues"])
def test_body_that_keeps_another_operator_than_it_logged_is_found_by_the_audit(
    kept: KeptJournal, changed: str
) -> None:
    """R7: who has the body's key rewrites who acted; the leaf still says otherwise."""
    shown(kept, HANAKO, SIGNED)
    assert kept.findings() == set()
    entry = kept.tables.entry
    with kept.database.write() as conn:
        position, tag, stored = conn.execute(select(entry.c.position, entry.c.person, entry.c.opening)).one()
        cell = f"journal_entry.opening/{position}/{tag.hex()}"
        plain = CIPHER.open(stored, cell=cell)
        end = 3 + int.from_bytes(plain[1:3], "big")
        told = json.loads(plain[3:end])
        if changed == "colleagues":
            told[changed][0]["operator"] = "nurse-abe"
        else:
            told[changed] = base64url.encode(b"t" * SALT_BYTES)
        acted = json.dumps(told).encode()
        edited = plain[:1] + len(acted).to_bytes(2, "big") + acted + plain[end:]
        sealed = CIPHER.seal(edited, cell=cell)
        conn.execute(update(entry).values(opening=sealed))
    assert kept.findings() == {entry.name}


def test_each_colleague_has_a_commitment_of_their_own_and_one_opened_tells_nothing_of_another(
    kept: KeptJournal,
) -> None:
    """Salts differ: who learned one opening cannot try the register's names for the other."""
    two = replace(READ, colleagues=(BESIDE, Colleague("city", "clerk-abe")))
    first, again = shown(kept, HANAKO, two, two)
    (nurse, clerk), (nurse_again, _) = (colleagues(each) for each in (first, again))
    assert (nurse["organisation"], clerk["organisation"]) == ("clinic-b", "city")
    assert nurse["pseudonym"] == nurse_again["pseudonym"] != clerk["pseudonym"]
    assert len({each["commitment"] for each in (nurse, clerk, nurse_again)}) == 3
    assert not any("opening" in each for each in (nurse, clerk))
    assert kept.findings() == set()


def test_whom_their_cards_signed_is_sealed_to_the_oversight_body_alone(kept: KeptJournal) -> None:
    key = X25519PrivateKey.from_private_bytes(bytes(32))
    (told,) = shown(kept, HANAKO, replace(READ, unmasked_by=key.public_key()))
    main = member(told, "opening"), "clinic-b", member(told, "pseudonym"), member(told, "commitment")
    beside = tuple(
        colleagues(told)[0][name] for name in ("opening", "organisation", "pseudonym", "commitment")
    )
    for (sealed, organisation, pseudonym, commitment), name in ((main, "doctor-sato"), (beside, "nurse-ito")):
        assert sealed is not None
        assert organisation is not None
        assert pseudonym is not None
        assert commitment is not None
        found = open_mask(key, base64url.decode(sealed), organisation=organisation, pseudonym=pseudonym)
        assert (found.opening.operator, found.name) == (name, name)
        assert found.fits(base64url.decode(commitment))
        other = X25519PrivateKey.from_private_bytes(b"o" * 32)
        with pytest.raises(SealError):
            open_mask(other, base64url.decode(sealed), organisation=organisation, pseudonym=pseudonym)


def test_entry_of_an_earlier_version_that_commits_to_no_colleague_is_as_it_was() -> None:
    told = {"operator": "doctor-sato", "terminal": "", "salt": base64url.encode(b"s" * 16)}
    acted = Acted.read(json.dumps({**told, "colleagues": ["nurse-ito"]}).encode())
    staff: dict[str, JsonValue] = {"pseudonym": "a" * 16, "colleagues": ["b" * 16]}
    masked: dict[str, JsonValue] = {"organisation": "clinic-b", STAFF: staff}
    staff["commitment"] = base64url.encode(opening(masked, acted).commitment())
    assert fits(masked, acted)
    assert not fits(masked, replace(acted, operator="doctor-kato"))
