"""The patient numbers of the honest ID centre: evidence is really verified, links really stand."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from consent import base64url, jws
from consent.errors import ConsentError
from consent.identifiers import OperatorId, OrganisationId
from services.contracts.fake_credentials import problem
from services.contracts.identity.messages import (
    CONFIRMATION_TYPE,
    DisownLink,
    IdentityDocument,
    LinkPatient,
    OwnLink,
    OwnLinks,
    StaffCheck,
    UndoLink,
)
from services.contracts.oversight.register import Directory, p256
from services.contracts.registry.messages import (
    MATCH_INFO,
    ComparedIdentity,
    CompareIdentity,
    MatchedIdentity,
    MatchIdentity,
)
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import open_sealed
from services.kit.http import RemoteProblemError
from services.kit.strict_json import loads


class RegistryQuestions(Protocol):
    """What of the registry identifying somebody needs."""

    def compare(self, message: CompareIdentity) -> ComparedIdentity:
        """See `Registry`."""

    def match(self, message: MatchIdentity) -> MatchedIdentity:
        """See `Registry`."""


@dataclass
class FakeLink:
    """A link of a patient number to a linkage code."""

    id: str
    organisation: OrganisationId
    number: str
    holder: bytes
    reference: str
    check: StaffCheck
    linked_at: int
    state: str = "linked"


@dataclass(frozen=True)
class CardThere:
    """What the fake knows of a card that is there: its holder, and whether it is usable."""

    holder: bytes
    usable: bool


@dataclass
class FakePatients:
    """`cards` finds a card by id, `present` verifies a presentation, `use` uses a challenge up."""

    directory: Callable[[], Directory]
    sealing_key: X25519PrivateKey
    registry: RegistryQuestions | None
    cards: Callable[[str], CardThere | None]
    present: Callable[[OperatorCaller, str], tuple[bytes, str]]
    use: Callable[[str], None]
    registry_token: Callable[[bytes], str]
    by_handle: Callable[[str], bytes | None]
    randomness: Callable[[int], bytes]
    seconds: Callable[[], int]
    links: dict[str, FakeLink] = field(default_factory=dict)

    def link(self, caller: OperatorCaller, message: LinkPatient) -> FakeLink:
        """See `Identity.link_patient`."""
        if caller.roles.isdisjoint({"reader", "writer"}):
            raise problem(403, "role_missing")
        told = self._confirmed(caller, message)
        card, challenges = self._shown(caller, message, told)
        for each in challenges:
            self.use(each)
        holder = self._identified(caller, message, card)
        held = self.of_number(caller.organisation, message.patient_number)
        if held is not None:
            if held.holder != holder:
                raise problem(409, "patient_number_taken")
            return held
        new = FakeLink(
            id=base64url.encode(self.randomness(16)),
            organisation=caller.organisation,
            number=message.patient_number,
            holder=holder,
            reference=base64url.encode(self.randomness(32)),
            check=StaffCheck(str(told["check"])),
            linked_at=self.seconds(),
        )
        self.links[new.id] = new
        return new

    def of_number(self, organisation: OrganisationId, number: str) -> FakeLink | None:
        """Return the link of an organisation's number."""
        wanted = organisation, number, "linked"
        found = self.links.values()
        return next((each for each in found if (each.organisation, each.number, each.state) == wanted), None)

    def undo(self, caller: OperatorCaller, message: UndoLink) -> FakeLink:
        """See `Identity.undo_link`; the medical centre is not told, the fake knows none."""
        if caller.roles.isdisjoint({"reader", "writer"}):
            raise problem(403, "role_missing")
        link = self.of_number(caller.organisation, message.patient_number)
        if link is None:
            raise problem(404, "not_found")
        link.state = "undone"
        return link

    def disown(self, holder: bytes | None, message: DisownLink) -> FakeLink:
        """See `Identity.disown_link`."""
        link = self.links.get(message.link)
        if link is None or link.holder != holder or link.state != "linked":
            raise problem(404, "not_found")
        link.state = "undone"
        return link

    def of_holder(self, holder: bytes | None) -> OwnLinks:
        """See `Identity.own_links`."""
        return OwnLinks(
            links=[
                OwnLink(
                    link=each.id,
                    organisation=each.organisation,
                    linked_at=each.linked_at,
                    check=each.check,
                    state=each.state,
                )
                for each in self.links.values()
                if each.holder == holder
            ]
        )

    def _confirmed(self, caller: OperatorCaller, message: LinkPatient) -> dict[str, object]:
        operator = self.directory().operator(caller.organisation, OperatorId(caller.operator))
        if operator is None:
            raise problem(403, "confirmation_refused")
        try:
            key = p256(operator.card_key)
            told: dict[str, object] = loads(
                jws.verify(message.confirmation, typ=CONFIRMATION_TYPE, key=key).payload
            )
        except ConsentError:
            raise problem(403, "confirmation_refused") from None
        said = [told.get(each) for each in ("organisation", "operator", "terminal", "patient_number")]
        if said != [caller.organisation, caller.operator, caller.terminal, message.patient_number]:
            raise problem(403, "confirmation_refused")
        return told

    def _shown(
        self, caller: OperatorCaller, message: LinkPatient, told: dict[str, object]
    ) -> tuple[bytes | None, list[str]]:
        """Return the holder of the card that is there, and the challenges that were answered."""
        challenges, card = [str(told["challenge"])], told.get("card")
        check = told.get("check")
        if check == StaffCheck.PIN.value and message.presentation is not None:
            holder, answered = self.present(caller, message.presentation)
            return holder, [*challenges, answered]
        if check == StaffCheck.PHOTO.value and message.presentation is None and card is not None:
            found = self.cards(str(card))
            if found is None or not found.usable:
                raise problem(403, "presentation_refused")
            return found.holder, challenges
        documents = {each.value for each in IdentityDocument}
        without = message.presentation is None and card is None
        if check == StaffCheck.DOCUMENT.value and without and told.get("document") in documents:
            return None, challenges
        raise problem(403, "confirmation_refused")

    def _identified(self, caller: OperatorCaller, message: LinkPatient, card: bytes | None) -> bytes:
        if self.registry is None:
            raise problem(503, "unavailable")
        about = {
            "organisation": caller.organisation,
            "name": message.name,
            "birth_date": message.birth_date,
        }
        if card is not None:
            same = self.registry.compare(CompareIdentity(token=self.registry_token(card), **about))
            wrong = [name for name, fits in same.model_dump().items() if not fits]
            if wrong:
                raise _mismatch(sorted(wrong))
            return card
        found = self.registry.match(MatchIdentity(**about)).person
        if found is None:
            raise _mismatch([])
        opened = open_sealed(self.sealing_key, base64url.decode(found), info=MATCH_INFO)
        holder = self.by_handle(opened.decode())
        if holder is None:
            raise _mismatch([])
        return holder


def _mismatch(items: list[str]) -> RemoteProblemError:
    members = {"code": "identity_mismatch", "items": items}
    return RemoteProblemError(status=403, code="identity_mismatch", title="", detail="", members=members)
