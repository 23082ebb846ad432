"""Entering organisations, terminals and operators by two officials: judged together, entered together (R9, C6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import Connection

from consent.errors import SignatureError
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import thumbprint as key_thumbprint
from consent.vocabulary import Body
from services.contracts.identity.presenting import presented_tag
from services.contracts.oversight.entering import Entering, Presented, PresentedOperator, outcome_of
from services.contracts.oversight.messages import (
    OperatorAccreditation,
    OrganisationAccreditation,
    TerminalAccreditation,
)
from services.contracts.oversight.register import Jwk, Kind, Operator, Organisation, Role, Terminal, p256
from services.kit.certificates import Usage, issue, thumbprint, to_pem
from services.kit.credentials.callers import OperatorCaller
from services.kit.dual_control.kinds import Shown, read_parameters
from services.kit.dual_control.model import Approval
from services.kit.problems import MalformedRequestError
from services.oversight.changes import Author, organisation, record
from services.oversight.errors import AlreadyAccreditedError, NotPresentedError
from services.oversight.office import Office
from services.oversight.policy import require_future, require_keys, require_presented, require_roles
from services.oversight.store import Entry, EntryKind, operator_key

DAY = 86_400
Place = tuple[EntryKind, str]


def settle(office: Office, _conn: Connection, _caller: OperatorCaller, parameters: Shown) -> Presented:
    """Return what is proposed, each presentation looked at. Raises: MalformedRequestError, NotPresentedError."""
    asked = read_parameters(Entering, parameters, kind="enter")
    if asked.empty:
        raise MalformedRequestError("name organisations, terminals or operators to be entered")
    return Presented(
        organisations=asked.organisations,
        terminals=asked.terminals,
        operators=[PresentedOperator.of(each, person_tag(office, each)) for each in asked.operators],
    )


def person_tag(office: Office, asked: OperatorAccreditation) -> str | None:
    """Return which human presented themselves for an operator, if anybody did. Raises: NotPresentedError."""
    if asked.presentation is None:
        return None
    try:
        return presented_tag(
            asked.presentation,
            key=office.editions.directory().signing_key(Body.IDENTITY),
            organisation=asked.organisation,
            card_key=asked.card_key,
            now=office.now,
        )
    except SignatureError as error:
        raise NotPresentedError(
            "the presentation is not the ID centre's for this operator, or too old"
        ) from error


def preview(office: Office, conn: Connection, asked: Presented) -> Shown:
    """Tell what would be entered, keys by their thumbprints.

    Raises: AlreadyAccreditedError, UnknownEntryError, RolesNotAllowedError, NotInFutureError, NotPresentedError,
    MalformedError for a key of another kind.
    """
    _require_new(office, conn, asked)
    kinds = {each.id: each.kind for each in asked.organisations}
    for applicant in asked.organisations:
        require_keys(applicant.signing_key, applicant.receiving_key)
        require_future(applicant.expires, now=office.now)
    for each in asked.terminals:
        _kind_of(office, conn, each.organisation, kinds)
        p256(each.public_key)
    for member in asked.operators:
        p256(member.card_key)
        require_future(member.expires, now=office.now)
        require_roles(_kind_of(office, conn, member.organisation, kinds), member.roles)
        require_presented(member.roles, member.person_tag)
    return {
        "organisations": [_shown_organisation(each) for each in asked.organisations],
        "terminals": [_shown_terminal(each) for each in asked.terminals],
        "operators": [_shown_operator(each) for each in asked.operators],
    }


def effect(office: Office, conn: Connection, asked: Presented, approval: Approval) -> Shown:
    """Enter everything in one edition of the register, each with its entry in the log, and certify terminals."""
    serial = office.store.next_serial(conn)  # first: changes queue here
    _require_new(office, conn, asked)
    certified = [_certified(office, each) for each in asked.terminals]
    entries: list[Entry] = [Organisation(active=True, **dict(each)) for each in asked.organisations]
    entries += [each.entry for each in certified]
    entries += [_operator(each) for each in asked.operators]
    for entry in entries:
        office.store.add(conn, entry)
        told: dict[str, JsonValue] = {"change": "accredited", "reason": approval.reason}
        if isinstance(entry, Operator):
            told["roles"] = _names(entry.roles)
        record(office, conn, Author.of_approval(approval), entry=entry, serial=serial, told=told)
    return outcome_of(
        serial=serial,
        certificates={each.entry.id: each.certificate for each in certified},
        authority=to_pem(office.authority.certificate),
    )


@dataclass(frozen=True, slots=True)
class _Certified:
    entry: Terminal
    certificate: str


def _certified(office: Office, asked: TerminalAccreditation) -> _Certified:
    certificate = issue(
        office.authority,
        p256(asked.public_key),
        common_name=asked.id,
        sans=[f"urn:sekisho:terminal:{asked.id}"],
        usages=[Usage.CLIENT],
        days=asked.days,
        now=office.context.clock(),
        randomness=office.context.randomness,
    )
    entry = Terminal(
        id=TerminalId(asked.id),
        organisation=OrganisationId(asked.organisation),
        certificate_thumbprint=thumbprint(certificate),
        public_key=asked.public_key,
        active=True,
        expires=office.now + asked.days * DAY,
    )
    return _Certified(entry, to_pem(certificate))


def _operator(asked: PresentedOperator) -> Operator:
    told = dict(asked) | {"id": OperatorId(asked.id), "organisation": OrganisationId(asked.organisation)}
    return Operator(active=True, **told)


def _require_new(office: Office, conn: Connection, asked: Presented) -> None:
    places = _places(asked)
    taken = {*office.store.keys(conn)} & {*places}
    if taken or len({*places}) < len(places):
        raise AlreadyAccreditedError("the register has this identifier already; choose another one")


def _places(asked: Presented) -> Sequence[Place]:
    return [
        *((EntryKind.ORGANISATION, each.id) for each in asked.organisations),
        *((EntryKind.TERMINAL, each.id) for each in asked.terminals),
        *((EntryKind.OPERATOR, operator_key(each.organisation, each.id)) for each in asked.operators),
    ]


def _kind_of(office: Office, conn: Connection, holder: str, entering: Mapping[str, Kind]) -> Kind:
    return entering.get(holder) or organisation(office, conn, holder).kind


def _shown_organisation(asked: OrganisationAccreditation) -> dict[str, JsonValue]:
    return {
        "id": asked.id,
        "name": asked.name,
        "kind": asked.kind.value,
        "expires": asked.expires,
        "signing_key": _shown_key(asked.signing_key),
        "receiving_key": asked.receiving_key,
    }


def _shown_terminal(asked: TerminalAccreditation) -> dict[str, JsonValue]:
    return {
        "id": asked.id,
        "organisation": asked.organisation,
        "key": _shown_key(asked.public_key),
        "days": asked.days,
    }


def _shown_operator(asked: PresentedOperator) -> dict[str, JsonValue]:
    return {
        "id": asked.id,
        "organisation": asked.organisation,
        "roles": _names(asked.roles),
        "card": _shown_key(asked.card_key),
        "expires": asked.expires,
        "presented": asked.person_tag is not None,
    }


def _shown_key(key: Jwk | None) -> str | None:
    return None if key is None else key_thumbprint(key)


def _names(roles: Iterable[Role]) -> list[JsonValue]:
    return [role.value for role in sorted(roles)]
