"""The token endpoint (RFC 6749, 7521, 7523, 8707, 9449). The steps are those of docs/protocol.md.

T1 one unambiguous form;
T2 a DPoP proof for this endpoint with a nonce of ours: the token will be bound to its key (stops stolen tokens);
T3 one audience that the register names;
T4 the terminal: its assertion by its accredited key, over its own TLS certificate (stops a card at a strange
   machine); for operators, and for the terminal by itself (`terminal_tokens.py`);
T5 the card: its assertion, of an operator accredited now or of a person whose card counts now; a person's card has
   signed which proof key it signs in with (stops a relay that puts its own key in place of the person's); or a
   passkey's (`passkeys.py`);
T6 no more roles or scopes than hold now;
T7 in one transaction: assertions, proof and challenge used once (stops replays, also after a restart), log entry;
T8 the token.
"""

from functools import partial

from sqlalchemy import Connection

from consent.identifiers import OperatorId
from services.contracts.identity.messages import ACCESS_TOKEN_TYPE, TokenAnswer
from services.contracts.oversight.register import Operator, Terminal
from services.identity import egress
from services.identity.assertions import WRONG_SIGNATURE, AssertionRefusedError, UnverifiedAssertion
from services.identity.centre import IdentityCentre
from services.identity.errors import OAuthCode, OAuthError
from services.identity.holding import keep_card
from services.identity.model import Card
from services.identity.oauth_form import Grant
from services.identity.sign_in import Once, SignIn
from services.identity.workflows import passkeys
from services.identity.workflows.guardian_sign_in import for_ward, refuse_deceased
from services.identity.workflows.revocation import card_ground, operator_ground, passkey_ground
from services.identity.workflows.terminal_tokens import for_terminal
from services.identity.workflows.token_exchange import exchanged
from services.identity.workflows.token_steps import (
    KINDS,
    Asker,
    Bound,
    TokenCall,
    answer,
    bind,
    place_of,
    refused_as,
    terminal_that_asks,
    use_once,
)
from services.kit.credentials.callers import SignedInBy
from services.kit.credentials.passkeys import spelled
from services.kit.events import EventKind, Outcome

NOT_ABOUT_ANYBODY = frozenset(
    {OAuthCode.INVALID_REQUEST, OAuthCode.UNSUPPORTED_GRANT_TYPE, OAuthCode.USE_DPOP_NONCE}
)


def issue_token(centre: IdentityCentre, call: TokenCall) -> TokenAnswer:
    """Return an access token. Raises: OAuthError; every refusal that is about somebody is in the log."""
    asker = Asker()
    try:
        bound = bind(centre, call, asker)
        if bound.request.grant is Grant.CLIENT_CREDENTIALS:
            return for_terminal(centre, bound, asker, certificate=call.certificate)
        if bound.request.client_assertion is None:
            return _for_person(centre, bound, asker)
        return _for_operator(centre, bound, asker, certificate=call.certificate)
    except OAuthError as refusal:
        if refusal.code not in NOT_ABOUT_ANYBODY:
            event = asker.event(KINDS[asker.by][1], Outcome.REFUSED, reason=refusal.code.value)
            with centre.context.database.write() as conn:
                centre.context.journal.record(conn, person=asker.person, event=event)
        raise


def _for_operator(
    centre: IdentityCentre, bound: Bound, asker: Asker, *, certificate: bytes | None
) -> TokenAnswer:
    terminal, first = terminal_that_asks(centre, bound, certificate=certificate)  # T4
    asker.organisation, asker.terminal = terminal.organisation, terminal.id
    operator, second = _operator(centre, bound, terminal)  # T5
    asker.operator = operator.id
    holding = bound.directory.roles(operator.organisation, operator.id)
    wanted = frozenset(bound.request.scope)
    if not wanted <= holding:  # T6
        raise OAuthError(OAuthCode.INVALID_SCOPE, "the operator does not have all of these roles now")
    roles = sorted(wanted or holding)
    with centre.context.database.write() as conn:  # T7
        use_once(centre, conn, bound, [first, second])
        event = asker.event(EventKind.TOKEN_ISSUED, Outcome.PERMITTED)
        centre.context.journal.record(conn, person=None, event=event)
        ground = operator_ground(operator.organisation, operator.id)
        place = place_of(centre, conn, bound, ground=ground, holder=None)
        issuer = centre.token_keys.present(conn, now=centre.seconds())
    token = issuer.for_operator(  # T8
        audience=bound.audience.url,
        organisation=operator.organisation,
        operator=operator.id,
        terminal=terminal.id,
        roles=roles,
        jkt=bound.jkt,
        place=place,
        now=centre.now(),
    )
    return answer(centre, token, scope=" ".join(roles))


def _for_person(centre: IdentityCentre, bound: Bound, asker: Asker) -> TokenAnswer:
    if bound.request.scope:
        raise OAuthError(OAuthCode.INVALID_SCOPE, "a person's token carries no roles")
    signed_in = _signed_in(centre, bound, asker)  # T5
    holder = signed_in.holder
    with centre.context.database.write() as conn:  # T7
        use_once(centre, conn, bound, signed_in.uses)
        signed_in.confirm(conn)
        refuse_deceased(centre, conn, holder)
        someone = centre.store.person(conn, holder)
        event = asker.event(KINDS[signed_in.by][0], Outcome.PERMITTED)
        centre.context.journal.record(conn, person=holder, event=event)
        place = place_of(centre, conn, bound, ground=signed_in.ground, holder=holder)
        issuer = centre.token_keys.present(conn, now=centre.seconds())
    token = egress.person_token(  # T8
        centre,
        someone,
        audience=bound.audience,
        acr=signed_in.by,
        jkt=bound.jkt,
        place=place,
        issuer=issuer,
        guardian=signed_in.guardian.get(bound.audience.body),
    )
    told = answer(centre, token, scope="")
    issued = ACCESS_TOKEN_TYPE if bound.request.grant is Grant.EXCHANGE else None
    return told.model_copy(update={"issued_token_type": issued})


