"""The answer of a read, worded for the reader (R8)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from consent.identifiers import BundleId, SubjectKeyId
from consent.jwk import PublicJwk, thumbprint
from consent.vocabulary import Body
from services.contracts.medical.bundles import worded_document
from services.contracts.medical.messages import (
    LogIndex,
    ReadAnswer,
    ReadBundle,
    SealedAsMessage,
)
from services.directives.model import StoredDirective
from services.kit.egress import egress
from services.medical.model import ServedBundle


@dataclass(frozen=True, slots=True)
class Released:
    """The capsule fragments of this centre and of the second body, by bundle."""

    own: Mapping[BundleId, bytes]
    second: Mapping[BundleId, bytes]
    body: Body | None
    signed: Mapping[Body, str] = field(default_factory=dict)

    def of(self, bundle: BundleId) -> dict[Body, bytes]:
        """Return one bundle's fragments by body."""
        if self.body is None:
            return {}
        return {Body.MEDICAL: self.own[bundle], self.body: self.second[bundle]}


@egress(
    to="the reader named in the statement (a participant, or the anonymiser)",
    fields="sealed bundles, two bodies' capsule fragments and what each signed of them, the wallet's publications, "
    "reader's notice, public key and renewals, the index of the log entry, tickets for the segments of large documents",
    purpose="the statement's",
    ground="the person's directive that covers every record, held against withdrawal until the answer was sent",
    answers=("POST /reads",),
)
def read_answer(
    bundles: Sequence[ServedBundle],
    released: Released,
    *,
    wallet: PublicJwk,
    ground: StoredDirective,
    publications: Sequence[str],
    renewals: Sequence[str],
    index: int,
    tickets: Mapping[str, str],
) -> bytes:
    """Return the JSON of `ReadAnswer`."""
    subject = SubjectKeyId(thumbprint(wallet))
    answer = ReadAnswer(
        bundles=[read_bundle(each, released.of(each.stored.id), subject) for each in bundles],
        publications=list(publications),
        renewals=list(renewals),
        reader_notice=ground.reader_notice or "",
        wallet=dict(wallet),
        log=LogIndex(index=index),
        tickets=dict(tickets),
        released=dict(released.signed),
    )
    return answer.model_dump_json().encode()


def read_bundle(served: ServedBundle, fragments: Mapping[Body, bytes], subject: SubjectKeyId) -> ReadBundle:
    """Word a bundle, with these capsule fragments."""
    stored, origin = served.stored, served.stored.sealed_as
    return ReadBundle(
        id=stored.id,
        compartment=stored.compartment.label,
        author=stored.author,
        subject=subject,
        message_kit=stored.message_kit,
        documents=[worded_document(each) for each in served.documents],
        fragments=dict(fragments),
        sealed_as=None
        if origin is None
        else SealedAsMessage(
            subject=origin.subject, compartment=origin.compartment.label, kit_digest=origin.kit_digest
        ),
    )
