"""Queries about many people at once. Each function works within the caller's transaction."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from consent.identifiers import OrganisationId, Pseudonym
from services.contracts.identity.messages import Jwk
from services.identity.model import Person
from services.identity.store import Store
from services.identity.tables import link, person, subject
from services.kit.prepared import PreparedIn

_LINKS = PreparedIn(lambda ids: select(link.c.id, link.c.person).where(link.c.id.in_(ids)))
_PEOPLE = PreparedIn(
    lambda names: select(person.c.pseudonym, person.c.linkage).where(person.c.pseudonym.in_(names))
)
_SUBJECTS = PreparedIn(
    lambda names: select(subject.c.person, subject.c.wallet_key).where(subject.c.person.in_(names))
)


@dataclass(frozen=True, slots=True)
class NamingStore:
    """The same rows as `Store`, opened by it."""

    store: Store

    def linked(
        self, conn: Connection, *, organisation: OrganisationId, references: Sequence[str]
    ) -> Mapping[str, Person]:
        """Return whom each of an organisation's references names; those that name nobody are left out."""
        ids = {self.store.link_id(organisation, each): each for each in references}
        links = {ids[key]: self.store.open_link(key, stored) for key, stored in _LINKS.rows(conn, list(ids))}
        rows = _PEOPLE.rows(conn, list({*links.values()}))
        people = {Pseudonym(name): self.store.open_person(name, linkage) for name, linkage in rows}
        return {reference: people[holder] for reference, holder in links.items()}

    def subjects(self, conn: Connection, people: Sequence[Pseudonym]) -> Mapping[Pseudonym, Jwk]:
        """Return the wallet keys of those who have one."""
        return {
            Pseudonym(name): json.loads(self.store.open_subject(name, stored))
            for name, stored in _SUBJECTS.rows(conn, people)
        }
