"""Y7: what a former wallet permitted and goes on is permitted by the present one, with fragments for its keys."""

from consent.directives import Effect, RecordScope
from consent.jwk import thumbprint
from consent.jws import peek_kid
from consent.lifecycle import DirectiveState
from consent.vocabulary import PROXIES, Body
from services.gateway.errors import RefusedError
from services.gateway.person import Person
from services.gateway.wallet_actions import Copy, Permission, approved, lay_down, permissions, withdraw_copies


def permit_again(heir: Person) -> list[tuple[Permission, str]]:
    """Y7: lay down anew what former wallets permitted and goes on, and take their copies back."""
    stopped = []
    found = [each for each in permissions(heir, bodies=PROXIES) if _goes_on(heir, each)]
    complete = [each.terms for each in found if _by_present(heir, each)]
    for permission in found:
        if _by_present(heir, permission):
            continue
        if permission.terms not in complete and _to_be_begun(heir, permission):
            try:
                lay_down(heir, permission.terms, guardian=approved(permission))
                complete.append(permission.terms)
            except RefusedError as refusal:
                stopped.append((permission, refusal.code))
        withdraw_copies(heir, _active(permission))
    return stopped


def _goes_on(heir: Person, permission: Permission) -> bool:
    terms = permission.terms
    records = isinstance(terms.scope, RecordScope) and terms.effect is Effect.PERMIT
    return records and permission.active(heir.clock())


def _active(permission: Permission) -> dict[Body, tuple[Copy, ...]]:
    kept = {
        body: tuple(each for each in copies if each.state is DirectiveState.ACTIVE)
        for body, copies in permission.copies.items()
    }
    return {body: copies for body, copies in kept.items() if copies}


def _by_present(heir: Person, permission: Permission) -> bool:
    """Whether all three bodies have it in force from the present wallet; less is left of a renewal that broke off."""
    active = _active(permission)
    return active.keys() == set(PROXIES) and not _begun_by_former(heir, permission)


def _to_be_begun(heir: Person, permission: Permission) -> bool:
    """Whether a former wallet permitted it and it was not taken back, not at one body either."""
    return permission.stands(heir.clock()) and _begun_by_former(heir, permission)


def _begun_by_former(heir: Person, permission: Permission) -> bool:
    return any(
        peek_kid(each.verified.jws) != thumbprint(heir.wallet.public_jwk(body))
        for body, copies in permission.copies.items()
        for each in copies
    )
