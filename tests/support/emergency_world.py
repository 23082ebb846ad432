"""The real medical centre and the real oversight body's emergencies, with a hospital's staff and a relay at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from fastapi import FastAPI, Request
from starlette.testclient import TestClient
from support.database import bodies_on, database_url
from support.identity_wire import NO_TLS
from support.medical_story import MEDICATION, start
from support.medical_world import AUDITOR, HOSPITAL, RELAY, Running, Someone, World
from support.second_proxy_wire import released

from consent import base64url
from consent.compartments import YearSpan
from consent.directives import Grant
from consent.identifiers import OperatorId, OrganisationId, Pseudonym, TerminalId
from consent.jwk import to_jwk
from consent.vocabulary import Body, Category, Purpose
from services.contracts.directives import (
    ReleaseAnswer,
    ReleaseRequest,
    WithdrawalOrder,
    submission,
    wallet_registration,
)
from services.contracts.identity.messages import PseudonymTokens
from services.contracts.oversight.emergency_notices import EmergencyNotice, EmergencyNoticesClient
from services.contracts.oversight.register import Operator, Role
from services.directives import workflows
from services.directives.release import Releases
from services.directives.service import open_cosigner, open_directives, open_witness
from services.gateway.credentials import Credentials
from services.gateway.emergencies import declare, second
from services.gateway.emergency_relay import Relayed, relay_waiting
from services.gateway.exchange import answers
from services.gateway.organisation import Organisation
from services.kit.access import CALLER
from services.kit.clock import epoch_seconds, system_randomness
from services.kit.context import open_body
from services.kit.credentials.callers import OperatorCaller, PersonCaller, SignedInBy
from services.kit.http import Http
from services.kit.problems import install_problems
from services.medical.second_proxy import SecondProxy
from services.oversight import tables
from services.oversight.api.emergencies import emergency_routes
from services.oversight.api.wrong_fragments import wrong_fragment_routes
from services.oversight.app import MIGRATIONS
from services.oversight.emergency_relaying import on_behalf
from services.oversight.emergency_rules import Emergencies
from services.oversight.emergency_store import EmergencyStore
from services.oversight.settings import Settings

URL = "https://oversight.test"
WHO = "x-test-operator"
PERSON = "a person"
REASON = "意識不明で搬送、左上腹部の刺創から出血が続き、抗凝固薬の有無を知る必要がある"
REASONS = (
    "駅の階段から転落し頭部を強打、呼びかけに反応なし、服薬が不明",
    "激しい胸痛と冷汗で救急車到着時に意識が遠のいた、心疾患の既往を知りたい",
    "蜂に刺されて全身に発疹、血圧低下、アレルギー歴が分からない",
    "けいれん発作が十分以上続く、抗てんかん薬の種類と量が必要",
    "浴槽で溺れているところを発見、低体温、糖尿病の治療中らしい",
    "交通事故で骨盤骨折、手術の前に出血傾向を確かめたい",
)
CATEGORIES, YEARS = frozenset({Category.MEDICATION}), YearSpan(2024, 2026)


@dataclass
class Town:
    """Everything that runs; `person` has records and was permitted nothing yet."""

    running: Running
    folder: Path
    person: Someone = field(default_factory=lambda: Someone("hanako"))
    proxies: list[SecondProxy] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world = self.running.world
        self.settings = Settings(
            data=self.folder / "oversight-body",
            port=1,
            public_url=URL,
            oversight_url=URL,
            identity_url="https://identity.test",
            register_key=base64url.encode(bytes(32)),
            database_url=database_url(bodies_on()),
            database_connections=2,
        )
        self.open()

    def open(self) -> None:
        """Open the oversight body's emergencies on its files; again, after a restart."""
        world = self.world
        self.context = open_body(
            Body.OVERSIGHT, self.settings, tables=tables.KIT, migrations=MIGRATIONS, clock=world.clock
        )
        world.seconds[Body.OVERSIGHT].sealing_key = self.context.sealing_key
        world.peoples[Body.OVERSIGHT] = self.context.people
        told: dict[str, Any] = {
            "sealing_key": base64url.encode(self.context.sealing_key.public_key().public_bytes_raw()),
            "witness_key": open_cosigner(self.context).verifier.vkey(),
            "signing_key": to_jwk(self.context.signing_key.public_key()),
        }
        entry = world.register.directory().body(Body.OVERSIGHT)
        world.oversight.put_body(entry.model_copy(update=told))
        directory = world.register.directory
        self.directives = open_directives(self.context, tables.DIRECTIVES, directory=directory)
        self.emergencies = Emergencies(self.directives, EmergencyStore(self.context.cipher), self.settings)
        witness = open_witness(self.context, directory=directory)
        self.releases = Releases(self.directives, witness, on_behalf(self.emergencies))
        self.client = TestClient(self._app(), base_url=URL, raise_server_exceptions=False)

    def restart(self) -> None:
        """Close the oversight body and open it again."""
        self.context.close()
        self.open()

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """Answer the medical centre as the second proxy, as the wire would."""
        return released(self.releases, request)

    def enter(self, person: Someone) -> None:
        """Enrol somebody with records, known to both bodies."""
        start(self.running, person)
        registration = wallet_registration(person.wallet, Body.OVERSIGHT, self.context.clock())
        workflows.register_wallet(self.directives, self.name(person), registration)

    def choose(self, person: Someone | None = None, **changes: Any) -> Grant:
        """Have a person lay a directive about emergencies down; by default a yes for medication."""
        person = person or self.person
        terms = self.world.terms(RELAY, **({"purposes": frozenset({Purpose.ETREAT})} | changes))
        grant = self.world.grant(person, terms, compartments=MEDICATION)
        workflows.submit(self.directives, self.name(person), submission(grant.copies[Body.OVERSIGHT]))
        self.running.permit(person, grant)
        return grant

    def withdraw(self, grant: Grant) -> None:
        """Take the yes back at the oversight body."""
        copies = {Body.OVERSIGHT: grant.copies[Body.OVERSIGHT].jws}
        order = self.person.wallet.withdraw(copies, now=self.context.clock())[Body.OVERSIGHT]
        workflows.withdraw(self.directives, self.name(self.person), WithdrawalOrder(withdrawal=order))

    def name(self, person: Someone) -> Pseudonym:
        """Return what the oversight body calls a person."""
        return self.context.people.first_name(person.pseudonym(Body.OVERSIGHT))

    def staff(
        self,
        operator: str,
        *roles: Role,
        organisation: OrganisationId = HOSPITAL,
        human: str | None = "",
        card: EllipticCurvePrivateKey | None = None,
    ) -> "Staff":
        """Return an operator at work; `human` is their person tag, by default their own."""
        found = card or generate_private_key(SECP256R1())
        tag = f"human {operator}" if human == "" else human
        entry = Operator(
            id=OperatorId(operator),
            organisation=organisation,
            roles=list(roles) or [Role.READER],
            card_key=to_jwk(found.public_key()),
            active=True,
            expires=epoch_seconds(self.world.now) + 10 * 86_400,
            person_tag=tag,
        )
        self.world.oversight.operators.append(entry)
        return self.at_work(organisation, OperatorId(operator), found)

    def at_work(
        self, organisation: OrganisationId, operator: OperatorId, card: EllipticCurvePrivateKey
    ) -> "Staff":
        """Return an accredited operator at their organisation's terminal."""
        member = self.world.members[organisation]
        return Staff(
            self,
            Credentials(
                organisation=organisation,
                operator=operator,
                terminal=member.terminal,
                urls={},
                register_key=base64url.encode(bytes(32)),
                terminal_key=member.keys.p256("terminal"),
                terminal_certificate="",
                authority="",
                card_key=card,
                receiving_key=member.receiving_key,
            ),
        )

    def pair(self) -> tuple["Staff", "Staff"]:
        """Return two professionals of the hospital."""
        return self.staff("doctor"), self.staff("nurse")

    @property
    def relay(self) -> "Staff":
        """Return the relay's operator at work."""
        member = self.world.members[RELAY]
        return self.at_work(RELAY, member.operator, member.card)

    def official(self, name: str, *, human: str | None = "") -> "Staff":
        """Return a reviewer of the oversight body."""
        return self.staff(name, Role.AUDITOR, organisation=AUDITOR, human=human)

    def in_force(self, *, relayed: bool = True) -> tuple[str, "Staff", "Staff"]:
        """Return an emergency that two declared, and them; the relay has answered."""
        doctor, nurse = self.pair()
        case = ask_for(doctor, "hanako").case
        second(nurse, "hanako", case)
        if relayed:
            self.relay_once()
        return case, doctor, nurse

    def relay_once(self) -> list[Relayed]:
        """Have the relay look once."""
        return relay_waiting(self.relay)

    def events(self, person: Someone | None = None) -> list[dict[str, Any]]:
        """Return what the oversight body's log says about a person, oldest first."""
        name = self.name(person or self.person)
        with self.context.database.read() as conn:
            found = self.context.journal.of_person(conn, name)
        return [dict(each.event) for each in found]

    def inbox(self, person: Someone | None = None) -> list[EmergencyNotice]:
        """Return what a person finds in their inbox about emergencies, newest first."""
        http = ToOversight(self, f"{PERSON}/{self.name(person or self.person)}/-")
        token = self.world.token(self.world.members[HOSPITAL])
        return EmergencyNoticesClient(http).notices(token=token).notices

    def last(self, person: Someone | None = None) -> tuple[str, str, str | None]:
        """Return kind, outcome and reason of the newest entry about a person."""
        event = self.events(person)[-1]
        return str(event["kind"]), str(event["outcome"]), event.get("reason")

    def _app(self) -> FastAPI:
        app = FastAPI()
        app.include_router(emergency_routes(self.emergencies))
        app.include_router(wrong_fragment_routes(self.directives))
        app.state.context = self.context
        install_problems(app, {})
        directory = self.world.register.directory

        @app.middleware("http")
        async def identify(request: Request, handle: Any) -> Any:
            organisation, operator, terminal = request.headers[WHO].split("/")
            if organisation == PERSON:
                setattr(request.state, CALLER, PersonCaller(Pseudonym(operator), SignedInBy.CARD))
                return await handle(request)
            named = OrganisationId(organisation), OperatorId(operator)
            roles = directory().roles(*named)
            setattr(request.state, CALLER, OperatorCaller(*named, TerminalId(terminal), roles))
            return await handle(request)

        return app


