"""What leaves the ID centre when an organisation links its patient number."""

from collections.abc import Iterator
from contextlib import contextmanager

from cryptography.exceptions import InvalidTag

from consent import base64url
from consent.errors import MalformedError
from consent.vocabulary import Body
from services.contracts.identity.messages import LinkedPatient, LinkPatient
from services.contracts.medical.messages import SetApart, WasSetApart
from services.contracts.registry.messages import (
    ASKED_BY,
    MATCH_INFO,
    ComparedIdentity,
    CompareIdentity,
    MatchIdentity,
)
from services.identity.centre import IdentityCentre, RecordKeeper
from services.identity.egress import sealed_token
from services.identity.model import Person
from services.identity.patient_links import PatientLink
from services.kit.credentials.callers import OperatorCaller
from services.kit.credentials.pseudonyms import open_sealed
from services.kit.egress import egress
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.problems import UnavailableError


@egress(
    to="registry",
    fields="the registry's own pseudonym of the person, sealed to it; name and birth date as an organisation has them",
    purpose="no patient number linked to the wrong person",
    ground="a card presented at the organisation, and its operator's signed confirmation",
)
def compare_identity(
    centre: IdentityCentre, holder: Person, message: LinkPatient, *, caller: OperatorCaller
) -> ComparedIdentity:
    """Ask the registry whether an organisation's patient is the card's holder. Raises: UnavailableError."""
    question = CompareIdentity(
        token=sealed_token(centre, holder, body=Body.REGISTRY, organisation=ASKED_BY),
        organisation=caller.organisation,
        name=message.name,
        birth_date=message.birth_date,
    )
    with _registry_answers():
        return centre.registry.compare(question)


@egress(
    to="registry",
    fields="name and birth date as an organisation has them",
    purpose="linking a patient who has no card with them",
    ground="an operator's signed confirmation of a document with a photo, counted against the operator's limit",
)
def match_identity(centre: IdentityCentre, message: LinkPatient, *, caller: OperatorCaller) -> str | None:
    """Ask the registry who alone has this name and birth date; return the person's handle. Raises: UnavailableError."""
    question = MatchIdentity(
        organisation=caller.organisation, name=message.name, birth_date=message.birth_date
    )
    with _registry_answers():
        told = centre.registry.match(question).person
    if told is None:
        return None
    try:
        opened = open_sealed(centre.context.sealing_key, base64url.decode(told), info=MATCH_INFO)
    except (InvalidTag, MalformedError, ValueError) as error:
        raise UnavailableError("the registry's answer cannot be read") from error
    return opened.decode()


@egress(
    to="the organisation where the person is, and the registry through it, which the organisation cannot read",
    fields="the link's random id and reference; the registry's own pseudonym of the person, sealed to it",
    purpose="the participant's task, and eligibility",
    ground="independent evidence of who is there: card or document, name and birth date, the staff's confirmation",
    answers=("POST /patient-links",),
)
def identified_patient(
    centre: IdentityCentre, holder: Person, held: PatientLink, *, caller: OperatorCaller
) -> LinkedPatient:
    """Return how the caller's organisation names the patient, and a token to ask for eligibility."""
    return LinkedPatient(
        link=held.id,
        reference=held.reference,
        eligibility_token=sealed_token(centre, holder, body=Body.REGISTRY, organisation=caller.organisation),
    )


@contextmanager
def _registry_answers() -> Iterator[None]:
    try:
        yield
    except (PeerUnavailableError, RemoteProblemError) as error:
        raise UnavailableError("the registry does not answer") from error


@egress(
    to="medical",
    fields="the medical centre's own pseudonym of the person and handle of the link, sealed to it; whose link",
    purpose="setting apart what was deposited under a wrong link",
    ground="the organisation that made the link, or the person whom it names, said that it is wrong",
)
def set_apart(centre: IdentityCentre, medical: RecordKeeper, link: PatientLink) -> WasSetApart:
    """U2: tell the medical centre that a link was wrong. Raises: UnavailableError."""
    with centre.context.database.read() as conn:
        someone = centre.store.person(conn, link.holder)
    handle = centre.namer.link_handle(Body.MEDICAL, link.organisation, link.reference)
    token = sealed_token(centre, someone, body=Body.MEDICAL, organisation=ASKED_BY, link=handle)
    message = SetApart(token=token, organisation=link.organisation, fault=link.fault or "")
    try:
        return medical.set_apart(message)
    except (PeerUnavailableError, RemoteProblemError) as error:
        raise UnavailableError("the medical centre was not told of a wrong link; it is told again") from error
