"""A person and a bank who open an account, step by step, so that each step can be done wrongly."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from support.identity_fakes import FakeWorld
from support.identity_people import IDENTITY, REGISTRY, Holder, Participant
from support.identity_permissions import Permissions, permissions
from support.identity_world import World

from consent import base64url, jws
from consent.account_proof import AccountProof, ShownItem
from consent.accounts import (
    AGREEMENT,
    CARD_CONSENT,
    CONSENT_SEAL,
    DISCLOSURE,
    DISCLOSURE_SEAL,
    Agreement,
    agreement_payload,
    card_consent_payload,
    disclosure_payload,
)
from consent.identifiers import OrganisationId
from consent.jwk import thumbprint, to_jwk
from consent.vocabulary import BasicItem, Body
from consent.wallet import Wallet
from services.contracts.identity.accounts import Accounts, AccountsClient, OpenAccount, OpenedAccount
from services.contracts.identity.fake_accounts import FakeAccounts
from services.contracts.identity.messages import Application, ChangeCard
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.disclosures import Disclose, Disclosed, Disclosures, DisclosuresClient
from services.contracts.registry.fake_disclosures import FakeDisclosures
from services.kit.credentials.pseudonyms import seal_to


@dataclass(frozen=True)
class AccountDesk:
    """A municipality, a bank, a person with a card and a wallet that the registry knows."""

    world: World
    city: Participant
    bank: Participant
    holder: Holder
    own: Permissions
    fakes: tuple[Accounts, Disclosures] | None

    def agreement(self, *items: BasicItem, **replaced: Any) -> Agreement:
        """Return the text, members replaced as told."""
        now = self.world.clock()
        organisation = replaced.get("organisation", self.bank.organisation)
        told = {
            "organisation": organisation,
            "contract": "普通預金",
            "items": frozenset(items),
            "challenge": base64url.encode(self.world.random.randbytes(32)),
            "salt": base64url.encode(self.world.random.randbytes(32)),
            "key": thumbprint(self.account_key(organisation)),
            "agreed_at": now,
            "until": now + timedelta(minutes=10),
        }
        return Agreement(**(told | replaced))

    def account_key(self, organisation: OrganisationId) -> dict[str, str]:
        """Return the wallet's key for an organisation."""
        return to_jwk(self.own.wallet.account_key(organisation).public_key())

    def signed(self, agreement: Agreement) -> str:
        """O2: sign by the wallet's key for the bank."""
        key = self.own.wallet.account_key(agreement.organisation)
        return jws.sign(agreement_payload(agreement), typ=AGREEMENT, key=key, kid=agreement.key)

    def consent(
        self, agreement: Agreement, application: Application = Application.SIGNATURE, typ: str = CARD_CONSENT
    ) -> str:
        """O3: sign by the card."""
        kid = self.holder.kid_of(application)
        return jws.sign(card_consent_payload(agreement), typ=typ, key=self.holder.keys[application], kid=kid)

    def disclosure(self, agreement: Agreement, wallet: Wallet | None = None) -> str:
        """O4: sign by the wallet's key for the registry."""
        signer = wallet or self.own.wallet
        return signer.sign(Body.REGISTRY, DISCLOSURE, disclosure_payload(agreement, self.own.person))

    def sealed(self, body: Body, text: str) -> str:
        """Seal a text to a body, as the person's side does."""
        key = self.world.register.directory().sealing_key(body)
        info = CONSENT_SEAL if body is Body.IDENTITY else DISCLOSURE_SEAL
        return base64url.encode(seal_to(key, text.encode(), info=info))

    def open(self, consent: str, *, at: Participant | None = None) -> OpenedAccount:
        """O5: hand a card's consent in at the ID centre."""
        bank = at or self.bank
        accounts = self.fakes[0] if self.fakes else AccountsClient(self.world.http(IDENTITY, bank))
        message = OpenAccount(consent=self.sealed(Body.IDENTITY, consent))
        return accounts.open(message, token=self.world.operator_token(bank, IDENTITY))

    def disclose(self, named: str, disclosure: str, *, at: Participant | None = None) -> Disclosed:
        """O6: hand the person's disclosure in at the registry."""
        bank = at or self.bank
        registry = self.fakes[1] if self.fakes else DisclosuresClient(self.world.http(REGISTRY, bank))
        message = Disclose(token=named, disclosure=self.sealed(Body.REGISTRY, disclosure))
        return registry.disclose(message, token=self.world.operator_token(bank, REGISTRY))

    def proof(self, agreement: Agreement) -> AccountProof:
        """Do all steps as they should be, and return what the bank keeps."""
        opened = self.open(self.consent(agreement))
        told = self.disclose(opened.registry_token, self.disclosure(agreement))
        shown = {item: ShownItem(each.value, each.salt) for item, each in told.items.items()}
        key = self.account_key(agreement.organisation)
        return AccountProof(self.signed(agreement), key, opened.standing, told.confirmation, shown)

    def keys(self) -> dict[str, Ed25519PublicKey]:
        """Return the keys by which a proof is verified."""
        directory = self.world.register.directory()
        return {body.value: directory.signing_key(body) for body in (Body.IDENTITY, Body.REGISTRY)}

    def change_card(self, change: str) -> None:
        """Suspend, resume or revoke the card at the counter."""
        message = ChangeCard.model_validate(
            {
                "reference": self.holder.enrolled.reference,
                "card": self.holder.issued.card,
                "change": change,
                "reason": "lost",
            }
        )
        token = self.world.operator_token(self.city, IDENTITY)
        self.world.identity(self.city).change_card(message, token=token)


def account_desk(world: World) -> AccountDesk:
    """Set the scene in a world of real bodies or of fakes."""
    city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR)
    bank = world.accredit("bank", Kind.BANK, Role.CONFIRMER)
    holder = world.holder(city)
    own = permissions(world, holder, at=bank)
    fakes = None
    if isinstance(world, FakeWorld):
        wallets = {own.person: own.wallet.public_jwk(Body.REGISTRY)}
        registry = FakeDisclosures(
            world.fake_registry, world.registry_key, wallets, randomness=world.random.randbytes
        )
        fakes = FakeAccounts(world.fake_identity), registry
    return AccountDesk(world, city, bank, holder, own, fakes)
