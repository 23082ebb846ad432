"""The register of accreditations: signed by the oversight body, read by everybody, at most seconds old.

Whoever is not in it, is suspended in it, or is past the date in it gets nothing (R9).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache, cached_property

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from pydantic import Field

from consent import base64url
from consent.errors import MalformedError
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import from_jwk, thumbprint
from consent.vocabulary import Body
from services.contracts.oversight.humans import Account, of_one_human
from services.contracts.oversight.terms import Agreement, ReportDemand, Sanction
from services.kit.clock import Clock, epoch_seconds
from services.kit.credentials.callers import Peer
from services.kit.dual_control.model import Signatory
from services.kit.encoding import Base64Url, Message
from services.kit.permissions import policies
from services.kit.problems import UnavailableError

REGISTER_TYPE = "sekisho-register+jws"
Jwk = dict[str, str]


class Kind(StrEnum):
    """The closed list of recipients (J4); what each kind may do is in services/policies."""

    MUNICIPALITY = "municipality"
    HOSPITAL = "hospital"
    CLINIC = "clinic"
    RETAILER = "retailer"
    MAKER = "maker"
    BANK = "bank"
    ANONYMISER = "anonymiser"
    UNIVERSITY = "university"
    OVERSIGHT = "oversight"
    ADMINISTRATION = "administration"
    EMERGENCY_RELAY = "emergency-relay"


class Role(StrEnum):
    """The closed list of roles of operators (C12)."""

    REGISTRAR = "registrar"
    WRITER = "writer"
    READER = "reader"
    SELLER = "seller"
    RECALLER = "recaller"
    CONFIRMER = "confirmer"
    ANONYMISER = "anonymiser"
    RESEARCHER = "researcher"
    ACCREDITOR = "accreditor"
    AUDITOR = "auditor"
    INQUIRER = "inquirer"
    SUPERVISOR = "supervisor"
    EMERGENCY_RELAY = "emergency-relay"


@cache
def roles_of(kind: Kind) -> frozenset[Role]:
    """Return the roles that the policies permit operators of a kind of organisation."""
    return frozenset(Role(role) for role in policies().roles_of(kind.value))


class FormerKey(StrEnum):
    """What becomes of the signing key that another one replaces.

    KEPT: what it signed stays genuine. DISTRUSTED: somebody else may have it; what it signed counts no more.
    """

    KEPT = "kept"
    DISTRUSTED = "distrusted"


class Organisation(Message):
    """An accredited organisation: an Ed25519 JWK signs what it writes, a compressed Umbral key reads.

    `former_keys` signed what it wrote before, oldest first. Only the bodies of `scope` (None: all) that are not
    `withheld` serve it, and its operators have only the roles of `tasks` (None: all of its kind).
    """

    id: OrganisationId
    name: str
    kind: Kind
    active: bool
    expires: int
    signing_key: Jwk | None = None
    receiving_key: Base64Url | None = None
    former_keys: list[Jwk] = Field(default_factory=list)
    revoked: bool = False
    scope: list[Body] | None = None
    tasks: list[Role] | None = None
    withheld: list[Body] = Field(default_factory=list)
    agreement: Agreement | None = None
    sanctions: list[Sanction] = Field(default_factory=list)
    reports: list[ReportDemand] = Field(default_factory=list)

    def served_by(self, body: Body | None) -> bool:
        """Tell whether `body` serves the organisation; None stands for no body in particular."""
        if body is None:
            return True
        return body not in self.withheld and (self.scope is None or body in self.scope)

    def with_keys(
        self, *, signing_key: Jwk | None, receiving_key: str | None, former: FormerKey
    ) -> "Organisation":
        """Return the entry with other keys."""
        kept = list(self.former_keys)
        if self.signing_key is not None and former is FormerKey.KEPT:
            kept.append(self.signing_key)
        kept = [key for at, key in enumerate(kept) if key != signing_key and key not in kept[:at]]
        keys = {"signing_key": signing_key, "receiving_key": receiving_key, "former_keys": kept}
        return self.model_copy(update=keys)

    @property
    def author_keys(self) -> list[Ed25519PublicKey]:
        """The keys of what the organisation wrote, the present one first. Raises: MalformedError."""
        present = [] if self.signing_key is None else [self.signing_key]
        return [ed25519(key) for key in [*present, *reversed(self.former_keys)]]


class Terminal(Message):
    """An accredited terminal: TLS certificate (hex SHA-256 of its DER) and its P-256 key."""

    id: TerminalId
    organisation: OrganisationId
    certificate_thumbprint: str
    public_key: Jwk
    active: bool
    expires: int


class Operator(Message):
    """An accredited operator with the P-256 key of their card.

    `person_tag` is equal for two accounts of one human, and tells nothing else (the ID centre's pseudonym for this
    purpose); who takes part in dual control has one. Limits of one human count by it.
    """

    id: OperatorId
    organisation: OrganisationId
    roles: list[Role]
    card_key: Jwk
    active: bool
    expires: int
    person_tag: str | None = None


class BodyEntry(Message):
    """A body, where it listens, its public keys: sealing key raw X25519; log and witness keys as C2SP verifier keys."""

    body: Body
    url: str
    certificate_thumbprint: str
    signing_key: Jwk
    sealing_key: Base64Url
    log_origin: str
    log_key: str
    witness_key: str | None = None


class PolicyEdition(Message):
    """An edition of services/policies that two officials approved, by its digest (SHA-256, hexadecimal)."""

    digest: str
    note: str
    active: bool


class Register(Message):
    """One edition of the whole register."""

    serial: int
    issued_at: int
    organisations: list[Organisation]
    terminals: list[Terminal]
    operators: list[Operator]
    bodies: list[BodyEntry]
    policies: list[PolicyEdition] = Field(default_factory=list)

    def approves(self, digest: str) -> bool:
        """Tell whether policies are in force; before the first edition is entered, those installed are."""
        return not self.policies or any(each.digest == digest and each.active for each in self.policies)


class Directory:
    """An edition of the register, indexed; answers as of `now` (credentials' `Accreditations`).

    It answers for the body `at`: an organisation that this body does not serve is not accredited there.
    """

    def __init__(self, register: Register, clock: Clock, at: Body | None = None) -> None:
        self.register = register
        self._at = at
        self._clock = clock
        self._organisations = {each.id: each for each in register.organisations}
        self._terminals = {each.id: each for each in register.terminals}
        self._operators = {(each.organisation, each.id): each for each in register.operators}
        self._bodies = {each.body: each for each in register.bodies}
        self._certificates = {each.certificate_thumbprint: each for each in register.terminals}
        self._author_keys: dict[OrganisationId, list[Ed25519PublicKey]] | None = None
        self._body_certificates = {each.certificate_thumbprint: each for each in register.bodies}

    def organisation(self, organisation: OrganisationId) -> Organisation | None:
        """Return the organisation if it is accredited now."""
        found = self._organisations.get(organisation)
        if found is None or not found.served_by(self._at):
            return None
        return found if self._holds(found.active, found.expires) else None

    def author_keys(self) -> Mapping[OrganisationId, Sequence[Ed25519PublicKey]]:
        """Return by what keys documents are signed, also of organisations whose accreditation has ended.

        What they wrote before stays genuine.
        """
        if self._author_keys is None:
            found = {each.id: each.author_keys for each in self.register.organisations}
            self._author_keys = {name: keys for name, keys in found.items() if keys}
        return self._author_keys

    def terminal(self, terminal: TerminalId) -> Terminal | None:
        """Return the terminal if it and its organisation are accredited now."""
        found = self._terminals.get(terminal)
        if found is None or not self._holds(found.active, found.expires):
            return None
        return found if self.organisation(found.organisation) else None

    def operator(self, organisation: OrganisationId, operator: OperatorId) -> Operator | None:
        """Return the operator if they and their organisation are accredited now."""
        found = self._operators.get((organisation, operator))
        if found is None or not self._holds(found.active, found.expires):
            return None
        return found if self.organisation(organisation) else None

    def human(self, organisation: OrganisationId, operator: OperatorId) -> str | None:
        """Return which human an account is, where that is known; also of one that is suspended or past its date."""
        found = self._operators.get((organisation, operator))
        return None if found is None else found.person_tag

    def accounts(self, organisation: OrganisationId, operator: OperatorId) -> tuple[Account, ...]:
        """Return all accounts of the human whose account this is, as far as known; also those that ended."""
        own = Account(organisation, operator)
        return self._humans.get(own, (own,))

    def body(self, body: Body) -> BodyEntry:
        """Return a body's entry. Raises: UnavailableError when the register has none."""
        if body not in self._bodies:
            raise UnavailableError(f"the register does not name the body {body.value}")
        return self._bodies[body]

    def sealing_key(self, body: Body) -> X25519PublicKey:
        """Return the key to which messages for `body` are sealed."""
        return X25519PublicKey.from_public_bytes(base64url.decode(self.body(body).sealing_key))

    def signing_key(self, body: Body) -> Ed25519PublicKey:
        """Return the key by which `body` signs receipts (and the ID centre tokens)."""
        return ed25519(self.body(body).signing_key)

    def peer(self, certificate_thumbprint: str) -> Peer | None:
        """Return the accredited holder of a TLS certificate."""
        body = self._body_certificates.get(certificate_thumbprint)
        if body is not None:
            name = f"body:{body.body.value}"
            return Peer(TerminalId(name), OrganisationId(name), body.body)
        found = self._certificates.get(certificate_thumbprint)
        terminal = self.terminal(found.id) if found is not None else None
        return Peer(terminal.id, terminal.organisation, None) if terminal else None

    def roles(self, organisation: OrganisationId, operator: OperatorId) -> frozenset[str]:
        """Return the operator's present roles, never more than their organisation's kind allows.

        None at all when this program's policies were not approved: nobody acts by rules that two officials did not see.
        """
        found, holder = self.operator(organisation, operator), self.organisation(organisation)
        if found is None or holder is None:
            return frozenset()
        if not self.register.approves(policies().digest):
            return frozenset()
        allowed = roles_of(holder.kind)
        if holder.tasks is not None:
            allowed &= frozenset(holder.tasks)
        return frozenset(role.value for role in allowed.intersection(found.roles))

    def scopes(self, terminal: TerminalId) -> frozenset[str]:
        """Return what the terminal may do by itself now, under the same condition as `roles`."""
        if self.terminal(terminal) is None or not self.register.approves(policies().digest):
            return frozenset()
        return frozenset(policies().scopes)

    def signatory(self, organisation: OrganisationId, operator: OperatorId) -> Signatory | None:
        """Return the operator as dual control needs them, if they are accredited now."""
        found, holder = self.operator(organisation, operator), self.organisation(organisation)
        if found is None or holder is None:
            return None
        return Signatory(
            operator=operator,
            organisation=organisation,
            sector=holder.kind.value,
            roles=self.roles(organisation, operator),
            card=thumbprint(found.card_key),
            person=found.person_tag,
        )

    def token_key(self) -> Ed25519PublicKey:
        """See `Accreditations`."""
        return self.signing_key(Body.IDENTITY)

    @cached_property
    def _humans(self) -> Mapping[Account, tuple[Account, ...]]:
        return of_one_human(
            (Account(each.organisation, each.id), _marks(each)) for each in self.register.operators
        )

    def _holds(self, active: bool, expires: int) -> bool:
        return active and expires > epoch_seconds(self._clock())


def _marks(operator: Operator) -> list[str]:
    card = f"card {operator.card_key.get('x')}"  # who has the key to a point has that to its negative, too
    return [card] if operator.person_tag is None else [card, f"person {operator.person_tag}"]


def p256(jwk: Jwk) -> EllipticCurvePublicKey:
    """Return the P-256 key of a terminal or card. Raises: MalformedError for another kind of key."""
    key = from_jwk(jwk)
    if not isinstance(key, EllipticCurvePublicKey):
        raise MalformedError("A P-256 key is expected.")
    return key


def ed25519(jwk: Jwk) -> Ed25519PublicKey:
    """Return the Ed25519 key of a body or organisation. Raises: MalformedError for another kind of key."""
    key = from_jwk(jwk)
    if not isinstance(key, Ed25519PublicKey):
        raise MalformedError("An Ed25519 key is expected.")
    return key
