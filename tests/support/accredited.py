"""An organisation with a terminal and an operator, entered in an honest fake of the oversight body."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.serialization import Encoding

from consent.identifiers import OrganisationId
from consent.jwk import to_jwk
from services.contracts.oversight.fake import FakeOversight
from services.contracts.oversight.messages import (
    OperatorAccreditation,
    OrganisationAccreditation,
    TerminalAccreditation,
)
from services.contracts.oversight.register import Kind, Role
from services.kit import certificates
from services.kit.keys import KeyFolder


def accredit(
    oversight: FakeOversight,
    name: OrganisationId,
    keys: KeyFolder,
    *,
    kind: Kind,
    roles: Sequence[Role],
    receiving_key: str,
    expires: int,
) -> bytes:
    """Enter an organisation whose keys lie in a folder; return the certificate of its terminal (DER)."""
    oversight.accredit_organisation(
        OrganisationAccreditation(
            id=name,
            name=name,
            kind=kind,
            expires=expires,
            signing_key=to_jwk(keys.ed25519("author").public_key()),
            receiving_key=receiving_key,
        )
    )
    told = oversight.accredit_terminal(
        TerminalAccreditation(
            id=f"{name}-terminal",
            organisation=name,
            public_key=to_jwk(keys.p256("terminal").public_key()),
            days=365,
        )
    )
    oversight.accredit_operator(
        OperatorAccreditation(
            id=f"{name}-operator",
            organisation=name,
            roles=list(roles),
            card_key=to_jwk(keys.p256("card").public_key()),
            expires=expires,
        )
    )
    return certificates.from_pem(told.certificate.encode()).public_bytes(Encoding.DER)
