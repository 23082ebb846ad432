"""A card file of somebody whom the real ID centre knows."""

from pathlib import Path

from support.gateway_card import FakeOffice, trust
from support.identity_people import IDENTITY, Participant
from support.identity_world import World

from services.contracts.identity.messages import Application, IssueCard
from services.gateway.card_making import CardDraft, draft
from services.gateway.cards import CardFile, save_card

PINS = {Application.AUTHENTICATION: "2583", Application.SIGNATURE: "kaki5678"}


def card_file(world: World, city: Participant, file: Path) -> tuple[CardFile, CardDraft, str]:
    """Have a card issued and write its file; returns the reference, too."""
    enrolled = world.enrol(city)
    world.settle(enrolled, city)
    making = draft(PINS, randomness=world.random.randbytes)
    request = IssueCard(reference=enrolled.reference, applications=making.request())
    issued = world.identity(city).issue_card(request, token=world.operator_token(city, IDENTITY))
    made = making.complete(issued, trust=trust(FakeOffice()), randomness=world.random.randbytes)
    save_card(made, file)
    return made, making, enrolled.reference
