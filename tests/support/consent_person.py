"""A person with a wallet who permits a clinic to read medication of two years."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from secrets import token_bytes

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from consent.compartments import Compartment, YearSpan
from consent.delegation import ReceivingKey
from consent.directives import Effect, Grant, Notice, RecordScope, Terms
from consent.identifiers import OrganisationId, Pseudonym
from consent.recipients import Recipient
from consent.vocabulary import PROXIES, Body, Category, Purpose
from consent.wallet import Wallet


@dataclass(frozen=True)
class Person:
    wallet: Wallet
    reader: ReceivingKey
    handle_keys: dict[Body, X25519PrivateKey]
    now: datetime
    terms: Terms
    compartments: tuple[Compartment, ...]

    @property
    def public_handle_keys(self) -> dict[Body, X25519PublicKey]:
        return {body: key.public_key() for body, key in self.handle_keys.items()}

    @property
    def pseudonyms(self) -> dict[Body, Pseudonym]:
        return {body: Pseudonym(f"person-at-{body}") for body in PROXIES}

    def grant(self) -> Grant:
        return self.wallet.grant(
            self.terms,
            recipient_receiving_key=self.reader.public_bytes(),
            compartments=self.compartments,
            persons=self.pseudonyms,
            handle_keys=self.public_handle_keys,
            now=self.now,
            randomness=token_bytes,
        )


def new_person() -> Person:
    now = datetime(2026, 4, 1, 9, 30, 15, 123456, tzinfo=UTC)
    return Person(
        wallet=Wallet.create(token_bytes),
        reader=ReceivingKey.create(token_bytes),
        handle_keys={Body.OVERSIGHT: X25519PrivateKey.generate(), Body.IDENTITY: X25519PrivateKey.generate()},
        now=now,
        terms=Terms(
            recipient=Recipient(OrganisationId("clinic-b")),
            effect=Effect.PERMIT,
            purposes=frozenset({Purpose.TREAT, Purpose.ETREAT}),
            scope=RecordScope(frozenset({Category.MEDICATION}), YearSpan(2025, 2026)),
            valid_from=now,
            valid_until=now + timedelta(days=90),
            notice=Notice.of_text(
                "本文",
                text_id="share",
                version="3",
                language="ja",
                refusal_meaning="断っても診療は受けられます",
            ),
        ),
        compartments=(Compartment(Category.MEDICATION, 2025, 1), Compartment(Category.MEDICATION, 2026, 1)),
    )