class ToOversight(Http):
    """`Http` to the oversight body's emergencies in this process, as one operator."""

    def __init__(self, town: Town, who: str) -> None:
        super().__init__(URL, context=NO_TLS, clock=town.world.clock)
        self._town, self._who = town, who

    def _request(self, method: str, path: str, **sent: Any) -> httpx.Response:
        headers = {**sent["headers"], WHO: self._who}
        answer: httpx.Response = self._town.client.request(
            method, URL + path, content=sent["content"], params=sent["query"], headers=headers
        )
        return answer


class Staff(Organisation):
    """An organisation's operator whose tokens are made here, and who knows people by their names in the test."""

    def __init__(self, town: Town, credentials: Credentials) -> None:
        self._town = town
        self.credentials = credentials
        self.clock, self.randomness = town.world.clock, system_randomness
        self.register = town.world.register

    def connect(self, body: Body) -> Http:  # type: ignore[override]  # nothing to close
        """Return the connection to a body."""
        own = self.credentials
        if body is Body.OVERSIGHT:
            return ToOversight(self._town, f"{own.organisation}/{own.operator}/{own.terminal}")
        return self._town.running.http(own.organisation)

    def ask(self, body: Body, call: Any) -> Any:
        """See `Organisation`."""
        with answers():
            member = self._town.world.members[self.credentials.organisation]
            return call(self.connect(body), self._town.world.token(member))

    def name_person(self, reference: str, *bodies: Body) -> PseudonymTokens:
        """See `Organisation`; the reference is the name."""
        person = self._town.person if reference == self._town.person.name else Someone(reference)
        member = self._town.world.members[self.credentials.organisation]
        tokens = {body: self._town.world.pseudonym_token(person, member, body) for body in bodies}
        wallet = person.wallet
        key = wallet.public_jwk(Body.MEDICAL) if Body.MEDICAL in bodies else None
        return PseudonymTokens(tokens=tokens, subject=wallet.subject if key else None, wallet_key=key)


def ask_for(who: Staff, reference: str, *, reason: str = REASON, **changes: Any) -> Any:
    """Ask as the first professional."""
    told: dict[str, Any] = {"categories": CATEGORIES, "years": YEARS} | changes
    return declare(who, reference, reason=reason, **told)


@contextmanager
def town(folder: Path) -> Iterator[Town]:
    """Run both bodies with one person who has records."""
    world = World(folder)
    proxies: list[SecondProxy] = []
    with world.running(proxies) as running:
        here = Town(running, folder, proxies=proxies)
        link = world.second_proxies()[0].link

        class Releasing:
            def release(self, request: ReleaseRequest) -> ReleaseAnswer:
                return here.release(request)

        verifier = open_cosigner(here.context).verifier
        proxies.append(SecondProxy(Body.OVERSIGHT, Releasing(), link, lambda: verifier))
        here.enter(here.person)
        yield here
        here.context.close()
