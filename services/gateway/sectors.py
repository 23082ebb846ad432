"""Sector keys, on the supervisor's side; a change is proposed as everything under dual control is."""

from consent.vocabulary import Body
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.sectors import SectorKey
from services.gateway.organisation import Organisation


def sector_keys(supervisor: Organisation) -> list[SectorKey]:
    """Return how far changes of sector keys are. Raises: RefusedError."""
    told = supervisor.ask(Body.IDENTITY, lambda http, token: IdentityClient(http).sector_keys(token=token))
    return told.sectors
