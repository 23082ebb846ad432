"""What people put into their own record: own measurements, and records that they bring along (UC2).

The wallet seals and signs: its key for the medical centre is the author. Everything is read and sealed before anything
is sent; what a body refuses is refused whole.
"""

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

from consent import base64url
from consent.compartments import Compartment
from consent.identifiers import BundleId, DocumentId, OrganisationId
from consent.life_records import MEANINGS, LifeRecord
from consent.publication import verify_publication
from consent.sealing import NewBundle, PlainDocument, seal_bundle
from consent.vocabulary import Body
from services.contracts.medical.client import MedicalClient
from services.contracts.medical.messages import OwnDeposit
from services.gateway.clinical import ClinicalRecord
from services.gateway.deposit_book import DepositBook, Place, SentPart, telling_parts
from services.gateway.errors import FhirError
from services.gateway.fhir import Line, lines_of, record_of
from services.gateway.hospital import FHIR_JSON, Deposited, check_receipt, in_parts
from services.gateway.people import publish
from services.gateway.person import Person

MEASUREMENTS = MEANINGS[LifeRecord.OWN_MEASUREMENT].category


def read_own(path: Path, *, this_year: int) -> list[ClinicalRecord]:
    """Read one person's records from a FHIR R4 Bundle, an ndjson file, or a folder of ndjson files.

    Guarantees: all or nothing. Raises: FhirError naming file and line (or entry): a resource without a patient, or
    about another patient than the first one.
    """
    records: list[ClinicalRecord] = []
    whose: tuple[str, Line] | None = None
    for line in lines_of(path):
        record = record_of(line, this_year=this_year)
        if record is None:
            continue
        if whose is None:
            whose = (record.patient, line)
        elif record.patient != whose[0]:
            raise line.error(
                f"is about another Patient than {whose[1].place}; deposit one person's records only"
            )
        records.append(record)
    if not records:
        raise FhirError(path.name, None, "holds no personal record of a kind that is taken here")
    return records


def deposit_own(person: Person, records: Iterable[ClinicalRecord], *, book: Path | None = None) -> Deposited:
    """Seal records to one's own wallet, sign them with it and deposit them.

    Guarantees: every receipt is the medical centre's and names exactly what was sent; `book` as in `hospital.deposit`.
    Raises: RefusedError, NotVerifiedError, CardFileError, DepositFileError, PartlyDepositedError, kit's
    PeerUnavailableError.
    """
    names: dict[str, DocumentId] = {}
    groups: dict[Place, list[PlainDocument]] = defaultdict(list)
    naming = person.wallet.naming_key()
    for record in records:
        name = base64url.encode(hmac.digest(naming, record.name.encode(), "sha256")[:16])
        names[record.name] = DocumentId(name)
        groups[record.category, record.year].append(
            PlainDocument(names[record.name], 1, FHIR_JSON, record.content)
        )
    kept = DepositBook.at(book, key=naming)
    before = kept.known(groups)
    receipts = kept.settle(lambda part: _send(person, part))
    left = kept.left_of(groups)
    if left:
        keys = _open_compartments(person, left)
        places = in_parts(left)
        parts = [[_seal(person, keys[place], left[place]) for place in part] for part in places]
        with telling_parts(receipts, parts=len(receipts) + len(parts)):
            for part, bundles in zip(places, parts, strict=True):
                sent = kept.begin(bundles, {place: left[place] for place in part})
                receipts.append(kept.end(sent, partial(_send, person, sent)))
    return Deposited(tuple(receipts), names, before)


def _open_compartments(person: Person, places: Iterable[Place]) -> Mapping[Place, Compartment]:
    """Return the newest compartment of each place, publishing the first one where there is none."""
    person.pseudonym(Body.MEDICAL)
    told = person.ask(Body.MEDICAL, lambda http, token: MedicalClient(http).published(token=token))
    wallet = person.wallet
    newest: dict[Place, Compartment] = {}
    for token in told.publications:
        for each in verify_publication(token, wallet.public_jwk(Body.MEDICAL), wallet.subject).keys:
            place = (each.category, each.year)
            newest[place] = max(each, newest.get(place, each))
    missing = [Compartment(*place, 1) for place in sorted(places) if place not in newest]
    if missing:
        publish(person, missing)
    return newest | {(each.category, each.year): each for each in missing}


def _seal(person: Person, compartment: Compartment, documents: Sequence[PlainDocument]) -> NewBundle:
    wallet = person.wallet
    return seal_bundle(
        documents,
        subject=wallet.subject,
        compartment=compartment,
        compartment_key=wallet.compartment_public_key(compartment),
        author=OrganisationId(wallet.subject),
        author_key=wallet.signing_key(Body.MEDICAL),
        bundle_id=BundleId(base64url.encode(person.randomness(16))),
        randomness=person.randomness,
    )


def _send(person: Person, part: SentPart) -> str:
    message = OwnDeposit(bundles=part.bundles)
    told = person.ask(Body.MEDICAL, lambda http, token: MedicalClient(http).deposit_own(message, token=token))
    check_receipt(person, told.receipt, part)
    return told.receipt
