"""What is known about the two sides of an access: from the log, the register, and what organisations registered."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym
from services.contracts.medical.uses import ReaderIs
from services.contracts.oversight.humans import Account
from services.contracts.oversight.register import Directory, Kind
from services.directives.errors import StoredDirectiveChangedError
from services.kit.clock import epoch_seconds
from services.kit.events import EventKind, Outcome
from services.kit.journal import Told
from services.medical.centre import Centre
from services.medical.relationship_store import RelationshipStore
from services.medical.settings import Settings
from services.medical.use_model import Access, Known, Limits

CARE: Final = frozenset({Kind.HOSPITAL, Kind.CLINIC})


@dataclass(frozen=True, slots=True)
class UseKnowledge:
    """What the centre knows about accesses, as it was when they happened."""

    centre: Centre
    relationships: RelationshipStore

    def of(self, conn: Connection, access: Access) -> Known:
        """Return what was known of both sides when it happened."""
        kept = self.relationships.between(conn, access.person, access.organisation)
        before = [each for each in kept if each.position < access.position]
        member = self.relationships.member(conn, access.organisation, access.operator)
        return Known(
            keeps=bool(before) or self.relationships.keeps(conn, access.organisation),
            relationships=tuple(
                replace(each.relationship, by=self._by(access, each.relationship.by)) for each in before
            ),
            member=None if member is None else replace(member, by=self._by(access, member.by)),
            well_known=self.relationships.is_watched(conn, access.person),
            order=before[0].position if before else None,
        )

    def _by(self, access: Access, said: OperatorId) -> OperatorId:
        """Return whose word something is: another account of the reader's, also a closed one, is the reader's own."""
        own = Account(access.organisation, said) in self.accounts(access)
        return access.operator if own else said

    def accounts(self, access: Access) -> tuple[Account, ...]:
        """Return all accounts of the human who reads, as far as the register tells."""
        return self.centre.register.directory().accounts(access.organisation, access.operator)

    def by_name(self, conn: Connection, access: Access, ground: str) -> bool:
        """Tell whether the directive relied on names this very professional."""
        try:
            held = self.centre.directives.get(conn, DirectiveId(ground)) if ground else None
        except StoredDirectiveChangedError:
            return False
        return held is not None and held.terms.recipient.professional == access.operator


def limits_of(settings: Settings) -> Limits:
    """Return from where on something stands out here."""
    return Limits(
        window=settings.reads_window_seconds,
        many_people=settings.reads_alert_people,
        night_from=settings.night_from,
        night_until=settings.night_until,
        sweep_people=settings.sweep_people,
        grace=settings.relationship_grace_days * 86_400,
    )


def access_of(
    position: int, person: Pseudonym, opening: Told, directory: Directory
) -> tuple[Access, str] | None:
    """Return what an entry says of an access by somebody who treats people, and on which ground; else None."""
    event = opening.event
    if event.get("kind") != EventKind.RECORDS_READ.value:
        return None
    organisation = OrganisationId(str(event.get("organisation", "")))
    known = directory.organisation(organisation)
    detail = event.get("detail")
    told = detail if isinstance(detail, dict) else {}
    emergency = told.get("emergency") is True
    if not emergency and (known is None or known.kind not in CARE):
        return None
    asker = told.get("asker")
    access = Access(
        position=position,
        at=epoch_seconds(datetime.fromisoformat(str(event["at"]))),
        organisation=organisation,
        operator=OperatorId(str(event.get("operator", ""))),
        person=person,
        permitted=event.get("outcome") == Outcome.PERMITTED.value,
        reader_is=ReaderIs(asker) if asker in set(ReaderIs) else None,
        emergency=emergency,
    )
    return access, str(event.get("ground") or "")
