"""What arrives of a record, as its author sealed it, for the present wallet or one of the same person before it."""

from collections.abc import Collection

from consent.compartments import Compartment
from consent.identifiers import BundleId, OrganisationId, SubjectKeyId
from consent.sealing import BundleMeta, SealedAs
from services.contracts.medical.messages import ReadBundle
from services.gateway.errors import NotVerifiedError


def bundle_meta(bundle: ReadBundle, former: Collection[str]) -> BundleMeta:
    """Return what a bundle says of itself. Raises: NotVerifiedError, MalformedError."""
    return BundleMeta(
        id=BundleId(bundle.id),
        subject=SubjectKeyId(bundle.subject),
        compartment=Compartment.parse(bundle.compartment),
        message_kit=bundle.message_kit,
        author=OrganisationId(bundle.author),
        sealed_as=_origin(bundle, former),
    )


def _origin(bundle: ReadBundle, former: Collection[str]) -> SealedAs | None:
    """Return what the author signed; `former` are the subjects that both wallets each time led to the present one.

    Raises: NotVerifiedError, MalformedError.
    """
    told = bundle.sealed_as
    if told is None:
        return None
    present, first = Compartment.parse(bundle.compartment), Compartment.parse(told.compartment)
    if told.subject not in former or (first.category, first.year) != (present.category, present.year):
        raise NotVerifiedError("a record was sealed for another person, category or year; report this")
    return SealedAs(subject=SubjectKeyId(told.subject), compartment=first, kit_digest=told.kit_digest)
