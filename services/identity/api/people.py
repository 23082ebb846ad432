"""Who is meant: presented cards, references, tokens that name people; the wallet's key."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.identity.messages import (
    LinkedPerson,
    PresentCard,
    PseudonymTokens,
    RegisteredSubject,
    RegisterSubject,
    RequestPseudonymTokens,
)
from services.contracts.identity.naming import PeopleNamed, RequestPeopleNamed
from services.contracts.identity.presenting import OperatorPresentation, PresentOperator
from services.identity.centre import IdentityCentre
from services.identity.workflows import linking, naming, presenting
from services.kit.access import operator, person, person_or_guardian
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.kit.put_off import effect_first

AnyOperator = Annotated[OperatorCaller, Depends(operator())]


def people_routes(centre: IdentityCentre) -> APIRouter:
    """Return the router."""
    router = APIRouter()

    @router.post("/links")
    def link(caller: AnyOperator, message: PresentCard) -> LinkedPerson:
        """Exchange a presented card for the organisation's own reference (D1)."""
        return linking.link(centre, caller, message.presentation)

    @router.post("/pseudonym-tokens")
    @effect_first
    def name(caller: AnyOperator, message: RequestPseudonymTokens) -> PseudonymTokens:
        """Have a person named to bodies (D2, R1)."""
        return naming.name_person(centre, caller, message)

    @router.post("/pseudonym-tokens/batch")
    @effect_first
    def name_many(caller: AnyOperator, message: RequestPeopleNamed) -> PeopleNamed:
        """Have many people named to bodies."""
        return naming.name_people(centre, caller, message)

    @router.put("/subject")
    def subject(
        caller: Annotated[PersonCaller, Depends(person_or_guardian())], message: RegisterSubject
    ) -> RegisteredSubject:
        """Register the wallet's key for the medical sector."""
        return linking.register_subject(centre, caller, message)

    @router.post("/operator-presentations")
    def present(
        caller: Annotated[PersonCaller, Depends(person())], message: PresentOperator
    ) -> OperatorPresentation:
        """Vouch for the human behind an operator's card."""
        return presenting.present_operator(centre, caller, message)

    return router
