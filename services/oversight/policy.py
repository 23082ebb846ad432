"""What the register takes in; pure rules, each raises when its answer is no."""

from collections.abc import Iterable

from consent import base64url
from consent.errors import MalformedError, SealError
from consent.umbral_bytes import read_public_key
from services.contracts.oversight.register import Jwk, Kind, Role, ed25519, roles_of
from services.oversight.errors import NotInFutureError, NotPresentedError, RolesNotAllowedError


def require_roles(kind: Kind, roles: Iterable[Role]) -> None:
    """C12: an operator has no role that the organisation's kind does not allow. Raises: RolesNotAllowedError."""
    superfluous = sorted(set(roles) - roles_of(kind))
    if superfluous:
        raise RolesNotAllowedError(f"a {kind} cannot have the role {', '.join(superfluous)}")


def require_presented(roles: Iterable[Role], person_tag: str | None) -> None:
    """OP4: who takes part in dual control is a human that can be told from others. Raises: NotPresentedError."""
    if Role.SUPERVISOR in roles and person_tag is None:
        raise NotPresentedError("a supervisor needs a presentation by the ID centre")


def require_future(expires: int, *, now: int) -> None:
    """Every accreditation has an end, and it lies ahead. Raises: NotInFutureError."""
    if expires <= now:
        raise NotInFutureError("the end of the accreditation must lie in the future")


def require_keys(signing_key: Jwk | None, receiving_key: str | None) -> None:
    """An organisation signs with Ed25519 and receives with a compressed Umbral key. Raises: MalformedError."""
    if signing_key is not None:
        ed25519(signing_key)
    if receiving_key is not None:
        try:
            read_public_key(base64url.decode(receiving_key))
        except SealError:
            raise MalformedError("A receiving key is a compressed public key of 33 bytes.") from None
