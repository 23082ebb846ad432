"""How the anonymiser reads what people permitted: as the organisation `anonymiser`, by grant and not by person.

It never learns who anybody is: a grant comes with the wallet's key, and the authors of the records have signed the
thumbprint of that key into each document, so records of two people cannot be mixed up.
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from consent.compartments import YearSpan
from consent.errors import ConsentError
from consent.explanations import RefusalCode
from consent.identifiers import DirectiveId, SubjectKeyId
from consent.jwk import thumbprint
from consent.notices import UnverifiedReaderNotice
from consent.sealing import PlainDocument
from consent.statements import GrantSubject, Selection
from consent.terms import RecordScope
from consent.vocabulary import Body, Category
from services.contracts.directives import ReleaseFault
from services.contracts.identity.messages import PseudonymTokens
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import GrantEntry
from services.gateway import clinic
from services.gateway.errors import GatewayError, NotVerifiedError, RefusedError
from services.gateway.opening import Prepared
from services.gateway.organisation import Organisation
from services.gateway.wrong_fragments import WrongFragmentError
from services.kit.egress import egress
from services.kit.http import PeerUnavailableError
from services.research.errors import MedicalUnavailableError
from services.research.extraction import extract
from services.research.model import Cohort, Person
from services.research.policy import RESEARCH

logger = logging.getLogger("sekisho")
Subjects = Mapping[SubjectKeyId, Sequence["Permission"]]

NOT_VERIFIED: Final = "not_verified"
NO_RECORDS: Final = "no_records"
ONE_PERSON_ONLY: Final = frozenset(
    {code.value for code in RefusalCode} - {RefusalCode.ROLE_MISSING.value, RefusalCode.NOT_ACCREDITED.value}
    | {ReleaseFault.OTHER_PERSON.value, ReleaseFault.CAPSULE_REFUSED.value}
    | {"stored_directive_damaged", "stored_document_damaged", "integrity"}
)
"""Refusals that concern one person's records and say nothing about the next person's."""


@dataclass(frozen=True, slots=True)
class Permission:
    """What one grant lets the job read; its notice was signed by the wallet."""

    grant: DirectiveId
    handles: Mapping[Body, bytes] = field(repr=False)
    subject: SubjectKeyId = field(repr=False)
    wallet_key: dict[str, str] = field(repr=False)
    selection: Selection


@dataclass(frozen=True, slots=True)
class Permitted:
    """Who permits what the job asks for, and how many grants could not be used, by reason."""

    subjects: Subjects = field(repr=False)
    skipped: Mapping[str, int]


@egress(
    to="medical",
    fields="the anonymiser's own credentials",
    purpose="research",
    ground="a job that a researcher of an accredited organisation asked for",
)
def permitted(organisation: Organisation, wanted: Selection) -> Permitted:
    """List who permits research on some of the wanted records now. Raises: MedicalUnavailableError."""
    try:
        listed = organisation.ask(Body.MEDICAL, lambda http, token: MedicalClient(http).grants(token=token))
    except (GatewayError, PeerUnavailableError) as error:
        raise MedicalUnavailableError("the medical centre does not list permissions at present") from error
    found: dict[SubjectKeyId, list[Permission]] = defaultdict(list)
    skipped: Counter[str] = Counter()
    for entry in listed.grants:
        try:
            permission = _permission(organisation, entry, wanted)
        except ConsentError:
            skipped[NOT_VERIFIED] += 1
            continue
        if permission is not None:
            found[permission.subject].append(permission)
    return Permitted(found, skipped)


def read_cohort(organisation: Organisation, permissions: Permitted, *, at_once: int) -> Cohort:
    """Read and open everybody's records, a few persons at a time; only their rows are kept.

    A person whose records cannot be read is left out and counted. Raises: MedicalUnavailableError.
    """
    with ThreadPoolExecutor(at_once) as pool:
        found = list(pool.map(partial(_read_person, organisation), permissions.subjects.values()))
    skipped = Counter(permissions.skipped)
    skipped.update(each for each in found if isinstance(each, str))
    return Cohort(tuple(each for each in found if isinstance(each, Person)), skipped)


def _permission(organisation: Organisation, entry: GrantEntry, wanted: Selection) -> Permission | None:
    subject = SubjectKeyId(thumbprint(entry.subject_key))
    notice = UnverifiedReaderNotice(entry.reader_notice).verify(entry.subject_key, subject).notice
    selection = _common(wanted, notice.scope) if isinstance(notice.scope, RecordScope) else None
    for_us = notice.recipient == organisation.id and RESEARCH in notice.purposes
    if selection is None or not for_us or notice.valid_until <= organisation.clock():
        return None
    return Permission(
        DirectiveId(entry.grant), dict(entry.handles), subject, dict(entry.subject_key), selection
    )


def _common(wanted: Selection, scope: RecordScope) -> Selection | None:
    categories = wanted.categories & scope.categories
    if not categories or not wanted.years.overlaps(scope.years):
        return None
    first, last = max(wanted.years.first, scope.years.first), min(wanted.years.last, scope.years.last)
    return Selection(categories, YearSpan(first, last))


def _read_person(organisation: Organisation, permissions: Sequence[Permission]) -> Person | str:
    """Return one person's row, or why there is none; the opened documents end with this call."""
    try:
        documents = [each for permission in permissions for each in _read(organisation, permission)]
    except NotVerifiedError:
        return NOT_VERIFIED
    except RefusedError as refused:
        if refused.code in ONE_PERSON_ONLY:
            return refused.code
        raise MedicalUnavailableError(
            f"the medical centre refuses the anonymiser: {refused.code}"
        ) from refused
    except PeerUnavailableError as error:
        raise MedicalUnavailableError("the medical centre stopped answering") from error
    return extract(permissions[0].subject, documents, read=_categories(permissions)) or NO_RECORDS


def _categories(permissions: Iterable[Permission]) -> frozenset[Category]:
    return frozenset(category for each in permissions for category in each.selection.categories)


def _noted(wrong: WrongFragmentError) -> None:
    logger.warning("read without it: %s", wrong)


@egress(
    to="medical, and through it oversight or identity",
    fields="an access statement signed by the anonymiser: grant and handles, categories, years, purpose",
    purpose="research",
    ground="a grant in force that names the anonymiser and research, its notice signed by the wallet",
)
def _read(organisation: Organisation, permission: Permission) -> list[PlainDocument]:
    """R2, R9 and R10 for one grant; the wallet's key stands where a clinic has it from the ID centre."""
    subject = GrantSubject(permission.grant, permission.handles)
    selection = permission.selection
    named = PseudonymTokens(tokens={}, subject=permission.subject, wallet_key=permission.wallet_key)
    read = clinic.read_on(
        organisation,
        lambda wrong: Prepared(
            clinic.sign_read(
                organisation, subject, tokens={}, selection=selection, purpose=RESEARCH, whom=permission.grant
            ).model_copy(update={"wrong": wrong}),
            named,
            selection,
            RESEARCH,
        ),
        _noted,  # the medical centre tells the person; there is no token to name them to the oversight body
    )
    return read.documents
