"""The only code of the ID centre that builds something about a person for another body.

Each function declares which fields go to whom, for what, and takes what was verified as the ground for it.
"""

from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPResponse

from consent import jws
from consent.account_proof import STANDING, Standing, standing_payload
from consent.accounts import CardConsent
from consent.identifiers import OperatorId, OrganisationId, Pseudonym
from consent.jwk import thumbprint, to_jwk
from consent.personal_number import PersonalNumber
from consent.vocabulary import Body
from services.contracts.identity.accounts import OpenedAccount
from services.contracts.identity.card_messages import AttributeToken
from services.contracts.identity.colleagues import colleagues
from services.contracts.identity.messages import OwnNumber
from services.contracts.identity.presenting import (
    OperatorPresentation,
    PresentOperator,
    sign_presentation,
)
from services.contracts.oversight.register import BodyEntry
from services.contracts.registry.attributes import about_certificate
from services.contracts.registry.look_ups import asked_by_number
from services.contracts.registry.messages import ASKED_BY, Presence
from services.identity.centre import IdentityCentre
from services.identity.model import Person
from services.kit.credentials.callers import OperatorCaller, SignedInBy
from services.kit.credentials.standing import STATUS_PATH, sign_standing
from services.kit.credentials.tokens import TokenIssuer
from services.kit.egress import egress
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.problems import UnavailableError


@egress(
    to="the body that the person signs in to",
    fields="that body's own pseudonym of the person, sealed to it, in an access token bound to the person's key",
    purpose="signing in",
    ground="the card's or the passkey's answer to a challenge; of a guardian's card, for a ward",
    answers=("POST /oauth/token",),
)
def person_token(
    centre: IdentityCentre,
    signed_in: Person,
    *,
    audience: BodyEntry,
    acr: SignedInBy,
    jkt: str,
    place: int,
    issuer: TokenIssuer,
    guardian: str | None = None,
) -> str:
    """T8: return an access token for a person, or for a guardian whom the audience knows by this key."""
    with centre.context.database.read() as conn:
        name = centre.names(conn)
    return issuer.for_person(
        audience=audience.url,
        pseudonym=name(audience.body, signed_in.linkage),
        audience_key=centre.register.directory().sealing_key(audience.body),
        acr=acr,
        jkt=jkt,
        place=place,
        now=centre.now(),
        guardian=guardian,
    )


@egress(
    to="each body named, through the participant, who cannot read them",
    fields="each body's own pseudonym of the person and handle of the link or the person, sealed to that body; to the "
    "medical centre also which operator asks, and whether they are the person or a colleague of theirs",
    purpose="the participant's task",
    ground="the caller's verified role and the reference that a presented card gave to the caller's organisation",
    answers=("POST /persons", "POST /pseudonym-tokens", "POST /pseudonym-tokens/batch"),
)
def pseudonym_tokens(
    centre: IdentityCentre,
    people: Sequence[tuple[str, Person]],
    *,
    bodies: Sequence[Body],
    caller: OperatorCaller,
) -> list[dict[Body, str]]:
    """Return tokens by which a participant means each of `people` (its reference, whom it names) to each body.

    The medical centre is also told whether the operator who asks is the person, or works where the operator does.
    """
    with centre.context.database.read() as conn:
        name = centre.names(conn)

    def handle(body: Body, reference: str, someone: Person) -> str | None:
        if body is Body.MEDICAL:
            return centre.namer.link_handle(body, caller.organisation, reference)
        return centre.namer.person_handle(body, someone.linkage) if body is Body.REGISTRY else None

    tell = colleagues(centre.register.directory(), caller.organisation, caller.operator)

    def asker(body: Body, someone: Person) -> str | None:
        return tell(centre.namer.operator_tag(someone.linkage)) if body is Body.MEDICAL else None

    return [
        {
            body: _token(
                centre,
                name(body, someone.linkage),
                body=body,
                organisation=caller.organisation,
                handle=handle(body, reference, someone),
                asker=asker(body, someone),
                by=caller.operator if body is Body.MEDICAL else None,
            )
            for body in bodies
        }
        for reference, someone in people
    ]


@egress(
    to="the organisation where the card was presented",
    fields="how this organisation, and no other, names the person from now on",
    purpose="the participant's task",
    ground="a presentation signed by the card for this organisation, for a fresh challenge",
    answers=("POST /links",),
)
def reference(centre: IdentityCentre, holder: Person, *, caller: OperatorCaller) -> str:
    """Return how the caller's organisation names the holder of a card."""
    return centre.namer.reference(caller.organisation, holder.linkage)


@egress(
    to="the bank with which the person opens an account",
    fields="how this bank names the person, the registry's pseudonym sealed to the registry, and that the card is good",
    purpose="opening an account",
    ground="a consent signed by the card's signature application for this bank, checked now",
    answers=("POST /accounts",),
)
def opened_account(
    centre: IdentityCentre, holder: Person, consent: CardConsent, *, caller: OperatorCaller
) -> OpenedAccount:
    """O5: return what a bank gets for a good consent."""
    account = centre.namer.reference(caller.organisation, holder.linkage)
    standing = Standing(caller.organisation, account, consent.agreement, centre.now())
    key = centre.context.signing_key
    return OpenedAccount(
        reference=account,
        registry_token=sealed_token(centre, holder, body=Body.REGISTRY, organisation=caller.organisation),
        standing=jws.sign(
            standing_payload(standing), typ=STANDING, key=key, kid=thumbprint(to_jwk(key.public_key()))
        ),
    )


