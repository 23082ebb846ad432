"""An accredited organisation at work: its credentials, its tokens, and the register it trusts."""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from consent import base64url
from consent.delegation import ReceivingKey
from consent.identifiers import OrganisationId
from consent.staff import StaffMask, StaffMember, mask
from consent.vocabulary import Body
from services.contracts.identity.client import IdentityClient
from services.contracts.identity.messages import PseudonymTokens, RequestPseudonymTokens
from services.contracts.identity.naming import RequestPeopleNamed
from services.contracts.oversight.client import OversightClient
from services.contracts.oversight.register import Directory
from services.contracts.oversight.register_reader import RegisterReader
from services.contracts.oversight.register_view import DirectorySource
from services.gateway.credentials import Credentials, load, tls_of
from services.gateway.errors import CredentialFolderError
from services.gateway.exchange import Connect, Direct
from services.gateway.tokens import TOKEN_PATH, SignedIn, Signer, TokenSource, operator_assertions
from services.kit.clock import Clock, Randomness, system_clock, system_randomness
from services.kit.http import client_context

REGISTER_MAX_AGE: Final = 1.0
REGISTER_STALE: Final = 30.0


class Organisation(SignedIn):
    """What an operator of an organisation does everything with. Safe to share between threads."""

    def __init__(
        self,
        credentials: Credentials,
        connect: Connect,
        *,
        clock: Clock = system_clock,
        randomness: Randomness = system_randomness,
    ) -> None:
        self.credentials = credentials
        self.clock = clock
        self.randomness = randomness
        self.connect = connect
        identity = connect(Body.IDENTITY)
        assertions = operator_assertions(
            identity.base_url + TOKEN_PATH,
            operator=Signer(credentials.operator, credentials.card_key),
            organisation=credentials.organisation,
            terminal=Signer(credentials.terminal, credentials.terminal_key),
            clock=clock,
            randomness=randomness,
        )
        self.tokens = TokenSource(IdentityClient(identity), assertions, clock=clock)
        self.register: DirectorySource = RegisterReader(
            self._fetch_register,
            key=Ed25519PublicKey.from_public_bytes(base64url.decode(credentials.register_key)),
            clock=clock,
            max_age=REGISTER_MAX_AGE,
            stale_limit=REGISTER_STALE,
        )

    def __repr__(self) -> str:
        return f"Organisation({self.id!r})"

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Return the organisation whose credentials lie in `folder`. Raises: CredentialFolderError."""
        credentials = load(folder)
        tls = tls_of(folder)
        try:
            context = client_context(authority=tls.authority, tls=tls)
        except ssl.SSLError as error:
            files = ", ".join(file.name for file in (tls.certificate, tls.key, tls.authority))
            raise CredentialFolderError(
                f"{folder}: one of {files} is damaged; restore the credential folder from backup"
            ) from error
        return cls(credentials, Direct(credentials.urls, context=context))

    def close(self) -> None:
        """Close the connections to the bodies."""
        self.connect.close()

    @property
    def id(self) -> OrganisationId:
        """The organisation's name in the register."""
        return self.credentials.organisation

    @property
    def author_key(self) -> Ed25519PrivateKey:
        """The key that signs what the organisation writes. Raises: CredentialFolderError when it has none."""
        if self.credentials.author_key is None:
            raise CredentialFolderError(f"{self.id} has no author key; only who writes records has one")
        return self.credentials.author_key

    @property
    def naming(self) -> bytes:
        """The secret that names what the organisation writes. Raises: as `author_key`."""
        return self.credentials.naming or self.author_key.private_bytes_raw()

    @property
    def receiving_key(self) -> ReceivingKey:
        """The key that opens what people permit. Raises: CredentialFolderError when it has none."""
        if self.credentials.receiving_key is None:
            raise CredentialFolderError(f"{self.id} has no receiving key; only who reads records has one")
        return self.credentials.receiving_key

    def staff_mask(self, person: str) -> StaffMask:
        """Return how the operator is shown to a person whom the organisation calls `person`. Raises: MalformedError."""
        own = self.credentials
        member = StaffMember(own.organisation, own.operator, own.terminal, own.operator_name or own.operator)
        sealing = base64url.decode(self.directory().body(Body.OVERSIGHT).sealing_key)
        key = own.staff_secret or own.card_key.private_numbers().private_value.to_bytes(32, "big")
        return mask(member, person=person, key=key, oversight=X25519PublicKey.from_public_bytes(sealing))

    def directory(self) -> Directory:
        """Return the register of accreditations, at most a second old. Raises: kit's UnavailableError."""
        return self.register.directory()

    def name_person(self, reference: str, *bodies: Body) -> PseudonymTokens:
        """R1, D2: get single-use tokens that name a linked person to the bodies. Raises: RefusedError."""
        message = RequestPseudonymTokens(reference=reference, bodies=list(bodies))
        return self.ask(
            Body.IDENTITY, lambda http, token: IdentityClient(http).pseudonym_tokens(message, token=token)
        )

    def name_people(self, references: Sequence[str], *bodies: Body) -> list[PseudonymTokens | None]:
        """Get tokens as `name_person` does for many people, in order; None where the organisation has nobody.

        Raises: RefusedError; pydantic's ValidationError for what is no reference, or too many of them.
        """
        message = RequestPeopleNamed(references=list(references), bodies=list(bodies))
        return self.ask(
            Body.IDENTITY, lambda http, token: IdentityClient(http).name_people(message, token=token)
        ).people

    def _fetch_register(self) -> str:
        connection = self.connect(Body.OVERSIGHT)
        return OversightClient(connection, token=self.tokens.token(connection.base_url)).register()
