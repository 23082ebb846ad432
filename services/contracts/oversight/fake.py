"""An honest oversight body in memory: signs a true register, certifies terminals, keeps nothing on disk.

The same contract tests run on it and on the real one. The second proxy's fake is `FakeSecondProxy`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent import jws
from consent.errors import SignatureError
from consent.identifiers import OperatorId, OrganisationId, TerminalId
from consent.jwk import thumbprint as jwk_thumbprint
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.identity.presenting import presented_tag
from services.contracts.oversight.entering import PresentedOperator
from services.contracts.oversight.fake_entering import entering_kinds
from services.contracts.oversight.fake_powers import officials_kinds
from services.contracts.oversight.messages import (
    Accredited,
    Changed,
    OperatorAccreditation,
    OrganisationAccreditation,
    OrganisationKeys,
    RolesChange,
    StandingChange,
    TerminalAccreditation,
    TerminalAccredited,
)
from services.contracts.oversight.public import PUBLIC_REGISTER_TYPE, public_register
from services.contracts.oversight.register import (
    REGISTER_TYPE,
    BodyEntry,
    Directory,
    Operator,
    Organisation,
    Register,
    Role,
    Terminal,
    p256,
    roles_of,
)
from services.contracts.proposals_fake import FakeProposals
from services.kit.certificates import Authority, Usage, create_authority, issue, thumbprint, to_pem
from services.kit.clock import Clock, epoch_seconds
from services.kit.http import RemoteProblemError

DAY = 86_400

Entry = TypeVar("Entry", Organisation, Terminal, Operator)


@dataclass
class FakeOversight:
    """The register (`RegisterReading`); `proposals` is how officials keep it, and whoever holds the object may, too."""

    clock: Clock
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)
    bodies: list[BodyEntry] = field(default_factory=list)
    organisations: list[Organisation] = field(default_factory=list)
    terminals: list[Terminal] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)
    serial: int = 1

    def __post_init__(self) -> None:
        self.proposals = FakeProposals(
            self.clock, self.directory, officials_kinds(self) | entering_kinds(self)
        )
        self.authority: Authority = create_authority("Fake accreditation", days=3650, now=self.clock())

    def register(self) -> str:
        """See `RegisterReading`."""
        kid = jwk_thumbprint(to_jwk(self.key.public_key()))
        return jws.sign(self._edition().model_dump(mode="json"), typ=REGISTER_TYPE, key=self.key, kid=kid)

    def directory(self) -> Directory:
        """Return the present register as a body reads it, without waiting for a cache."""
        return Directory(self._edition(), self.clock)

    def put_body(self, entry: BodyEntry) -> None:
        """Enter a body, in place of its earlier entry."""
        self.bodies = [each for each in self.bodies if each.body is not entry.body] + [entry]
        self.serial += 1

    def accredit_organisation(self, organisation: OrganisationAccreditation) -> Changed:
        """Do what two officials decided."""
        self._require_new(self.organisations, lambda each: each.id == organisation.id)
        self._require_future(organisation.expires)
        self.organisations.append(Organisation(active=True, **dict(organisation)))
        return self.changed()

    def change_keys(self, keys: OrganisationKeys) -> Changed:
        """Do what two officials decided."""
        changed = self.organisation(keys.id).with_keys(
            signing_key=keys.signing_key, receiving_key=keys.receiving_key, former=keys.former
        )
        _replace(self.organisations, lambda each: each.id == keys.id, **dict(changed))
        return self.changed()

    def accredit_terminal(self, terminal: TerminalAccreditation) -> TerminalAccredited:
        """Do what two officials decided."""
        self.organisation(terminal.organisation)
        self._require_new(self.terminals, lambda each: each.id == terminal.id)
        certificate = issue(
            self.authority,
            p256(terminal.public_key),
            common_name=terminal.id,
            sans=[f"urn:sekisho:terminal:{terminal.id}"],
            usages=[Usage.CLIENT],
            days=terminal.days,
            now=self.clock(),
        )
        self.terminals.append(
            Terminal(
                id=TerminalId(terminal.id),
                organisation=OrganisationId(terminal.organisation),
                certificate_thumbprint=thumbprint(certificate),
                public_key=terminal.public_key,
                active=True,
                expires=epoch_seconds(self.clock()) + terminal.days * DAY,
            )
        )
        self.serial += 1
        return TerminalAccredited(
            certificate=to_pem(certificate), authority=to_pem(self.authority.certificate)
        )

    def accredit_operator(self, operator: OperatorAccreditation) -> Changed:
        """Do what two officials decided."""
        return self.enter_operator(PresentedOperator.of(operator, self.tag(operator)))

    def enter_operator(self, operator: PresentedOperator) -> Changed:
        """Do what two officials decided."""
        holder = self.organisation(operator.organisation)
        if not roles_of(holder.kind).issuperset(operator.roles):
            raise _problem(409, "roles_not_allowed")
        self._require_new(self.operators, _operator(operator.organisation, operator.id))
        self._require_future(operator.expires)
        if Role.SUPERVISOR in operator.roles and operator.person_tag is None:
            raise _problem(409, "not_presented")
        named = {"id": OperatorId(operator.id), "organisation": OrganisationId(operator.organisation)}
        self.operators.append(Operator(active=True, **(dict(operator) | named)))
        return self.changed()

    def suspend(self, change: StandingChange) -> Changed:
        """Do what two officials decided."""
        return self._set_standing(change, active=False)

    def resume(self, change: StandingChange) -> Changed:
        """Do what two officials decided."""
        return self._set_standing(change, active=True)

    def change_roles(self, change: RolesChange) -> Changed:
        """Do what two officials decided."""
        if not roles_of(self.organisation(change.organisation).kind).issuperset(change.roles):
            raise _problem(409, "roles_not_allowed")
        _replace(self.operators, _operator(change.organisation, change.id), roles=change.roles)
        return self.changed()

    def tag(self, operator: OperatorAccreditation) -> str | None:
        """Return which human a presentation is of. Raises: RemoteProblemError."""
        if operator.presentation is None:
            return None
        try:
            return presented_tag(
                operator.presentation,
                key=self.directory().signing_key(Body.IDENTITY),
                organisation=operator.organisation,
                card_key=operator.card_key,
                now=epoch_seconds(self.clock()),
            )
        except SignatureError:
            raise _problem(409, "not_presented") from None

    def public_register(self) -> str:
        """See `RegisterReading`."""
        told = public_register(self._edition()).model_dump(mode="json")
        kid = jwk_thumbprint(to_jwk(self.key.public_key()))
        return jws.sign(told, typ=PUBLIC_REGISTER_TYPE, key=self.key, kid=kid)

    def entry(self, change: StandingChange) -> Organisation | Terminal | Operator:
        """Return what a change is about."""
        match change.kind:
            case Accredited.ORGANISATION:
                return self.organisation(change.id)
            case Accredited.TERMINAL:
                return _found(self.terminals, lambda each: each.id == change.id)
            case Accredited.OPERATOR:
                return _found(self.operators, _operator(change.organisation, change.id))

    def _set_standing(self, change: StandingChange, *, active: bool) -> Changed:
        match change.kind:
            case Accredited.ORGANISATION:
                _replace(self.organisations, lambda each: each.id == change.id, active=active)
            case Accredited.TERMINAL:
                _replace(self.terminals, lambda each: each.id == change.id, active=active)
            case Accredited.OPERATOR:
                _replace(self.operators, _operator(change.organisation, change.id), active=active)
        return self.changed()

    def _edition(self) -> Register:
        return Register(
            serial=self.serial,
            issued_at=epoch_seconds(self.clock()),
            organisations=self.organisations,
            terminals=self.terminals,
            operators=self.operators,
            bodies=self.bodies,
        )

    def changed(self) -> Changed:
        """Begin a new edition."""
        self.serial += 1
        return Changed(serial=self.serial)

    def organisation(self, organisation: str) -> Organisation:
        """Return an organisation's entry."""
        found = [each for each in self.organisations if each.id == organisation]
        if not found:
            raise _problem(404, "not_found")
        return found[0]

    def _require_future(self, expires: int) -> None:
        if expires <= epoch_seconds(self.clock()):
            raise _problem(409, "not_in_future")

    @staticmethod
    def _require_new(entries: list[Entry], same: Callable[[Entry], bool]) -> None:
        if any(map(same, entries)):
            raise _problem(409, "already_accredited")


def _operator(organisation: str | None, operator: str) -> Callable[[Operator], bool]:
    key = (organisation, OperatorId(operator))
    return lambda each: (each.organisation, each.id) == key


def _found(entries: list[Entry], same: Callable[[Entry], bool]) -> Entry:
    for each in entries:
        if same(each):
            return each
    raise _problem(404, "not_found")


def _replace(entries: list[Entry], same: Callable[[Entry], bool], **values: object) -> None:
    places = [place for place, each in enumerate(entries) if same(each)]
    if not places:
        raise _problem(404, "not_found")
    entries[places[0]] = entries[places[0]].model_copy(update=values)


def _problem(status: int, code: str) -> RemoteProblemError:
    return RemoteProblemError(status=status, code=code, title=code, detail="", members={"code": code})
