"""Names that somebody may try at the medical centre and in emergencies: whose they are, and how one asks with them."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from support.compared import Names, Told, Trial, Work
from support.emergency_world import Town, town
from support.medical_story import MEDICATION, deposit, documents, seal
from support.medical_world import ANONYMISER, CLINIC, HOSPITAL, OTHER_CLINIC, OTHER_HOSPITAL, Running, Someone

from consent import base64url
from consent.compartments import Compartment
from consent.identifiers import DirectiveId, DocumentId, OrganisationId
from consent.sealing import SealedBundle
from consent.statements import DocumentSelection, GrantSubject
from consent.succession import announce
from consent.vocabulary import Body, Category
from consent.withdrawals import WITHDRAWAL, Withdrawal, withdrawal_payload
from services.contracts.medical.erasing import ORDER_TYPE
from services.contracts.medical.headers import HEADERS_TYPE, HeadersClient
from services.contracts.medical.messages import ReadRequest
from services.contracts.medical.relationships import RegisterRelationship, RelationshipsClient
from services.contracts.medical.streams import BeginUpload, StreamsClient
from services.contracts.medical.uses import RelationshipKind
from services.contracts.succession import AnnounceSuccessor, SuccessionClient
from services.kit.clock import epoch_seconds, system_randomness
from services.kit.context import BodyContext
from services.medical.tickets import Ticket, Tickets

NEXT = Compartment(Category.MEDICATION, 2026, 2)


@dataclass
class Records:
    """Two people with records; what each of them, and organisations, have at the medical centre."""

    town: Town
    asker: Someone
    heir: Someone
    bundle: SealedBundle
    grant: str
    relationship: str
    upload: str
    case: str

    @property
    def running(self) -> Running:
        """The medical centre."""
        return self.town.running

    @property
    def owner(self) -> Someone:
        """Whose everything is that the asker tries."""
        return self.town.person

    @property
    def contexts(self) -> list[BodyContext]:
        """The bodies whose logs are looked at."""
        return [self.running.world.context, self.town.context]

    @property
    def now(self) -> int:
        """The present second."""
        return epoch_seconds(self.running.world.now)

    def as_member(
        self,
        method: str,
        path: str,
        message: Mapping[str, Any] | bytes | None = None,
        *,
        member: OrganisationId,
    ) -> Told:
        """Ask as an organisation's operator."""
        token = self.running.world.token(self.running.world.members[member])
        http = self.running.http(member)
        if isinstance(message, bytes):
            octets = "application/octet-stream"
            return http.send(method, path, token=token, content=message, media_type=octets)
        return http.send(method, path, token=token, content=_json(message))

    def as_asker(self, method: str, path: str, message: Mapping[str, Any]) -> Told:
        """Ask as the person who tries."""
        token = self.running.world.person_token(self.asker)
        http = self.running.http(HOSPITAL)
        return http.send(method, path, token=token, content=json.dumps(message).encode())

    def signed(self, typ: str, payload: Any, *, by: Someone | None = None) -> str:
        """Return what the asker's wallet signs for the medical centre."""
        return (by or self.asker).wallet.sign(Body.MEDICAL, typ, payload)

    def as_professional(self, method: str, path: str, message: Mapping[str, Any] | None = None) -> Told:
        """Ask the oversight body as a professional of another organisation than the case's."""
        member = self.running.world.members[OTHER_CLINIC]
        staff = self.town.at_work(member.id, member.operator, member.card)
        return staff.connect(Body.OVERSIGHT).send(method, path, content=_json(message))


def _json(message: Mapping[str, Any] | None) -> bytes | None:
    return None if message is None else json.dumps(message).encode()


