"""Names that somebody may try at the ID centre: whose they are, and how one asks with them."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from sqlalchemy import select
from support.authenticator import Device
from support.compared import Names, Told, Trial
from support.identity_people import IDENTITY, URLS, Holder, Participant
from support.identity_world import World, running
from support.patients import NUMBER, by_pin, link

from consent import base64url
from consent.guardians import Capacity
from consent.identifiers import OperatorId
from consent.jwk import to_jwk
from consent.vocabulary import Body
from consent.wallet import Wallet
from services.contracts.identity.guardianships import TOLD, Evidence
from services.contracts.identity.passkey_client import PasskeyClient
from services.contracts.identity.passkey_messages import AddPasskey, AskPasskeyOptions
from services.contracts.oversight.register import Kind, Operator, Role
from services.contracts.proposals import ProposalsClient
from services.identity.guardianships import Guardianship, Guardianships
from services.identity.tables import card
from services.kit.clock import epoch_seconds, system_randomness
from services.kit.context import BodyContext
from services.kit.http import Token

DOCUMENT = "0" * 64
ASKER = "the asker"


@dataclass(frozen=True)
class Desk:
    """A municipality with a registrar and a supervisor."""

    registrar: Participant
    supervisor: Participant


@dataclass(frozen=True)
class Registered:
    """Two municipalities, two hospitals, two people with cards; what the first of each has at the ID centre."""

    world: World
    city: Desk
    other_city: Desk
    other_hospital: Participant
    owner: Holder
    asker: Holder
    link: str
    passkey: str
    proposal: str
    guardianship: str
    tokens: dict[str, Token] = field(default_factory=dict)

    @property
    def contexts(self) -> list[BodyContext]:
        """The body whose log is looked at."""
        return [self.world.identity_context]

    def as_member(self, who: Participant, path: str, message: Mapping[str, Any]) -> Told:
        """Ask as an organisation's operator."""
        if who.operator not in self.tokens:
            self.tokens[who.operator] = self.world.operator_token(who, IDENTITY)
        http, content = self.world.http(IDENTITY, who), json.dumps(message).encode()
        return http.send("POST", path, token=self.tokens[who.operator], content=content)

    def as_asker(self, path: str, message: Mapping[str, Any]) -> Told:
        """Ask as the person who tries."""
        at = self.city.registrar
        if ASKER not in self.tokens:
            self.tokens[ASKER] = self.world.person_token(self.asker, IDENTITY, at=at)
        content = json.dumps(message).encode()
        return self.world.http(IDENTITY, at).send("POST", path, token=self.tokens[ASKER], content=content)


@contextmanager
def registered(folder: Path) -> Iterator[Registered]:
    """Run the ID centre with everything in place."""
    with running(folder) as world:
        cities = [_desk(world, name) for name in ("city", "other-city")]
        hospitals = [
            world.accredit(name, Kind.HOSPITAL, Role.READER, Role.WRITER)
            for name in ("hospital", "other-hospital")
        ]
        owner, asker = (world.holder(cities[0].registrar) for _ in range(2))
        linked = link(world, hospitals[0], by_pin(world, owner, hospitals[0])).link
        yield Registered(
            world,
            cities[0],
            cities[1],
            hospitals[1],
            owner,
            asker,
            linked,
            _passkey(world, owner, cities[0].registrar),
            _proposal(world, owner, cities[0]),
            _guardianship(world, owner, cities[0].registrar),
        )


def _desk(world: World, name: str) -> Desk:
    registrar = world.accredit(name, Kind.MUNICIPALITY, Role.REGISTRAR)
    key = generate_private_key(SECP256R1())
    entry = Operator(
        id=OperatorId(f"{name}-supervisor"),
        organisation=registrar.organisation,
        roles=[Role.SUPERVISOR],
        card_key=to_jwk(key.public_key()),
        active=True,
        expires=epoch_seconds(world.clock()) + 86_400,
        person_tag=f"the human of {name}",
    )
    world.oversight.operators.append(entry)
    return Desk(registrar, replace(registrar, operator=OperatorId(entry.id), card_key=key))


def _passkey(world: World, holder: Holder, at: Participant) -> str:
    page = URLS[Body.PORTAL]
    phone = Device(page, page.removeprefix("https://").partition(":")[0])
    client, token = PasskeyClient(world.http(IDENTITY, at)), world.person_token(holder, IDENTITY, at=at)
    told = client.passkey_options(AskPasskeyOptions(name="phone"), token=token)
    made = phone.create(told.challenge.encode())
    message = AddPasskey(name="phone", challenge=told.challenge, credential=made)
    return client.add_passkey(message, token=token).passkeys[0].id


def _proposal(world: World, holder: Holder, at: Desk) -> str:
    token = world.operator_token(at.supervisor, IDENTITY)
    client = ProposalsClient(world.http(IDENTITY, at.supervisor), token=token)
    parameters = {"reference": holder.enrolled.reference, "document": DOCUMENT}
    return client.propose_as("register-death", parameters, reason="a notification").id