@egress(
    to="whoever holds a card certificate",
    fields="whether the certificate of that serial number counts now, since when it does not, and why; nobody's name",
    purpose="checking a card's signature (K3)",
    ground="the serial number of 127 random bits, which only who was shown the certificate knows",
    answers=("GET /ocsp/{request:path}", "POST /ocsp"),
)
def card_validity(told: OCSPResponse) -> bytes:
    """Return a signed answer about one certificate as it goes out."""
    return told.public_bytes(Encoding.DER)


@egress(
    to="registry, through the official, who cannot read it",
    fields="the registry's own pseudonym of who has the number, or of nobody, sealed to it",
    purpose="the task of the look-up",
    ground="the role inquirer, and the entry in the log",
    answers=("POST /number-look-ups",),
)
def number_token(centre: IdentityCentre, name: Pseudonym, organisation: OrganisationId) -> str:
    """Return a token that counts for a look-up by number, and not as one of somebody who showed a card."""
    return _token(centre, name, body=Body.REGISTRY, organisation=asked_by_number(organisation))


@egress(
    to="registry, through the person, who cannot read it",
    fields="the registry's own pseudonym of the person and the serial number of their signature certificate",
    purpose="a statement of the person's items about that certificate (K2)",
    ground="the person signed in, and the card in force",
    answers=("POST /cards/attribute-tokens",),
)
def attribute_token(centre: IdentityCentre, holder: Person, *, certificate: str) -> AttributeToken:
    """Return the word for the registry."""
    token = sealed_token(centre, holder, body=Body.REGISTRY, organisation=about_certificate(certificate))
    return AttributeToken(certificate=certificate, token=token)


@egress(
    to="registry",
    fields="the registry's own pseudonym of the person, sealed to it",
    purpose="no card for somebody unregistered; how far age lets a minor act",
    ground="a registrar who issues a card to this person or looks a ward up; a minor of whom that is asked daily",
)
def ask_presence(centre: IdentityCentre, someone: Person) -> Presence:
    """Ask the registry whether the person is registered, and what age gives. Raises: UnavailableError."""
    token = sealed_token(centre, someone, body=Body.REGISTRY, organisation=ASKED_BY)
    try:
        return centre.registry.presence(token)
    except (PeerUnavailableError, RemoteProblemError) as error:
        raise UnavailableError("the registry does not say whether the person is registered") from error


@egress(
    to="every body",
    fields="the keys that sign access tokens; random places of those tokens that ended early; signed",
    purpose="knowing which access tokens count",
    ground="no place tells whose its token is; a body recognises only those that it was shown itself",
    answers=(f"GET {STATUS_PATH}",),
)
def token_standing(centre: IdentityCentre) -> str:
    """V4: return which keys sign tokens and which tokens ended early, signed now."""
    now = centre.seconds()
    with centre.context.database.read() as conn:
        keys = centre.token_keys.published(conn, now=now)
        stopped = centre.tokens.stopped(conn)
    return sign_standing(
        url=centre.issuer + STATUS_PATH,
        keys=keys,
        stopped=stopped,
        signer=centre.context.signing_key,
        now=now,
        lifetime=centre.settings.token_status_seconds,
    )


@egress(
    to="the person",
    fields="the person's own number",
    purpose="that the person knows it",
    ground="the person's own token",
    answers=("GET /number", "POST /number"),
)
def own_number(number: PersonalNumber) -> OwnNumber:
    """Return a person's number."""
    return OwnNumber(personal_number=number)


@egress(
    to="the municipality where the person asks for it",
    fields="the new personal number, to be handed to the person",
    purpose="changing the number (J5)",
    ground="a registrar, and the reference under which the municipality enrolled the person",
    answers=("POST /numbers/changes",),
)
def number_at_counter(number: PersonalNumber, _caller: OperatorCaller) -> OwnNumber:
    """Return a person's new number."""
    return OwnNumber(personal_number=number)


@egress(
    to="oversight, through the person and an accreditor",
    fields="a pseudonym of the person for this purpose only, bound to the card of one operator, signed",
    purpose="telling two people from one with two accounts: dual control, limits of one human",
    ground="the person's own token",
    answers=("POST /operator-presentations",),
)
def operator_presentation(
    centre: IdentityCentre, holder: Person, asked: PresentOperator
) -> OperatorPresentation:
    """State which human an operator's card belongs to."""
    return sign_presentation(
        asked,
        tag=centre.namer.operator_tag(holder.linkage),
        expires=centre.seconds() + centre.settings.operator_presentation_seconds,
        key=centre.context.signing_key,
    )


def sealed_token(
    centre: IdentityCentre,
    someone: Person,
    *,
    body: Body,
    organisation: OrganisationId,
    link: str | None = None,
) -> str:
    """Return a token that names a person, or one link to them, to one body, for one organisation to hand on."""
    with centre.context.database.read() as conn:
        name = centre.names(conn)(body, someone.linkage)
    handle = centre.namer.person_handle(body, someone.linkage) if body is Body.REGISTRY else link
    return _token(centre, name, body=body, organisation=organisation, handle=handle)


def _token(
    centre: IdentityCentre,
    name: Pseudonym,
    *,
    body: Body,
    organisation: OrganisationId,
    handle: str | None = None,
    asker: str | None = None,
    by: OperatorId | None = None,
) -> str:
    return centre.pseudonym_tokens.issue(
        body=body,
        body_key=centre.register.directory().sealing_key(body),
        organisation=organisation,
        pseudonym=name,
        now=centre.now(),
        handle=handle,
        asker=asker,
        by=by,
    )
