"""Grants, sealed capsules, a medical centre's log and the release requests that come of them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from nucypher_core import MessageKit
from nucypher_core.umbral import PublicKey
from sqlalchemy import MetaData
from support.oversight_world import OversightWorld, Participant, Person

from consent import base64url
from consent.compartments import Compartment, YearSpan
from consent.delegation import FragmentPackage
from consent.directives import BasicScope, DirectiveCopy, Effect, Grant, Notice, RecordScope, Terms
from consent.identifiers import DirectiveId, DocumentId
from consent.recipients import Recipient
from consent.staff import SALT_BYTES, SEALED_BYTES, StaffMask
from consent.statements import (
    AccessStatement,
    DocumentSelection,
    GrantSubject,
    Selection,
    TokenSubject,
    sign_statement,
)
from consent.umbral_bytes import read_capsule, read_capsule_fragment, read_public_key
from consent.vocabulary import PROXIES, Body, Category, Purpose
from services.contracts.directives import (
    CapsuleMessage,
    DirectiveAccepted,
    LogProof,
    ReleaseAnswer,
    ReleaseRequest,
    WithdrawalOrder,
    submission,
)
from services.contracts.oversight.register import Kind, Role
from services.kit.clock import Clock
from services.kit.database import Database
from services.kit.log.checkpoint_store import CheckpointStore
from services.kit.log.entry import LogLeaf, open_event
from services.kit.log.note import NoteSigner
from services.kit.log.tables import log_tables
from services.kit.log.tree import LogTree

MEDICATION = Compartment(Category.MEDICATION, 2026, 1)
CHECKUP = Compartment(Category.CHECKUP, 2026, 1)
SCOPE = RecordScope(frozenset({Category.MEDICATION}), YearSpan(2025, 2026))
NOTICE = Notice.of_text(
    "notice", text_id="treatment", version="1", language="ja", refusal_meaning="nothing is passed on"
)


class MedicalLog:
    """The medical centre's log, as its operator holds it."""

    def __init__(self, folder: Path, *, signer: NoteSigner, clock: Clock) -> None:
        metadata = MetaData()
        own = log_tables(metadata)
        self.database = Database(f"sqlite:///{folder / 'medical-log.sqlite'}")
        metadata.create_all(self.database.engine)
        self.origin = signer.verifier.name
        self.tree = LogTree(own)
        self.checkpoints = CheckpointStore(own, tree=self.tree, signer=signer)
        self._clock = clock
        with self.database.write() as conn:
            self.tree.initialise(conn)

    def append(self, statement: str | None) -> tuple[int, LogLeaf]:
        """Log an access with this statement."""
        leaf = open_event(
            {"kind": "records_read"}, salt=bytes(32), statement=statement.encode() if statement else None
        ).leaf()
        with self.database.write() as conn:
            index = self.tree.append(conn, [leaf.data])[0]
        return index, leaf

    def proof(self, index: int, leaf: LogLeaf, *, known_size: int) -> LogProof:
        """Prove an entry under the present head, from the size that the witness knows."""
        with self.database.write() as conn:
            signed = self.checkpoints.sign_head(conn, now=self._clock())
            shown = self.checkpoints.submission(conn, known_size=known_size)
            inclusion = self.tree.inclusion(conn, index, signed.checkpoint.size)
        return LogProof(
            origin=self.origin,
            old_size=known_size,
            consistency=[base64url.encode(each) for each in shown.proof],
            checkpoint=shown.note,
            index=index,
            inclusion=[base64url.encode(each) for each in inclusion],
            leaf=base64url.encode(leaf.data),
        )


@dataclass
class Reads:
    """A clinic that a person permitted to read, and the medical centre between them and the second proxy."""

    world: OversightWorld
    clinic: Participant
    person: Person
    grant: Grant
    log: MedicalLog
    known_size: int = 0
    capsules: dict[Compartment, bytes] = field(default_factory=dict)

    def statement(self, **changes: object) -> AccessStatement:
        """Return what the clinic states, members replaced as told."""
        told: dict[str, object] = {
            "organisation": self.clinic.organisation,
            "operator": self.clinic.operator,
            "terminal": self.clinic.terminal,
            "selection": Selection(frozenset({Category.MEDICATION}), YearSpan(2026, 2026)),
            "purpose": Purpose.TREAT,
            "subject": GrantSubject(DirectiveId("medical-copy"), {Body.OVERSIGHT: self.handle}),
            "issued_at": self.world.clock(),
            "nonce": base64url.encode(self.world.random.randbytes(16)),
            "audience": self.world.others.entry(Body.MEDICAL).url,
            "staff": StaffMask(
                "abcdefghijklmnop", self.world.random.randbytes(SALT_BYTES), bytes(SEALED_BYTES)
            ),
        }
        return AccessStatement(**{**told, **changes})  # type: ignore[arg-type]  # members of every kind

    def sign(self, statement: AccessStatement, *, by: Participant | None = None) -> str:
        """Sign a statement with an operator's card."""
        return sign_statement(statement, key=(by or self.clinic).card_key, kid="card")

    @property
    def handle(self) -> bytes:
        """The handle of the oversight body's copy, as the medical centre keeps it."""
        return self.grant.copies[Body.MEDICAL].handles[Body.OVERSIGHT]

    def capsule(self, compartment: Compartment) -> bytes:
        """Return the capsule of a bundle sealed to one of the person's compartments."""
        if compartment not in self.capsules:
            key = PublicKey.from_compressed_bytes(self.person.wallet.compartment_public_key(compartment))
            self.capsules[compartment] = bytes(MessageKit(key, b"content key", None).capsule)
        return self.capsules[compartment]

    def logged(self, statement: str) -> LogProof:
        """Log a statement and prove it."""
        return self.log.proof(*self.log.append(statement), known_size=self.known_size)

    def request(
        self,
        statement: str | None = None,
        *,
        log: LogProof | None = None,
        handle: bytes | None = None,
        token: str | None = None,
        compartments: Sequence[Compartment] = (MEDICATION,),
    ) -> ReleaseRequest:
        """Return a release request, right in everything that is not replaced."""
        signed = statement or self.sign(self.statement())
        return ReleaseRequest(
            statement=signed,
            subject_token=token,
            handle=base64url.encode(handle or self.handle),
            log=log or self.logged(signed),
            capsules=[
                CapsuleMessage(
                    bundle=f"bundle-{number}",
                    compartment=each.label,
                    capsule=base64url.encode(self.capsule(each)),
                )
                for number, each in enumerate(compartments)
            ],
        )

    def request_by_token(self, token: str, **changes: object) -> ReleaseRequest:
        """Return a release request that names the person by a pseudonym token."""
        subject = TokenSubject.of_tokens({Body.OVERSIGHT: token})
        return self.request(self.sign(self.statement(subject=subject, **changes)), token=token)

    def require_opening(self, answer: ReleaseAnswer, compartment: Compartment = MEDICATION) -> None:
        """Check the released fragment as the clinic does; fails the test when it is of no use."""
        package = self.grant.copies[Body.OVERSIGHT].fragments[compartment.label]
        fragment = read_capsule_fragment(base64url.decode(answer.fragments[0].cfrag))
        fragment.verify(
            read_capsule(self.capsule(compartment)),
            read_public_key(package.verifying_key),
            read_public_key(package.delegating_key),
            read_public_key(package.receiving_key),
        )