@contextmanager
def records(folder: Path) -> Iterator[Records]:
    """Run both bodies with everything in place."""
    with town(folder) as here:
        running, world, owner, asker = here.running, here.running.world, here.person, Someone("taro")
        here.choose()
        case, _, _ = here.in_force()
        here.enter(asker)
        for each in (owner, asker):
            granted = running.permit(each, world.grant(each, world.terms(CLINIC), compartments=MEDICATION))
            if each is owner:
                grant = granted
        bundle = seal(world, owner, documents(1, prefix="hers"), compartment=MEDICATION[2])
        deposit(running, owner, [bundle])
        heir = Someone(asker.name)
        text = announce(asker.wallet, heir.wallet, body=Body.MEDICAL, now=world.now)
        SuccessionClient(running.http(HOSPITAL)).announce(
            AnnounceSuccessor(succession=text), token=world.person_token(asker)
        )
        yield Records(here, asker, heir, bundle, grant, _relationship(running, owner), _upload(running), case)


def _relationship(running: Running, person: Someone) -> str:
    world = running.world
    member, start = world.members[HOSPITAL], epoch_seconds(world.now)
    message = RegisterRelationship(
        token=world.pseudonym_token(person, member),
        kind=RelationshipKind.APPOINTMENT,
        operators=["doctor"],
        start=start,
        end=start + 86_400,
    )
    client = RelationshipsClient(running.http(HOSPITAL))
    return client.register(message, token=world.token(member)).id


def _upload(running: Running) -> str:
    token = running.world.token(running.world.members[HOSPITAL])
    return StreamsClient(running.http(HOSPITAL)).begin(BeginUpload(size=16), token=token).upload


def _withdraw(here: Records, name: str) -> Told:
    person = here.running.world.pseudonym(here.asker)
    said = Withdrawal(DirectiveId(name), Body.MEDICAL, person, here.running.world.now)
    order = here.signed(WITHDRAWAL, withdrawal_payload(said))
    return here.as_asker("POST", "/withdrawals", {"withdrawal": order})


def _erase(here: Records, name: str) -> Told:
    order = {"body": Body.MEDICAL.value, "bundles": [name], "at": here.now}
    return here.as_asker("POST", "/erasures", {"order": here.signed(ORDER_TYPE, order)})


def _hand_over(here: Records, name: str) -> Told:
    client = HeadersClient(here.running.http(HOSPITAL))
    found = client.headers(token=here.running.world.person_token(here.asker)).headers
    own = next(each for each in found if each.compartment == MEDICATION[2].label)
    key = here.heir.wallet.compartment_public_key(NEXT)
    kit = here.asker.wallet.hand_over(own.message_kit, MEDICATION[2], to=key)
    digest = base64url.encode(sha256(kit).digest())
    said = {"headers": [[name, NEXT.label, digest]], "at": here.now}
    header = {"bundle": name, "compartment": NEXT.label, "message_kit": base64url.encode(kit)}
    message = {"statement": here.signed(HEADERS_TYPE, said, by=here.heir), "headers": [header]}
    return here.as_asker("PUT", "/headers", message)


def _ticket(here: Records) -> Names:
    member = here.running.world.members[CLINIC]
    ticket = Ticket(
        person=here.running.world.pseudonym(here.owner),
        bundle=here.bundle.id,
        document="hers-0",
        version=1,
        category="medication",
        year=2026,
        purpose="TREAT",
        ground=here.grant,
        organisation=member.id,
        operator=member.operator,
        terminal=member.terminal,
        entry=1,
        until=here.now + 600,
    )
    sealed = Tickets(here.running.world.context.cipher).seal(ticket)
    spoilt = base64url.encode(system_randomness(len(base64url.decode(sealed))))
    return Names(sealed, spoilt)


def _read(here: Records, request: ReadRequest, member: OrganisationId) -> Told:
    return here.as_member("POST", "/reads", request.model_dump(mode="json"), member=member)


def _read_by_grant(here: Records, name: str) -> Told:
    world = here.running.world
    subject = GrantSubject(DirectiveId(name), {Body.OVERSIGHT: b"handle", Body.IDENTITY: b"handle"})
    selection = DocumentSelection(frozenset({DocumentId("hers-0")}))
    statement = world.statement(world.members[ANONYMISER], subject, selection=selection)
    return _read(here, ReadRequest(statement=statement, tokens={}), ANONYMISER)


