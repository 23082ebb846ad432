"""What a record's author sealed it as, when it was for a wallet of the same person before the present one."""

from collections.abc import Collection

from consent.compartments import Compartment
from consent.identifiers import SubjectKeyId
from consent.sealing import SealedAs
from services.contracts.medical.messages import ReadBundle
from services.gateway.errors import NotVerifiedError


def origin(bundle: ReadBundle, former: Collection[str]) -> SealedAs | None:
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
