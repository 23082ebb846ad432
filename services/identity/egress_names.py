"""What the ID centre tells a body of its own names of people, when a sector key changes."""

from collections.abc import Sequence

from consent.vocabulary import Body
from services.contracts.renewing import renew_names as take_names
from services.contracts.shared import NameRenewal, RenewalStep, RenewNames
from services.identity.centre import IdentityCentre
from services.identity.pseudonyms import LinkageCode
from services.kit.egress import egress
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.problems import UnavailableError


@egress(
    to="every body, about its own sector",
    fields="that body's own names of people, old and new",
    purpose="changing the sector key",
    ground="a change of the sector key that was begun under dual control",
)
def renew_names(centre: IdentityCentre, body: Body, *, coming: int, linkages: Sequence[LinkageCode]) -> None:
    """Tell a body the names of some people under a coming key. Raises: UnavailableError."""
    old, new = coming - 1, coming
    renewals = [
        NameRenewal(
            old=centre.namer.pseudonym(body, linkage, old), new=centre.namer.pseudonym(body, linkage, new)
        )
        for linkage in linkages
    ]
    _tell_names(centre, body, RenewNames(version=new, step=RenewalStep.MOVE, renewals=renewals))


@egress(
    to="every body, about its own sector",
    fields="the number of a sector key, nothing about anybody",
    purpose="changing the sector key",
    ground="a change of the sector key that was begun under dual control",
)
def step_names(centre: IdentityCentre, body: Body, *, version: int, step: RenewalStep) -> int:
    """Tell a body that a sector key is in force, or no more; return which one is there. Raises: UnavailableError."""
    return _tell_names(centre, body, RenewNames(version=version, step=step, renewals=[]))


def _tell_names(centre: IdentityCentre, body: Body, message: RenewNames) -> int:
    if body is centre.context.body:
        return take_names(centre.context, message).key
    try:
        return centre.peers(body).renew_names(message).key
    except (PeerUnavailableError, RemoteProblemError) as error:
        raise UnavailableError(f"the body {body.value} cannot be told the new names of people") from error