def terms(reader: Participant, now: datetime, **changes: object) -> Terms:
    """Return terms for a clinic, members replaced as told."""
    told: dict[str, object] = {
        "recipient": Recipient(reader.organisation),
        "effect": Effect.PERMIT,
        "purposes": frozenset({Purpose.TREAT}),
        "scope": SCOPE,
        "valid_from": now - timedelta(hours=1),
        "valid_until": now + timedelta(days=30),
        "notice": NOTICE,
    }
    return Terms(**{**told, **changes})  # type: ignore[arg-type]  # members of every kind


def grant(
    world: OversightWorld,
    person: Person,
    reader: Participant,
    *,
    compartments: Iterable[Compartment] = (MEDICATION,),
    **changes: object,
) -> Grant:
    """P2: let the person's wallet make a grant."""
    asked = terms(reader, world.clock(), **changes)
    basic = isinstance(asked.scope, BasicScope)
    bodies = (Body.REGISTRY,) if basic else PROXIES
    permits = asked.effect is Effect.PERMIT and not basic
    assert reader.receiving is not None
    return person.wallet.grant(
        asked,
        recipient_receiving_key=reader.receiving.public_bytes() if permits else None,
        compartments=compartments if permits else (),
        persons={body: person.pseudonym(body) for body in bodies},
        handle_keys={body: world.others.sealing[body].public_key() for body in bodies if body in PROXIES[1:]},
        now=world.clock(),
        randomness=world.random.randbytes,
    )


def submit(world: OversightWorld, person: Person, copy: DirectiveCopy) -> DirectiveAccepted:
    """P3: hand the oversight body its copy."""
    client, token = world.as_person(person)
    return client.submit(submission(copy), token=token)


def withdraw(world: OversightWorld, person: Person, granted: Grant) -> str:
    """W1: withdraw the oversight body's copy; returns the receipt."""
    copies = {Body.OVERSIGHT: granted.copies[Body.OVERSIGHT].jws}
    order = person.wallet.withdraw(copies, now=world.clock())[Body.OVERSIGHT]
    client, token = world.as_person(person)
    return client.withdraw(WithdrawalOrder(withdrawal=order), token=token).receipt


def reads(world: OversightWorld, folder: Path, *, store: Callable[[Person, Grant], object]) -> Reads:
    """Return a clinic with a permission for medication, stored by `store`."""
    clinic = world.accredit("clinic-b", Kind.CLINIC, Role.READER)
    person = world.person("hanako")
    granted = grant(world, person, clinic)
    store(person, granted)
    log = MedicalLog(folder, signer=world.others.logs[Body.MEDICAL], clock=world.clock)
    return Reads(world, clinic, person, granted, log)


def permitted_reads(world: OversightWorld, folder: Path) -> Reads:
    """Return a clinic with a permission for medication that the oversight body holds."""
    return reads(
        world, folder, store=lambda person, granted: submit(world, person, granted.copies[Body.OVERSIGHT])
    )


def narrowed(package: FragmentPackage, compartment: Compartment) -> FragmentPackage:
    """Return a fragment relabelled to another compartment."""
    return FragmentPackage(
        compartment, package.kfrag, package.delegating_key, package.verifying_key, package.receiving_key
    )


def documents(*ids: str) -> DocumentSelection:
    """Return a selection of single documents."""
    return DocumentSelection(frozenset(DocumentId(each) for each in ids))


def events(world: OversightWorld) -> list[dict[str, Any]]:
    """Return everything in the oversight body's own journal, each with the pseudonym it belongs to."""
    with world.context.database.read() as conn:
        rows = world.context.journal.persons(conn)
        openings = world.context.journal.openings(conn, [position for position, _ in rows])
    return [{**openings[position].event, "person": person} for position, person in rows]
