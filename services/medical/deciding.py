"""R4: the person's own directives decide, and what is stored is compared with what was signed and logged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from consent.decision import AccessRequest, Refusal, decide
from consent.delegation import VerifiedFragment
from consent.explanations import RefusalCode
from consent.identifiers import BundleId, DirectiveId, Pseudonym, SubjectKeyId
from consent.jwk import PublicJwk, thumbprint
from consent.lifecycle import DirectiveState
from consent.recipients import Reader
from consent.statements import AccessStatement, DocumentSelection, GrantSubject, VerifiedStatement
from consent.terms import Effect
from services.directives.errors import RefusedError, StoredDirectiveChangedError
from services.directives.model import KeptWallet, StoredDirective
from services.medical import policy
from services.medical.centre import Centre
from services.medical.erased_store import names_erased
from services.medical.errors import StoredDirectiveDamagedError
from services.medical.model import LoggedBundle, ServedBundle
from services.medical.records import Records
from services.medical.same_use import SameUse


@dataclass(frozen=True, slots=True)
class Decided:
    """A yes: to what, on which ground, and which directives were heard for it."""

    request: AccessRequest
    ground: StoredDirective
    heard: frozenset[DirectiveId]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A permitted read: on which ground, and the records with this centre's fragments (by compartment label).

    `renewals` say how the wallet came to be the person's, where a record was sealed for one before it.
    """

    statement: VerifiedStatement
    person: Pseudonym
    wallet: PublicJwk
    decided: Decided
    bundles: tuple[ServedBundle, ...]
    fragments: Mapping[str, VerifiedFragment]
    publications: tuple[str, ...]
    renewals: tuple[str, ...]

    @property
    def ground(self) -> StoredDirective:
        """The directive that permits it."""
        return self.decided.ground

    @property
    def request(self) -> AccessRequest:
        """What was decided upon."""
        return self.decided.request

    @property
    def bundle_ids(self) -> list[BundleId]:
        """What it shows."""
        return [each.stored.id for each in self.bundles]