def _read_document(here: Records, name: str) -> Told:
    selection = DocumentSelection(frozenset({DocumentId(name)}))
    return _read(here, here.running.request(here.asker, CLINIC, selection=selection), CLINIC)


def _like(find: Callable[[Records], str]) -> Callable[[Records], Names]:
    """Return a name that exists beside a random one of its length."""

    def names(here: Records) -> Names:
        found = find(here)
        return Names(found, base64url.encode(system_randomness(len(base64url.decode(found)))))

    return names


def _document(_here: Records) -> Names:
    return Names("hers-0", "none-0")


_UPLOAD, _CASE = _like(lambda here: here.upload), _like(lambda here: here.case)
_GRANT, _BUNDLE = _like(lambda here: here.grant), _like(lambda here: here.bundle.id)
_SECOND = {"second": "s", "patient": "p", "details": "ZA"}

TRIALS: list[Trial[Records]] = [
    Trial(
        Body.MEDICAL,
        "POST /relationships/{name}/end",
        "relationship",
        _like(lambda here: here.relationship),
        lambda here, name: here.as_member("POST", f"/relationships/{name}/end", {}, member=OTHER_HOSPITAL),
    ),
    Trial(
        Body.MEDICAL,
        "GET /uploads/{upload}",
        "upload",
        _UPLOAD,
        lambda here, name: here.as_member("GET", f"/uploads/{name}", member=OTHER_HOSPITAL),
    ),
    Trial(
        Body.MEDICAL,
        "PUT /uploads/{upload}/segments/{number}",
        "upload",
        _UPLOAD,
        lambda here, name: here.as_member(
            "PUT", f"/uploads/{name}/segments/0", bytes(16), member=OTHER_HOSPITAL
        ),
    ),
    Trial(
        Body.MEDICAL,
        "POST /uploads/{upload}/completion",
        "upload",
        _UPLOAD,
        lambda here, name: here.as_member(
            "POST", f"/uploads/{name}/completion", {"digest": "AAAA"}, member=OTHER_HOSPITAL
        ),
    ),
    Trial(
        Body.MEDICAL,
        "POST /streams/segments",
        "ticket",
        _ticket,
        lambda here, name: here.as_member(
            "POST", "/streams/segments", {"ticket": name, "number": 0}, member=OTHER_CLINIC
        ),
        Work.TOLD,
    ),
    Trial(Body.MEDICAL, "POST /reads", "permission", _GRANT, _read_by_grant, Work.TOLD),
    Trial(Body.MEDICAL, "POST /reads", "document", _document, _read_document),
    Trial(Body.MEDICAL, "POST /withdrawals", "directive", _GRANT, _withdraw),
    Trial(
        Body.MEDICAL,
        "POST /simulations",
        "directive",
        _GRANT,
        lambda here, name: here.as_asker("POST", "/simulations", {"withdraw": name}),
    ),
    Trial(
        Body.MEDICAL,
        "POST /own-records/segments",
        "document",
        _document,
        lambda here, name: here.as_asker(
            "POST", "/own-records/segments", {"document": name, "version": 1, "number": 0}
        ),
    ),
    Trial(Body.MEDICAL, "POST /erasures", "bundle", _BUNDLE, _erase),
    Trial(Body.MEDICAL, "PUT /headers", "bundle", _BUNDLE, _hand_over),
    Trial(
        Body.OVERSIGHT,
        "GET /emergencies/{case}",
        "case",
        _CASE,
        lambda here, name: here.as_professional("GET", f"/emergencies/{name}"),
    ),
    Trial(
        Body.OVERSIGHT,
        "POST /emergencies/{case}/second",
        "case",
        _CASE,
        lambda here, name: here.as_professional("POST", f"/emergencies/{name}/second", _SECOND),
    ),
    Trial(
        Body.OVERSIGHT,
        "GET /emergencies/{case}/answer",
        "case",
        _CASE,
        lambda here, name: here.as_professional("GET", f"/emergencies/{name}/answer"),
    ),
]