def _signed_in(centre: IdentityCentre, bound: Bound, asker: Asker) -> SignIn:
    match bound.request.grant:
        case Grant.CLIENT_CREDENTIALS:
            raise OAuthError(OAuthCode.INVALID_GRANT, "nobody signs in by client_credentials")
        case Grant.PASSKEY:
            return _passkey(centre, bound, asker)
        case Grant.EXCHANGE:
            subject, resource = bound.request.assertion, bound.audience.url
            return exchanged(centre, subject, jkt=bound.jkt, resource=resource)
        case Grant.JWT_BEARER:
            return _card(centre, bound, asker)


def _passkey(centre: IdentityCentre, bound: Bound, asker: Asker) -> SignIn:
    asker.by = SignedInBy.PASSKEY
    code, challenge = OAuthCode.INVALID_GRANT, bound.request.challenge or ""
    with refused_as(code, "assertion"):
        credential, held = passkeys.find(centre, bound.request.assertion)
        nobody = centre.nobody(f"passkey {credential.get('id')}").pseudonym
        asker.person = held.holder if held is not None else nobody
        used = passkeys.verify(centre, credential, held, challenge=challenge, jkt=bound.jkt)

    def confirm(conn: Connection) -> None:
        with refused_as(code, "assertion"):
            used.count_up(centre, conn)

    return SignIn(
        by=SignedInBy.PASSKEY,
        holder=used.held.holder,
        ground=passkey_ground(spelled(used.held.id)),
        uses=[Once("challenge", challenge, used.challenge_expires, code)],
        confirm=confirm,
    )


def _still_usable(centre: IdentityCentre, card: Card, conn: Connection) -> None:
    # V2: a card that was stopped since it was looked up must not get a token that nobody would stop
    keep_card(conn, card.id)
    present = centre.store.card(conn, card.id)
    if present is None or not present.usable(centre.seconds()):
        raise OAuthError(OAuthCode.INVALID_GRANT, "assertion: the card was stopped")
    if not centre.logged_keys.card_stands(conn, card.holder.pseudonym, card.id):
        raise OAuthError(OAuthCode.INVALID_GRANT, "assertion: the card is not what the log says last")


def _operator(centre: IdentityCentre, bound: Bound, terminal: Terminal) -> tuple[Operator, Once]:
    code = OAuthCode.INVALID_GRANT
    with refused_as(code, "assertion"):
        unverified = UnverifiedAssertion.parse(bound.request.assertion)
        if unverified.claims.organisation != terminal.organisation:
            raise AssertionRefusedError("the operator is not of the terminal's organisation")
        operator = bound.directory.operator(terminal.organisation, OperatorId(unverified.claims.iss))
        key = operator.card_key if operator is not None else centre.decoy_key
        verified = unverified.verify(key, audience=centre.token_endpoint, now=centre.seconds())
        if operator is None:
            raise AssertionRefusedError(WRONG_SIGNATURE)
    value = f"{operator.organisation}.{operator.id}.{verified.jti}"
    return operator, Once("operator assertion", value, verified.expires, code)


def _card(centre: IdentityCentre, bound: Bound, asker: Asker) -> SignIn:
    now, code = centre.seconds(), OAuthCode.INVALID_GRANT
    with refused_as(code, "assertion"):
        unverified = UnverifiedAssertion.parse(bound.request.assertion)
        with centre.context.database.read() as conn:
            key = centre.store.authentication_key(conn, unverified.claims.iss)
        someone = key.card.holder if key is not None else centre.nobody(f"card {unverified.claims.iss}")
        asker.person = someone.pseudonym
        # an unknown card costs the same work and gets the same answer as a wrong signature
        jwk = key.public_key if key is not None else centre.decoy_key
        verified = unverified.verify(jwk, audience=centre.token_endpoint, now=now)
        if key is None or unverified.kid != key.kid:
            raise AssertionRefusedError(WRONG_SIGNATURE)
        if unverified.claims.cnf is None or unverified.claims.cnf.jkt != bound.jkt:
            raise AssertionRefusedError("the assertion must name the proof's key, as cnf.jkt")
        if not key.card.usable(now):
            raise AssertionRefusedError("the card is suspended, revoked or past its date")
        challenge = unverified.claims.nonce or ""
        until = centre.challenges.expiry(challenge, now)
    used = [
        Once("card assertion", f"{key.card.id}.{verified.jti}", verified.expires, code),
        Once("challenge", challenge, until, code),
    ]
    own = SignIn(
        by=SignedInBy.CARD,
        holder=key.card.holder.pseudonym,
        ground=card_ground(key.card.id),
        uses=used,
        confirm=partial(_still_usable, centre, key.card),
    )
    named = unverified.claims.guardianship
    return own if named is None else for_ward(centre, own, asker, guardianship=named)
