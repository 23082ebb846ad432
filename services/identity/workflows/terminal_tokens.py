"""A token for a terminal with nobody at it (`client_credentials`, RFC 6749, section 4.4; SMART Backend Services).

Steps T1 to T4, T7 and T8 are those of `tokens.py`; there is no card, so there is no T5, and T6 leaves what
`services/policies` let a terminal do by itself at the audience: nothing there is about a person.
"""

from services.contracts.identity.messages import TokenAnswer
from services.identity.centre import IdentityCentre
from services.identity.errors import OAuthCode, OAuthError
from services.identity.workflows.revocation import terminal_ground
from services.identity.workflows.token_steps import (
    Asker,
    Bound,
    answer,
    place_of,
    terminal_that_asks,
    use_once,
)
from services.kit.events import EventKind, Outcome
from services.kit.permissions import policies


def for_terminal(
    centre: IdentityCentre, bound: Bound, asker: Asker, *, certificate: bytes | None
) -> TokenAnswer:
    """Return a token with the scopes asked for, or with all that the terminal has there. Raises: OAuthError."""
    terminal, assertion = terminal_that_asks(centre, bound, certificate=certificate)  # T4
    asker.organisation, asker.terminal = terminal.organisation, terminal.id
    holding = bound.directory.scopes(terminal.id) & policies().scopes_at(bound.audience.body)
    wanted = frozenset(bound.request.scope) or holding
    if not wanted or not wanted <= holding:  # T6
        raise OAuthError(OAuthCode.INVALID_SCOPE, "a terminal by itself does not have all of these there")
    scopes = sorted(wanted)
    with centre.context.database.write() as conn:  # T7
        use_once(centre, conn, bound, [assertion])
        event = asker.event(EventKind.TOKEN_ISSUED, Outcome.PERMITTED)
        centre.context.journal.record(conn, person=None, event=event)
        place = place_of(centre, conn, bound, ground=terminal_ground(terminal.id), holder=None)
        issuer = centre.token_keys.present(conn, now=centre.seconds())
    token = issuer.for_terminal(  # T8
        audience=bound.audience.url,
        organisation=terminal.organisation,
        terminal=terminal.id,
        scopes=scopes,
        jkt=bound.jkt,
        place=place,
        now=centre.now(),
    )
    return answer(centre, token, scope=" ".join(scopes))