def _guardianship(world: World, owner: Holder, at: Participant) -> str:
    """Enter a guardianship of the owner over themself, so that it is nobody's else from either side."""
    context, wallet = world.identity_context, Wallet.create(system_randomness)
    name = base64url.encode(system_randomness(16))
    with context.database.write() as conn:
        person = conn.execute(select(card.c.holder).where(card.c.id == owner.issued.card)).scalar_one()
        entered = Guardianship(
            id=name,
            ward=person,
            guardian=person,
            capacity=Capacity.PARENT,
            keys={body.value: to_jwk(wallet.guardian_key(name, body).public_key()) for body in TOLD},
            organisation=at.organisation,
            evidence=Evidence.FAMILY_REGISTER,
            document=DOCUMENT,
            since=epoch_seconds(world.clock()),
        )
        Guardianships(context.cipher).add(conn, entered)
    return name


def _like(find: Callable[[Registered], str]) -> Callable[[Registered], Names]:
    """Return a name that exists beside a random one of its length."""

    def names(here: Registered) -> Names:
        found = find(here)
        return Names(found, base64url.encode(system_randomness(len(base64url.decode(found)))))

    return names


_REFERENCE = _like(lambda here: here.owner.enrolled.reference)
_PROPOSAL = _like(lambda here: here.proposal)
_GUARDIANSHIP = _like(lambda here: here.guardianship)
_CARD = base64url.encode(bytes(16))
_APPLICATION = {"card": _CARD, "application": "signature", "presence": "x"}


def _with_reference(route: str, rest: Mapping[str, Any]) -> Trial[Registered]:
    return Trial(
        Body.IDENTITY,
        f"POST {route}",
        "reference",
        _REFERENCE,
        lambda here, name: here.as_member(here.other_city.registrar, route, {"reference": name, **rest}),
    )


def _with_proposal(step: str, message: Mapping[str, Any]) -> Trial[Registered]:
    return Trial(
        Body.IDENTITY,
        f"POST /proposals/{{proposal}}/{step}",
        "proposal",
        _PROPOSAL,
        lambda here, name: here.as_member(here.other_city.supervisor, f"/proposals/{name}/{step}", message),
    )


def _applications() -> dict[str, Any]:
    keys = (to_jwk(generate_private_key(SECP256R1()).public_key()) for _ in range(2))
    verifier = base64url.encode(bytes(32))
    return {
        name: {"public_key": key, "pin_verifier": verifier}
        for name, key in zip(("authentication", "signature"), keys, strict=True)
    }


def _change(here: Registered, name: str) -> Told:
    told = {"reference": here.asker.enrolled.reference, "card": name, "change": "suspend", "reason": "r"}
    return here.as_member(here.city.registrar, "/cards/changes", told)


def _end(here: Registered, name: str) -> Told:
    told = {"reference": here.asker.enrolled.reference, "guardianship": name}
    rest = {"evidence": Evidence.COURT_DECISION.value, "document": DOCUMENT}
    return here.as_member(here.city.registrar, "/guardianships/ends", told | rest)


def _sign_in(here: Registered, name: str) -> Told:
    at = here.city.registrar
    fields = here.world.person_fields(here.asker, IDENTITY, at=at, claims={"guardianship": name})
    return here.world.ask_token(at, fields)


def _propose(here: Registered, name: str) -> Told:
    parameters = {"reference": name, "document": DOCUMENT}
    told = {"kind": "register-death", "parameters": parameters, "reason": "a notification"}
    return here.as_member(here.other_city.supervisor, "/proposals", told)


_MADE = _applications()
TRIALS: list[Trial[Registered]] = [
    _with_reference("/cards", {"applications": _MADE}),
    _with_reference("/cards/changes", {"card": _CARD, "change": "suspend", "reason": "r"}),
    _with_reference("/cards/unlockings", _APPLICATION),
    _with_reference("/cards/renewals", _APPLICATION | {"new": _MADE["signature"]}),
    _with_reference("/cards/standings", {}),
    _with_reference("/numbers/changes", {}),
    _with_reference("/wards", {}),
    _with_reference(
        "/guardianships/ends", {"guardianship": "g", "evidence": "court_decision", "document": DOCUMENT}
    ),
    _with_reference("/pseudonym-tokens", {"bodies": ["medical"]}),
    Trial(Body.IDENTITY, "POST /cards/changes", "card", _like(lambda here: here.owner.issued.card), _change),
    Trial(Body.IDENTITY, "POST /guardianships/ends", "guardianship", _GUARDIANSHIP, _end),
    Trial(Body.IDENTITY, "POST /oauth/token", "guardianship", _GUARDIANSHIP, _sign_in),
    Trial(
        Body.IDENTITY,
        "POST /passkeys/removals",
        "passkey",
        _like(lambda here: here.passkey),
        lambda here, name: here.as_asker("/passkeys/removals", {"id": name}),
    ),
    Trial(
        Body.IDENTITY,
        "POST /patient-links/disown",
        "link",
        _like(lambda here: here.link),
        lambda here, name: here.as_asker("/patient-links/disown", {"link": name, "fault": "wrong_number"}),
    ),
    Trial(
        Body.IDENTITY,
        "POST /patient-links/undo",
        "patient number",
        lambda _here: Names(NUMBER, "X-9999"),
        lambda here, name: here.as_member(
            here.other_hospital, "/patient-links/undo", {"patient_number": name, "fault": "wrong_number"}
        ),
    ),
    Trial(Body.IDENTITY, "POST /proposals", "reference", _REFERENCE, _propose),
    _with_proposal("approval", {"digest": base64url.encode(bytes(32))}),
    _with_proposal("rejection", {"reason": "r"}),
    _with_proposal("withdrawal", {"reason": "r"}),
]
