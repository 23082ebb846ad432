"""Every query about wallets, directives and fragments.

Guarantees: what is read was signed by the person's registered wallet and is in the log where it says; a row that
somebody changed, moved or brought back under another state raises StoredDirectiveChangedError.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from consent import base64url, jws
from consent.compartments import Compartment
from consent.delegation import FragmentPackage, VerifiedFragment, load_verified_fragment_from_own_store
from consent.directives import UnverifiedDirective
from consent.errors import ConsentError, SealError
from consent.identifiers import DirectiveId, OrganisationId, Pseudonym
from consent.jwk import PublicJwk
from consent.lifecycle import DirectiveState, advance
from consent.vocabulary import Body
from services.directives.endings import EndingStore
from services.directives.errors import StoredDirectiveChangedError
from services.directives.model import KeptWallet, StoredDirective
from services.directives.tables import DirectiveTables
from services.directives.uses import UseStore
from services.directives.wallets import WalletStore
from services.directives.wards import WardStore
from services.kit.columns import ColumnCipher, ColumnError
from services.kit.log.entry import LogLeaf
from services.kit.log.errors import LogFormatError
from services.kit.prepared import Prepared, PreparedIn

KEY_BYTES = 33
LOOKUPS_KEPT = 4096
ROWS_KEPT = 4096
COMPARTMENT_COLUMN = "directive_fragment.compartment"


class DirectiveStore:
    """The directives of one body; `leaf` is the leaf table of its log."""

    def __init__(
        self, tables: DirectiveTables, *, body: Body, cipher: ColumnCipher, leaf: Table, uses: UseStore
    ) -> None:
        self.tables = tables
        self.uses = uses
        self.wallets = WalletStore(tables.wallet, cipher)
        self.wards = WardStore(tables.ward, cipher)
        self.endings = EndingStore(tables.receipt, cipher)
        self._body = body
        self._cipher = cipher
        directive, wallet, fragment = tables.directive.c, tables.wallet.c, tables.fragment.c
        columns = select(
            directive.id,
            directive.pseudonym,
            directive.recipient,
            directive.state,
            directive.content,
            wallet.signing_key,
        ).join(tables.wallet, wallet.pseudonym == directive.pseudonym, isouter=True)
        of_id, of_person = directive.id == bindparam("id"), directive.pseudonym == bindparam("person")
        of_recipient = directive.recipient == bindparam("recipient")
        of_reader = directive.recipient.in_([bindparam("recipient"), bindparam("everybody")])
        self._by_id, self._of_person = Prepared(columns.where(of_id)), Prepared(columns.where(of_person))
        besides = directive.id != bindparam("besides")
        self._of_person_for = Prepared(columns.where(of_person, of_reader, besides))
        in_force = directive.state == DirectiveState.ACTIVE.value
        self._of_recipient = Prepared(columns.where(of_recipient, in_force))
        ids = select(directive.id).where(of_person, in_force)
        self._ids_of, self._ids_for = Prepared(ids), Prepared(ids.where(of_reader))
        self._known = select(directive.id).where(of_id)
        self._states = select(directive.id, directive.state).where(of_person)
        self._own, self._is_own = Prepared(columns.where(of_id, of_person)), self._known.where(of_person)
        self._fragments = PreparedIn(
            lambda labels: select(fragment.compartment, fragment.package).where(
                fragment.directive == bindparam("id"), fragment.compartment.in_(labels)
            )
        )
        self._add_directive, self._add_fragments = insert(tables.directive), insert(tables.fragment)
        self._leaves = PreparedIn(
            lambda positions: select(leaf.c.position, leaf.c.leaf).where(leaf.c.position.in_(positions))
        )
        self._recipient = lru_cache(LOOKUPS_KEPT)(self._recipient_lookup)
        self._label = lru_cache(LOOKUPS_KEPT)(self._label_lookup)
        # The whole row is what it is remembered by: whatever is edited in it, it is verified anew (IT6).
        self._verified = lru_cache(ROWS_KEPT)(self._verify_row)

    def wallet(self, conn: Connection, person: Pseudonym) -> PublicJwk | None:
        """Return the public key of the person's wallet for this body."""
        kept = self.wallets.get(conn, person)
        return None if kept is None else kept.key

    def put_wallet(self, conn: Connection, person: Pseudonym, signing_key: PublicJwk) -> bool:
        """Store the person's first wallet; tells whether there was none."""
        return self.wallets.add(conn, person, KeptWallet(signing_key))

    def add(
        self, conn: Connection, stored: StoredDirective, *, fragments: Sequence[VerifiedFragment]
    ) -> None:
        """P6: store a directive with its fragments."""
        row = {
            "id": stored.id,
            "pseudonym": stored.person,
            "recipient": self._recipient(stored.terms.recipient.organisation),
            "state": stored.state.value,
            "content": self._seal(stored, stored.state),
        }
        conn.execute(self._add_directive, row)
        if fragments:
            conn.execute(self._add_fragments, [self._fragment_row(stored.id, each) for each in fragments])

    def known(self, conn: Connection, directive: DirectiveId) -> bool:
        """Whether a directive of this id is stored, whosever it is."""
        return conn.execute(self._known, {"id": directive}).first() is not None

    def states(self, conn: Connection, person: Pseudonym) -> dict[DirectiveId, DirectiveState]:
        """Return the states that the rows of all of a person's directives say, without verifying them."""
        rows = conn.execute(self._states, {"person": person})
        return {DirectiveId(name): DirectiveState(state) for name, state in rows}

    def get(self, conn: Connection, directive: DirectiveId) -> StoredDirective | None:
        """Return one directive."""
        found = self._read(conn, self._by_id, {"id": directive})
        return found[0] if found else None

    def is_own(self, conn: Connection, directive: DirectiveId, person: Pseudonym) -> bool:
        """Whether a person has a directive of this id."""
        return conn.execute(self._is_own, {"id": directive, "person": person}).first() is not None

    def own(self, conn: Connection, directive: DirectiveId, person: Pseudonym) -> StoredDirective | None:
        """Return one directive of a person; somebody else's is as one that nobody has."""
        found = self._read(conn, self._own, {"id": directive, "person": person})
        return found[0] if found else None

    def of_person(self, conn: Connection, person: Pseudonym) -> list[StoredDirective]:
        """Return all directives of a person, withdrawn ones too, in the order of their log entries."""
        found = self._read(conn, self._of_person, {"person": person})
        return sorted(found, key=lambda each: each.log_index)

    def of_person_for(
        self,
        conn: Connection,
        person: Pseudonym,
        recipient: OrganisationId,
        *,
        besides: DirectiveId | None = None,
    ) -> list[StoredDirective]:
        """Return a person's directives that speak of one organisation or of everybody; a decision needs no others."""
        named = {
            "person": person,
            "recipient": self._recipient(recipient),
            "everybody": self._recipient(None),
            "besides": besides or "",
        }
        return self._read(conn, self._of_person_for, named)

    def ids_for(
        self, conn: Connection, person: Pseudonym, recipient: OrganisationId | None
    ) -> set[DirectiveId]:
        """Return the ids of a person's directives that are not withdrawn and can meet one about `recipient`."""
        if recipient is None:
            rows = self._ids_of.rows(conn, {"person": person})
        else:
            named = {"recipient": self._recipient(recipient), "everybody": self._recipient(None)}
            rows = self._ids_for.rows(conn, {"person": person, **named})
        return {DirectiveId(name) for (name,) in rows}

    def of_recipient(self, conn: Connection, recipient: OrganisationId) -> list[StoredDirective]:
        """Return the directives in force for one recipient, of all people."""
        return self._read(conn, self._of_recipient, {"recipient": self._recipient(recipient)})

    def use(self, conn: Connection, stored: StoredDirective, *, now: datetime) -> bool:
        """Count one more use of a directive that counts them; tells whether its terms allow it.

        What was laid down in the same terms before counts on: a renewal starts nothing afresh.
        """
        if stored.terms.conditions.frequency is None:
            return True
        self.uses.queue(conn)
        found = self.of_person_for(conn, stored.person, stored.terms.recipient.required())
        alike = [each.id for each in found if each.terms == stored.terms]
        return self.uses.use(conn, stored, alike=alike, now=now)

    def fragments(
        self, conn: Connection, directive: DirectiveId, compartments: Iterable[Compartment]
    ) -> dict[Compartment, VerifiedFragment]:
        """Return this body's fragments of a directive for those of `compartments` that it has."""
        wanted = {self._label(each.label): each for each in compartments}
        rows = self._fragments.rows(conn, list(wanted), {"id": directive})
        return {wanted[key]: self._open_fragment(directive, wanted[key], package) for key, package in rows}

    def withdraw(self, conn: Connection, stored: StoredDirective) -> int:
        """W2: delete the fragments and mark the directive withdrawn; returns how many fragments went."""
        return self.end(conn, stored, DirectiveState.WITHDRAWN)

    def end(self, conn: Connection, stored: StoredDirective, to: DirectiveState) -> int:
        """W2, G3: delete the fragments and put the directive in a state in which it counts no more."""
        state = advance(stored.state, to)
        fragment, row = self.tables.fragment, self.tables.directive
        gone = conn.execute(delete(fragment).where(fragment.c.directive == stored.id)).rowcount
        conn.execute(
            update(row)
            .where(row.c.id == stored.id)
            .values(state=state.value, content=self._seal(stored, state))
        )
        return gone

    def _read(
        self,
        conn: Connection,
        query: Prepared,
        named: Mapping[str, object],
    ) -> list[StoredDirective]:
        found = [self._verified(*row) for row in query.rows(conn, named)]
        leaves: dict[int, bytes] = dict(self._leaves.rows(conn, [each.log_index for each in found]))
        for each in found:
            _require_logged(each, leaves.get(each.log_index))
        return self.uses.counted(conn, found)

    def _verify_row(
        self,
        name: str,
        whose: str,
        recipient: bytes,
        kept_state: str,
        content: bytes,
        signing_key: bytes | None,
    ) -> StoredDirective:
        person = Pseudonym(whose)
        try:
            told = json.loads(self._cipher.open(content, cell=_cell(name, person, kept_state)))
            if signing_key is None:
                raise StoredDirectiveChangedError(f"directive id={name}: the wallet is missing")
            wallet = self.wallets.open(signing_key, person)
            # the log says that it came while its wallet key was the person's: a former key signs nothing new
            verified = UnverifiedDirective(told["jws"]).verify(wallet.named(jws.peek_kid(told["jws"])))
            state = DirectiveState(kept_state)
        except (ColumnError, ConsentError, ValueError) as error:
            raise StoredDirectiveChangedError(f"directive id={name}") from error
        said = verified.directive
        if (said.id, said.body, said.person, self._recipient(said.terms.recipient.organisation)) != (
            name,
            self._body,
            person,
            recipient,
        ):
            raise StoredDirectiveChangedError(f"directive id={name}")
        handles = {Body(body): base64url.decode(handle) for body, handle in told["handles"].items()}
        return StoredDirective(verified, state, told["log_index"], handles, told["reader_notice"])

    def _seal(self, stored: StoredDirective, state: DirectiveState) -> bytes:
        told = {
            "jws": stored.verified.jws,
            "log_index": stored.log_index,
            "handles": {body.value: base64url.encode(handle) for body, handle in stored.handles.items()},
            "reader_notice": stored.reader_notice,
        }
        # The cell's name holds the state, so a withdrawn directive cannot be made active by editing the state.
        return self._cipher.seal(json.dumps(told).encode(), cell=_cell(stored.id, stored.person, state.value))

    def _fragment_row(self, directive: DirectiveId, fragment: VerifiedFragment) -> dict[str, object]:
        package, label = fragment.package, fragment.compartment.label
        packed = package.kfrag + package.delegating_key + package.verifying_key + package.receiving_key
        sealed = self._cipher.seal(packed, cell=_fragment_cell(directive, label))
        return {"directive": directive, "compartment": self._label(label), "package": sealed}

    def _open_fragment(
        self, directive: DirectiveId, compartment: Compartment, stored: bytes
    ) -> VerifiedFragment:
        try:
            packed = self._cipher.open(stored, cell=_fragment_cell(directive, compartment.label))
            keys = [packed[-size * KEY_BYTES :][:KEY_BYTES] for size in (3, 2, 1)]
            kfrag = packed[: -3 * KEY_BYTES]
            return load_verified_fragment_from_own_store(FragmentPackage(compartment, kfrag, *keys))
        except (ColumnError, SealError) as error:
            raise StoredDirectiveChangedError(f"directive_fragment directive={directive}") from error

    def _recipient_lookup(self, recipient: OrganisationId | None) -> bytes:
        # no organisation has an empty id, so everybody is one more value that nobody can tell from the others
        return self._cipher.lookup((recipient or "").encode(), column="directive.recipient")

    def _label_lookup(self, label: str) -> bytes:
        return self._cipher.lookup(label.encode(), column=COMPARTMENT_COLUMN)


def _require_logged(stored: StoredDirective, leaf: bytes | None) -> None:
    try:
        logged = leaf is not None and LogLeaf.parse(leaf).s == sha256(stored.verified.jws.encode()).digest()
    except LogFormatError:
        logged = False
    if not logged:
        raise StoredDirectiveChangedError(f"directive id={stored.id}: the log does not have it")


def _cell(directive: str, person: Pseudonym, state: str) -> str:
    return f"directive.content/{directive}/{person}/{state}"


def _fragment_cell(directive: DirectiveId, label: str) -> str:
    return f"directive_fragment.package/{directive}/{label}"
