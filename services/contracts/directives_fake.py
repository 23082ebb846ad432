"""An honest second proxy and witness in memory; the contract tests of the real one run on it too."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from consent import base64url, canonical
from consent.compartments import Compartment, YearSpan
from consent.decision import AccessRequest, HeldDirective, Refusal, decide
from consent.delegation import VerifiedFragment, reencrypt
from consent.directives import DirectiveCopy, UnverifiedDirective
from consent.errors import ConsentError
from consent.explanations import RefusalCode
from consent.handles import open_handle
from consent.identifiers import BundleId, DirectiveId, OperatorId, OrganisationId, Pseudonym
from consent.jwk import PublicJwk
from consent.lifecycle import DirectiveState
from consent.recipients import Reader
from consent.statements import AccessStatement, GrantSubject, Selection, UnverifiedStatement
from consent.vocabulary import Body
from services.contracts.directives import (
    ReleaseAnswer,
    ReleasedFragment,
    ReleaseFault,
    ReleaseRequest,
)
from services.contracts.oversight.register import Directory, Role, p256
from services.contracts.released import HandedOut, sign_released
from services.kit.clock import Clock
from services.kit.credentials.pseudonyms import PseudonymTokenError, open_pseudonym_token
from services.kit.http import RemoteProblemError
from services.kit.log.add_checkpoint import AddCheckpoint
from services.kit.log.checkpoint import VerifiedCheckpoint, verify_checkpoint
from services.kit.log.entry import LogLeaf, verify_logged
from services.kit.log.errors import (
    CheckpointConflictError,
    CheckpointSignatureError,
    LogError,
    LogProofError,
    UnknownLogError,
)
from services.kit.log.merkle import verify_consistency
from services.kit.log.note import Cosigner, NoteVerifier, UnverifiedNote

STATEMENT_AGE = timedelta(seconds=60)
STATUS_OF = {UnknownLogError: 404, CheckpointSignatureError: 403, LogProofError: 422, LogError: 400}


@dataclass
class FakeSecondProxy:
    """The second proxy `body`; hand it copies with `take`, then call it like `SecondProxyClient`.

    `own_name` gives this body's own name of a person for the ID centre's; `spoil` changes each capsule fragment before
    it is signed, as a body that is not honest would.
    """

    body: Body
    directory: Callable[[], Directory]
    clock: Clock
    sealing_key: X25519PrivateKey = field(default_factory=X25519PrivateKey.generate, repr=False)
    witness_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)
    own_name: Callable[[Pseudonym], Pseudonym] = lambda name: name
    signing_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate, repr=False)
    spoil: Callable[[bytes], bytes] = lambda fragment: fragment

    def __post_init__(self) -> None:
        self.cosigner = Cosigner(f"sekisho/{self.body.value}/witness", self.witness_key)
        self._held: dict[DirectiveId, HeldDirective] = {}
        self._fragments: dict[DirectiveId, dict[str, VerifiedFragment]] = {}
        self._witnessed: dict[str, VerifiedCheckpoint] = {}
        self._nonces: set[str] = set()

    def take(self, copy: DirectiveCopy, wallet: PublicJwk) -> DirectiveId:
        """Store this body's copy of a grant, verified."""
        verified = UnverifiedDirective(copy.jws).verify(wallet)
        directive = verified.directive.id
        self._held[directive] = HeldDirective(verified, DirectiveState.ACTIVE)
        self._fragments[directive] = {label: package.verify() for label, package in copy.fragments.items()}
        return directive

    def withdraw(self, directive: DirectiveId) -> None:
        """Delete the fragments of a directive."""
        self._held[directive] = HeldDirective(self._held[directive].verified, DirectiveState.WITHDRAWN)
        self._fragments[directive] = {}

    def release(self, request: ReleaseRequest) -> ReleaseAnswer:
        """See `SecondProxyClient.release`."""
        statement = self._statement(request)
        held = self._copy(request)
        self._require_subject(request, statement, held)
        compartments = [Compartment.parse(each.compartment) for each in request.capsules]
        self._require_permitted(statement, held, compartments)
        fragments = self._fragments[held.verified.directive.id]
        leaf, checkpoint = self._proved(request)
        if leaf != LogLeaf.for_statement(leaf.e, statement=request.statement.encode()):
            raise _refusal(ReleaseFault.NOT_LOGGED)
        try:
            inclusion = [base64url.decode(each) for each in request.log.inclusion]
            verify_logged(leaf, index=request.log.index, proof=inclusion, checkpoint=checkpoint)
        except LogError:
            raise _refusal(ReleaseFault.NOT_LOGGED) from None
        if statement.nonce in self._nonces:
            raise _refusal(ReleaseFault.STATEMENT_REPLAYED)
        consistency = tuple(base64url.decode(each) for each in request.log.consistency)
        try:
            cosignature = self._cosign(
                AddCheckpoint(request.log.old_size, consistency, request.log.checkpoint)
            )
        except LogError as error:
            if isinstance(error, CheckpointConflictError):
                raise
            raise _refusal(ReleaseFault.LOG_REFUSED) from None
        self._nonces.add(statement.nonce)
        made = []
        for each in request.capsules:
            capsule, fragment = base64url.decode(each.capsule), fragments[each.compartment]
            made.append(
                HandedOut(
                    BundleId(each.bundle), capsule, self.spoil(reencrypt(capsule, fragment)), fragment.keys
                )
            )
        return ReleaseAnswer(
            fragments=[
                ReleasedFragment(bundle=each.bundle, cfrag=base64url.encode(each.fragment)) for each in made
            ],
            cosignature=cosignature,
            signed=sign_released(self.body, made, statement=request.statement, key=self.signing_key),
        )

    def add_checkpoint(self, request: AddCheckpoint) -> str:
        """See `SecondProxyClient.add_checkpoint`."""
        try:
            return self._cosign(request)
        except CheckpointConflictError:
            raise
        except LogError as error:
            status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
            raise _problem(status, "refused") from None

    def _cosign(self, request: AddCheckpoint) -> str:
        note = UnverifiedNote.parse(request.note)
        shown = verify_checkpoint(note, log=self._log(note.text.split("\n", 1)[0]))
        known = self._witnessed.get(shown.checkpoint.origin)
        size = 0 if known is None else known.checkpoint.size
        if request.old_size != size:
            raise CheckpointConflictError(size)
        if known is not None and size:
            verify_consistency(
                old_size=size,
                new_size=shown.checkpoint.size,
                old_root=known.checkpoint.root,
                new_root=shown.checkpoint.root,
                proof=request.proof,
            )
        self._witnessed[shown.checkpoint.origin] = shown
        return self.cosigner.cosign(note.text, now=self.clock()).format()

    def _statement(self, request: ReleaseRequest) -> AccessStatement:
        directory = self.directory()
        claimed = canonical.decode(base64url.decode(request.statement.split(".")[1]))
        organisation, operator = (
            OrganisationId(str(claimed["organisation"])),
            OperatorId(str(claimed["operator"])),
        )
        card = directory.operator(organisation, operator)
        if card is None:
            raise _refusal(RefusalCode.NOT_ACCREDITED)
        medical = directory.body(Body.MEDICAL).url
        try:
            statement = (
                UnverifiedStatement(request.statement)
                .verify(p256(card.card_key), self.clock(), STATEMENT_AGE, audience=medical)
                .statement
            )
        except ConsentError:
            raise _refusal(ReleaseFault.STATEMENT_REFUSED) from None
        terminal = directory.terminal(statement.terminal)
        if terminal is None or terminal.organisation != organisation:
            raise _refusal(RefusalCode.NOT_ACCREDITED)
        if not directory.roles(organisation, operator) & {Role.READER.value, Role.ANONYMISER.value}:
            raise _refusal(RefusalCode.ROLE_MISSING)
        return statement

    def _copy(self, request: ReleaseRequest) -> HeldDirective:
        try:
            directive = open_handle(self.sealing_key, base64url.decode(request.handle), info=self.body)
            return self._held[directive]
        except (ConsentError, KeyError):
            raise _refusal(RefusalCode.SUBJECT_UNKNOWN) from None

    def _require_subject(
        self, request: ReleaseRequest, statement: AccessStatement, held: HeldDirective
    ) -> None:
        subject, token = statement.subject, request.subject_token
        if isinstance(subject, GrantSubject):
            if token is not None or subject.handles.get(self.body) != base64url.decode(request.handle):
                raise _refusal(ReleaseFault.OTHER_PERSON)
            return
        if token is None or not subject.names(self.body, token):
            raise _refusal(ReleaseFault.OTHER_PERSON)
        try:
            named = open_pseudonym_token(
                token,
                key=self.sealing_key,
                issuer=self.directory().token_key(),
                body=self.body,
                organisation=statement.organisation,
                now=self.clock(),
            )
        except PseudonymTokenError:
            raise _refusal(RefusalCode.SUBJECT_UNKNOWN) from None
        if self.own_name(named.pseudonym) != held.verified.directive.person:
            raise _refusal(ReleaseFault.OTHER_PERSON)

    def _require_permitted(
        self, statement: AccessStatement, held: HeldDirective, compartments: list[Compartment]
    ) -> None:
        selection, listed = statement.selection, [each.year for each in compartments]
        wanted = (
            (selection.categories, selection.years)
            if isinstance(selection, Selection)
            else (frozenset(each.category for each in compartments), YearSpan(min(listed), max(listed)))
        )
        roles = self.directory().roles(statement.organisation, statement.operator)
        reader = Reader(statement.organisation, statement.operator, frozenset(roles))
        decision = decide(AccessRequest(reader, *wanted, statement.purpose, self.clock()), [held])
        if isinstance(decision, Refusal):
            raise _refusal(decision.code)
        fragments = self._fragments[held.verified.directive.id]
        for each in compartments:
            if each.category not in wanted[0] or each.year not in wanted[1]:
                raise _refusal(ReleaseFault.CAPSULE_REFUSED)
            if each.label not in fragments:
                raise _refusal(RefusalCode.NO_PERMISSION)

    def _proved(self, request: ReleaseRequest) -> tuple[LogLeaf, VerifiedCheckpoint]:
        log = NoteVerifier.parse(self.directory().body(Body.MEDICAL).log_key)
        try:
            checkpoint = verify_checkpoint(UnverifiedNote.parse(request.log.checkpoint), log=log)
            return LogLeaf.parse(base64url.decode(request.log.leaf)), checkpoint
        except LogError:
            raise _refusal(ReleaseFault.LOG_REFUSED) from None

    def _log(self, origin: str) -> NoteVerifier:
        for each in self.directory().register.bodies:
            if each.log_origin == origin:
                return NoteVerifier.parse(each.log_key)
        raise UnknownLogError


def _refusal(code: RefusalCode | ReleaseFault) -> RemoteProblemError:
    return _problem(403, code.value)


def _problem(status: int, code: str) -> RemoteProblemError:
    return RemoteProblemError(status=status, code=code, title=code, detail="", members={"code": code})
