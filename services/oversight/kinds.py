"""What the oversight body does under dual control (R16, R17): each kind shows an entry before and after."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from pydantic import JsonValue
from sqlalchemy import Connection

from consent.errors import MalformedError
from services.contracts.oversight.entering import Presented
from services.contracts.oversight.messages import Accredited, OrganisationKeys, RolesChange, StandingChange
from services.contracts.oversight.powers import (
    POWERS,
    Accreditable,
    OrganisationMessage,
    TermsChange,
    UnchangedError,
    resumed,
    suspended,
    with_other_keys,
    with_roles,
)
from services.contracts.oversight.register import Kind as Sector
from services.contracts.oversight.register import Operator, Organisation, Terminal
from services.kit.dual_control.kinds import AnyKind, Kind, Shown
from services.kit.dual_control.model import Approval
from services.kit.encoding import Message
from services.oversight import entering
from services.oversight.body_kind import body_kind
from services.oversight.changes import Author, held, organisation, record
from services.oversight.errors import OversightError
from services.oversight.office import Office
from services.oversight.policy import require_future, require_keys, require_presented, require_roles
from services.oversight.store import operator_key, place

OFFICIALS = frozenset({Sector.OVERSIGHT.value})
HIDDEN = frozenset({"card_key", "public_key", "person_tag", "former_keys"})
REFUSALS = (OversightError, UnchangedError, MalformedError)
P = TypeVar("P", bound=Message)


@dataclass(frozen=True, slots=True)
class _Change(Generic[P]):
    """One way to change one entry."""

    office: Office
    name: str
    find: Callable[[Office, Connection, P], Accreditable]
    change: Callable[[Office, Connection, Accreditable, P], Accreditable]

    def kind(self, asked: type[P]) -> Kind[P]:
        """Return it as a kind of proposal."""
        return Kind(
            name=self.name,
            asked=asked,
            sectors=OFFICIALS,
            preview=self._preview,
            effect=self._effect,
            refusals=REFUSALS,
        )

    def _preview(self, conn: Connection, asked: P) -> Shown:
        before = self.find(self.office, conn, asked)
        after = self.change(self.office, conn, before, asked)
        return {
            "entry": list(place(before)),
            **_difference(before, after),
            **_reach(self.office, conn, before),
        }

    def _effect(self, conn: Connection, asked: P, approval: Approval) -> Shown:
        serial = self.office.store.next_serial(conn)  # first: changes queue here
        before = self.find(self.office, conn, asked)
        after = self.change(self.office, conn, before, asked)
        self.office.store.replace(conn, after)
        told: dict[str, JsonValue] = {"change": self.name, "reason": approval.reason}
        record(self.office, conn, Author.of_approval(approval), entry=after, serial=serial, told=told)
        return {"serial": serial}


def oversight_kinds(office: Office) -> list[AnyKind]:
    """Return everything that two officials do together."""
    return [
        _enter(office),
        body_kind(office),
        _Change(office, "change-keys", _keyed, _with_other_keys).kind(OrganisationKeys),
        _Change(office, "suspend", _standing, lambda _o, _c, entry, _a: suspended(entry)).kind(
            StandingChange
        ),
        _Change(office, "resume", _standing, lambda _o, _c, entry, _a: resumed(entry)).kind(StandingChange),
        _Change(office, "roles", _operator, _with_roles).kind(RolesChange),
        *(_power(office, name) for name in POWERS),
    ]


def _enter(office: Office) -> AnyKind:
    return Kind(
        name="enter",
        asked=Presented,
        sectors=OFFICIALS,
        settle=partial(entering.settle, office),
        preview=partial(entering.preview, office),
        effect=partial(entering.effect, office),
        refusals=REFUSALS,
    )


def _power(office: Office, name: str) -> AnyKind:
    power = POWERS[name]

    def change(
        office: Office, conn: Connection, entry: Accreditable, asked: OrganisationMessage
    ) -> Accreditable:
        after = power.apply(organisation(office, conn, entry.id), asked)
        if isinstance(asked, TermsChange):
            require_future(asked.expires, now=office.now)
            require_roles(after.kind, asked.tasks or ())
        return after

    return _Change(office, name, _named, change).kind(power.asked)


def _keyed(office: Office, conn: Connection, asked: OrganisationKeys) -> Accreditable:
    return organisation(office, conn, asked.id)


def _with_other_keys(
    office: Office, conn: Connection, entry: Accreditable, asked: OrganisationKeys
) -> Accreditable:
    require_keys(asked.signing_key, asked.receiving_key)
    return with_other_keys(organisation(office, conn, entry.id), asked)


def _named(office: Office, conn: Connection, asked: OrganisationMessage) -> Accreditable:
    return organisation(office, conn, asked.id)


def _standing(office: Office, conn: Connection, asked: StandingChange) -> Accreditable:
    match asked.kind:
        case Accredited.ORGANISATION:
            return organisation(office, conn, asked.id)
        case Accredited.TERMINAL:
            return held(office, conn, Terminal, asked.id)
        case Accredited.OPERATOR:
            return held(office, conn, Operator, operator_key(asked.organisation or "", asked.id))


def _operator(office: Office, conn: Connection, asked: RolesChange) -> Accreditable:
    return held(office, conn, Operator, operator_key(asked.organisation, asked.id))


def _with_roles(office: Office, conn: Connection, entry: Accreditable, asked: RolesChange) -> Accreditable:
    require_roles(organisation(office, conn, asked.organisation).kind, asked.roles)
    operator = held(office, conn, Operator, place(entry)[1])
    require_presented(asked.roles, operator.person_tag)
    return with_roles(operator, asked)


def _difference(before: Accreditable, after: Accreditable) -> Mapping[str, JsonValue]:
    one, other = before.model_dump(mode="json"), after.model_dump(mode="json")
    changed = [name for name in one if one[name] != other[name] and name not in HIDDEN]
    return {
        "before": {name: one[name] for name in changed},
        "after": {name: other[name] for name in changed},
    }


def _reach(office: Office, conn: Connection, entry: Accreditable) -> Mapping[str, JsonValue]:
    """Tell how many others a change of an organisation concerns."""
    if not isinstance(entry, Organisation):
        return {}
    return {
        "name": entry.name,
        "operators": sum(each.organisation == entry.id for each in office.store.every(conn, Operator)),
        "terminals": sum(each.organisation == entry.id for each in office.store.every(conn, Terminal)),
    }