class Deciding:
    """Decides reads from what this centre holds."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._records = Records(centre.store, centre.context.journal)

    def admit(
        self, statement: VerifiedStatement, person: Pseudonym, *, same: SameUse | None = None
    ) -> Admitted:
        """Return what may be read; `same` is the use that this read is a part of, if it was asked before.

        Raises: RefusedError, StoredDirectiveDamagedError, StoredDocumentDamagedError.
        """
        said = statement.statement
        with self._centre.context.database.read() as conn:
            try:
                held = self._directives(conn, said, person)
                held = held if same is None else [same.without_it(each) for each in held]
                selected: list[LoggedBundle] | None = None
                if isinstance(said.selection, DocumentSelection):
                    self._refuse_erased(conn, said.selection, person, held)
                    selected = self._records.select(conn, person, said.selection)
                decided = self._decide(said, held, selected or [])
                if selected is None:
                    selected = self._records.select(conn, person, said.selection)
                return self._load(conn, statement, person=person, decided=decided, selected=selected)
            except StoredDirectiveChangedError as error:
                raise StoredDirectiveDamagedError(error.detail) from error

    def _refuse_erased(
        self,
        conn: Connection,
        selection: DocumentSelection,
        person: Pseudonym,
        held: Sequence[StoredDirective],
    ) -> None:
        """Say that records were erased, to who has a permission; to anybody else they are as any that is not there."""
        now = self._centre.context.clock()
        permitted = any(
            each.terms.effect is Effect.PERMIT
            and each.held.state is DirectiveState.ACTIVE
            and each.terms.valid_from <= now < each.terms.valid_until
            for each in held
        )
        if permitted and names_erased(conn, person, selection.ids):
            raise RefusedError(RefusalCode.ERASED)

    def denied_since(self, conn: Connection, admitted: Admitted) -> bool:
        """Tell whether the person has said no to this very read since it was admitted.

        Raises: StoredDirectiveDamagedError.
        """
        store, recipient = self._centre.directives, admitted.request.reader.organisation
        unheard = store.ids_for(conn, admitted.person, recipient) - admitted.decided.heard
        try:
            found = [store.get(conn, each) for each in sorted(unheard)]
        except StoredDirectiveChangedError as error:
            raise StoredDirectiveDamagedError(error.detail) from error
        denials = [each.held for each in found if each is not None and each.terms.effect is Effect.DENY]
        request = replace(admitted.request, now=self._centre.context.clock())
        return bool(denials) and isinstance(decide(request, [admitted.ground.held, *denials]), Refusal)

    def _directives(
        self, conn: Connection, statement: AccessStatement, person: Pseudonym
    ) -> list[StoredDirective]:
        store, subject = self._centre.directives, statement.subject
        wallet = self._wallet(conn, person).key
        found = store.of_person_for(conn, person, statement.organisation)
        if isinstance(subject, GrantSubject) and all(each.id != subject.grant for each in found):
            raise RefusedError(RefusalCode.SUBJECT_UNKNOWN)  # another's permission is as one that nobody gave
        held = [
            # what a former wallet permitted has no fragments for the present keys; what it refused still counts
            each
            for each in found
            if each.terms.effect is Effect.DENY or each.signed_by(wallet)
        ]
        if not isinstance(subject, GrantSubject):
            return held
        named = next((each for each in held if each.id == subject.grant), None)
        if named is None:
            raise RefusedError(RefusalCode.NO_PERMISSION)
        if dict(named.handles) != dict(subject.handles):
            raise RefusedError(RefusalCode.SUBJECT_UNKNOWN)
        return policy.relied_on(held, subject.grant)

    def _decide(
        self,
        statement: AccessStatement,
        held: Sequence[StoredDirective],
        selected: Sequence[LoggedBundle],
    ) -> Decided:
        roles = self._centre.register.roles(statement.organisation, statement.operator)
        reader = Reader(statement.organisation, statement.operator, frozenset(roles))
        request = policy.access_request(statement, selected, reader=reader, now=self._centre.context.clock())
        if request is None:
            raise RefusedError(RefusalCode.NO_PERMISSION)
        decision = decide(request, [each.held for each in held])
        if isinstance(decision, Refusal):
            raise RefusedError(decision.code)
        ground = next(each for each in held if each.id == decision.directive_id)
        return Decided(request, ground, frozenset(each.id for each in held))

    def _load(
        self,
        conn: Connection,
        statement: VerifiedStatement,
        *,
        person: Pseudonym,
        decided: Decided,
        selected: Sequence[LoggedBundle],
    ) -> Admitted:
        kept = self._wallet(conn, person)
        wallet = kept.key
        rows = self._records.rows(conn, selected)
        wanted = {each.compartment for each in rows.values()}
        published = self._records.publications(conn, person, wallet=wallet, naming=wanted)
        fragments = self._centre.directives.fragments(conn, decided.ground.id, wanted)
        # Sealed under a key that this permission has no fragment for: nobody could open it, so it is not sent.
        readable = [each for each in selected if rows[each.id].compartment in fragments]
        subject = SubjectKeyId(thumbprint(wallet))
        bundles = self._records.load(conn, rows, readable, person=person, subject=subject)
        compartments = {each.stored.compartment for each in bundles}
        return Admitted(
            statement=statement,
            person=person,
            wallet=wallet,
            decided=decided,
            bundles=tuple(bundles),
            fragments={compartment.label: fragment for compartment, fragment in fragments.items()},
            publications=tuple(token for token, keys in published.items() if compartments & keys),
            renewals=kept.renewals if any(each.stored.sealed_as for each in bundles) else (),
        )

    def _wallet(self, conn: Connection, person: Pseudonym) -> KeptWallet:
        kept = self._centre.directives.wallets.get(conn, person)
        if kept is None:
            raise StoredDirectiveDamagedError("wallet: a row is missing")
        return kept
