"""A hospital with a clerk, doctors and patients at the real medical centre, and the watch over what they read."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from support.medical_story import ASKED, MEDICATION
from support.medical_world import AUDITOR, HOSPITAL, Member, Running, Someone, World

from consent.identifiers import OperatorId, OrganisationId
from consent.jwk import to_jwk
from consent.statements import TokenSubject
from consent.vocabulary import PROXIES, Body
from services.contracts.medical.messages import ReadAnswer, ReadRequest
from services.contracts.medical.relationships import (
    DescribeStaff,
    MemberOfStaff,
    NameTags,
    RegisterRelationship,
    RelationshipsClient,
    WatchChoice,
    Watched,
)
from services.contracts.medical.uses import RelationshipKind
from services.contracts.oversight.emergencies import ReviewOutcome
from services.contracts.oversight.register import Operator, Role
from services.contracts.oversight.use_cases import DecideUse, UseReview
from services.kit.clock import JAPAN, epoch_seconds
from services.kit.http import Token
from services.medical.watching import Watching

DAY = 86_400
WARD = "w" * 22


def tag(letter: str) -> str:
    """Return a tag that stands for a name."""
    return letter * 22


@dataclass
class Doctor(Member):
    """One of the hospital's professionals with a card of their own."""

    name: str = ""

    @property
    def operator(self) -> OperatorId:
        """Their id."""
        return OperatorId(self.name)

    @property
    def card(self) -> EllipticCurvePrivateKey:
        """Their card's key."""
        return self.keys.p256(f"card-{self.name}")


@dataclass
class Ward:
    """What people at the hospital do, and what the watch makes of it."""

    running: Running

    @property
    def world(self) -> World:
        """Everybody."""
        return self.running.world

    @property
    def clerk(self) -> Member:
        """Who registers relationships, and may read, too."""
        return self.world.members[HOSPITAL]

    @property
    def watching(self) -> Watching:
        """The watch."""
        found: Watching = self.running.app.state.watching
        return found

    @property
    def keeper(self) -> RelationshipsClient:
        """The centre as the hospital reaches it."""
        return RelationshipsClient(self.running.http(HOSPITAL))

    def doctor(self, name: str, *, human: str | None = None, at: OrganisationId = HOSPITAL) -> Doctor:
        """Accredit a professional who reads."""
        own = self.world.members[at]
        found = Doctor(own.id, own.keys, own.receiving_key, own.certificate, name)
        entry = Operator(
            id=found.operator,
            organisation=at,
            roles=[Role.READER],
            card_key=to_jwk(found.card.public_key()),
            active=True,
            expires=epoch_seconds(self.world.now) + 1000 * DAY,
            person_tag=human,
        )
        self.world.oversight.operators.append(entry)
        return found

    def person(self, name: str, *, to: OrganisationId = HOSPITAL, **terms: Any) -> Someone:
        """Enrol somebody who permits the hospital, or another organisation, to read."""
        someone = Someone(name)
        self.running.enrol(someone, MEDICATION)
        valid = {"valid_until": self.world.now + timedelta(days=900)}
        grant = self.world.grant(someone, self.world.terms(to, **(valid | terms)), compartments=MEDICATION)
        self.running.permit(someone, grant)
        return someone

    def relate(self, someone: Someone, *operators: Member, days: int = 1, **changes: Any) -> str:
        """Have the clerk register an appointment from now on, with some professionals or with a ward."""
        now = epoch_seconds(self.world.now)
        told: dict[str, Any] = {
            "token": self.world.pseudonym_token(someone, self.clerk),
            "kind": RelationshipKind.APPOINTMENT,
            "operators": [each.operator for each in operators],
            "teams": [] if operators else [WARD],
            "start": now,
            "end": now + days * DAY,
        }
        message = RegisterRelationship(**(told | changes))
        return self.keeper.register(message, token=self.world.token(self.clerk)).id

    def describe(
        self, who: Member, *teams: str, surname: str | None = None, address: str | None = None
    ) -> None:
        """Have the clerk describe one of the staff."""
        tags = NameTags(surname=surname, address=address)
        member = MemberOfStaff(operator=who.operator, teams=list(teams), tags=tags)
        self.keeper.describe(DescribeStaff(members=[member]), token=self.world.token(self.clerk))

    def choose(self, someone: Someone, choice: WatchChoice = WatchChoice.CLOSELY) -> None:
        """Have a person choose how closely they are watched over."""
        self.keeper.watch(Watched(choice=choice), token=self.world.person_token(someone))

    def read(
        self, who: Member, someone: Someone, *, asker: str | None = None, named_by: Member | None = None
    ) -> ReadAnswer:
        """Read as one of the staff; `asker` is what the ID centre says of whoever had the person named, and them."""
        world, by = self.world, (named_by or who).operator
        tokens = {
            body: world.token_about(
                someone, who.id, body, link=None, asker=asker if body is Body.MEDICAL else None, by=by
            )
            for body in PROXIES
        }
        statement = world.statement(who, TokenSubject.of_tokens(tokens), selection=ASKED)
        request = ReadRequest(statement=statement, tokens=tokens)
        return self.running.medical(who.id).read(request, token=world.token(who))

    def watch(self) -> None:
        """Have the watch look at what is new."""
        self.watching.run()

    def judged(self, who: Member, someone: Someone, *, asker: str | None = None) -> list[str]:
        """Read, have it judged, and return by which rules the person is told that it stood out."""
        self.watch()
        before = len(self.told(someone))
        self.read(who, someone, asker=asker)
        self.watch()
        return sorted(rule for rules in self.told(someone)[before:] for rule in rules)

    def told(self, someone: Someone) -> list[list[str]]:
        """Return the rules of every notice to a person, oldest first."""
        return [each["detail"]["rules"] for each in self.events(someone, "use_flagged")]

    def events(self, someone: Someone, kind: str) -> list[Any]:
        """Return a person's entries of a kind."""
        return [each for each in self.running.events(someone) if each["kind"] == kind]

    def waiting(self, who: Member) -> list[UseReview]:
        """Return the cases about one of the staff that wait at the oversight body."""
        found = self.world.use_cases.reviews(token=_anybody()).cases
        return [each for each in found if each.operator == who.operator]

    def decide(
        self,
        case: str,
        comment: str,
        outcome: ReviewOutcome = ReviewOutcome.NOT_JUSTIFIED,
        *,
        comments: Mapping[str, str] | None = None,
    ) -> None:
        """Have an official find that it was misuse, or that it was not, with other words to some."""
        operators = self.world.oversight.operators
        for each in [each for each in operators if each.organisation == AUDITOR]:
            operators[operators.index(each)] = each.model_copy(update={"person_tag": "an official"})
        finding = DecideUse(outcome=outcome, comment=comment, comments=dict(comments or {}))
        self.world.use_cases.decide(case, finding, token=_anybody())

    def until(self, hour: int) -> None:
        """Let time pass until the next time that it is so late in Japan."""
        here = self.world.now.astimezone(JAPAN)
        then = datetime(here.year, here.month, here.day, hour, tzinfo=JAPAN)
        self.world.now = (then if then > here else then + timedelta(days=1)).astimezone(self.world.now.tzinfo)


@contextmanager
def ward(folder: Path, **settings: Any) -> Iterator[Ward]:
    """Run the medical centre with the watch; `settings` go over the usual ones."""
    world = World(folder)
    world.settings = world.settings.model_copy(update={"watch_interval_seconds": 60.0, **settings})
    with world.running() as running:
        yield Ward(running)


def _anybody() -> Token:
    return Token("", None)  # type: ignore[arg-type]  # the fake asks nobody for a token
