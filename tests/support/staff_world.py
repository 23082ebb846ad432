"""The real oversight body, and a medical centre's journal with accesses in which a clinic signed who acted."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

from sqlalchemy import MetaData
from support.oversight_world import OversightWorld, Person, oversight

from consent.identifiers import Pseudonym
from consent.staff import StaffMask, StaffMember, mask
from consent.vocabulary import Body
from services.contracts.oversight.register import Role
from services.contracts.oversight.unmasking import (
    AskUnmasking,
    Tell,
    Unmasking,
    UnmaskingClient,
    UnmaskStaff,
)
from services.contracts.proposals import ShownProposal
from services.directives.service import open_cosigner
from services.gateway.unmasking import only
from services.kit.columns import ColumnCipher
from services.kit.database import Database
from services.kit.events import Event, EventKind, Outcome
from services.kit.journal import Journal
from services.kit.journal_tables import journal_tables
from services.kit.log.evidence import Evidence
from services.kit.log.note import UnverifiedNote

CLINIC = "clinic-b"
DOCTOR = StaffMember(CLINIC, "doctor-sato", "desk-7", "佐藤 花子")
OTHER = StaffMember(CLINIC, "doctor-kato", "desk-7", "加藤 次郎")
SECRET = bytes(range(32))
WHY = "I was never treated there, and a neighbour of mine works there"


@dataclass
class StaffWorld:
    """Whoever may ask and decide, and a log with accesses."""

    oversight: OversightWorld
    journal: Journal
    database: Database

    def mask(self, person: str, member: StaffMember = DOCTOR, *, secret: bytes = SECRET) -> StaffMask:
        """Mask an operator as the clinic's gateway does."""
        key = self.oversight.context.sealing_key.public_key()
        return mask(member, person=person, key=secret, oversight=key)

    def access(self, person: str, staff: StaffMask | None, member: StaffMember = DOCTOR) -> Evidence:
        """Log an access by the card of `member`, as the person gets it: with the proof that it is in the log."""
        event = Event(
            kind=EventKind.RECORDS_READ,
            outcome=Outcome.PERMITTED,
            organisation=member.organisation,
            operator=member.operator,
            terminal=member.terminal,
            roles=frozenset({Role.READER.value}),
            staff=staff,
        )
        return self.logged(person, event)

    def logged(self, person: str, event: Event) -> Evidence:
        """Log what happened to a person, as the person gets it: with the proof that it is in the log."""
        now, cosigner = self.oversight.clock(), open_cosigner(self.oversight.context)
        with self.database.write() as conn:
            index = self.journal.record(conn, person=Pseudonym(person), event=event).index
            signed = self.journal.checkpoints.sign_head(conn, now=now)
            line = cosigner.cosign(UnverifiedNote.parse(signed.note).text, now=now).format()
            self.journal.checkpoints.record_cosignature(
                conn, size=signed.checkpoint.size, response=line, witness=cosigner.verifier
            )
        with self.database.read() as conn:
            return only(self.journal.evidence(conn, Pseudonym(person)), index)

    def as_person(self, person: Person) -> UnmaskingClient:
        """Return the oversight body as a person reaches it."""
        _, token = self.oversight.as_person(person)
        return UnmaskingClient(self.oversight.http(self.oversight.official.certificate), token=token)

    def asked(self, person: Person, evidence: Evidence, *, colleague: int = 0) -> Unmasking:
        """Have a person ask who it was."""
        return self.as_person(person).ask(AskUnmasking(evidence=evidence, why=WHY, colleague=colleague))

    def decided(self, case: str, tell: Tell = Tell.OUTCOME) -> ShownProposal:
        """Have two officials unmask."""
        first, second = map(self.oversight.as_supervisor, self.oversight.supervisors)
        made = first.propose(
            "unmask-staff", UnmaskStaff(case=case, tell=tell), reason="no treatment is known"
        )
        return second.approve(made)

    def history(self, person: Person) -> list[dict[str, object]]:
        """Return what the oversight body's log tells a person, oldest first."""
        context = self.oversight.context
        with context.database.read() as conn:
            found = context.journal.of_person(conn, person.pseudonym(Body.OVERSIGHT))
        return [dict(each.event) for each in found]


@contextmanager
def staff_world(folder: Path) -> Iterator[StaffWorld]:
    """Run a new oversight body, and a medical centre's log beside it."""
    with oversight(folder) as world:
        metadata = MetaData()
        tables = journal_tables(metadata)
        database = Database(f"sqlite:///{folder / 'medical.sqlite'}")
        metadata.create_all(database.engine)
        journal = Journal(
            tables,
            body=Body.MEDICAL,
            signer=world.others.logs[Body.MEDICAL],
            cipher=ColumnCipher(bytes(32), randomness=Random(1).randbytes),
            clock=world.clock,
            randomness=Random(2).randbytes,
        )
        with database.write() as conn:
            journal.initialise(conn)
        try:
            yield StaffWorld(world, journal, database)
        finally:
            database.dispose()
