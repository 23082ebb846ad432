"""One decision about a person who has laid down a thousand directives: in memory, and out of the centre's own rows.

The person speaks of fifty organisations, twenty times each; the clinic that asks is one of them. Rows are on an SQLite
file, sealed, logged and signed as a body keeps them. Bare is what a store without memory of verified rows has to do for
each request: the signatures of the clinic's twenty (`UnverifiedDirective.verify`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final

from sqlalchemy import MetaData

from benchmarks.measuring import Item
from consent.compartments import YearSpan
from consent.decision import AccessRequest, Decision, Permit, decide
from consent.directives import DIRECTIVE, Directive, UnverifiedDirective, VerifiedDirective, directive_payload
from consent.identifiers import DirectiveId, OperatorId, OrganisationId, Pseudonym
from consent.lifecycle import DirectiveState
from consent.recipients import Reader, Recipient
from consent.shown import Notice
from consent.terms import Effect, RecordScope, Terms
from consent.vocabulary import Body, Category, Purpose
from consent.wallet import Wallet
from services.directives.model import KeptWallet, StoredDirective
from services.directives.store import DirectiveStore
from services.directives.tables import directive_tables
from services.directives.uses import UseStore
from services.kit.clock import system_clock, system_randomness
from services.kit.columns import ColumnCipher
from services.kit.database import Database
from services.kit.log.entry import LogLeaf
from services.kit.log.tables import log_tables
from services.kit.log.tree import LogTree

DIRECTIVES: Final = 1000
ORGANISATIONS: Final = 50
NOW: Final = system_clock().replace(microsecond=0)
PERSON: Final = Pseudonym("somebody")
CLINIC: Final = OrganisationId("organisation-7")
READER: Final = Reader(CLINIC, OperatorId("doctor"), frozenset({"reader"}))
REQUEST: Final = AccessRequest(
    READER, frozenset({Category.MEDICATION}), YearSpan(2024, 2026), Purpose.TREAT, NOW
)
AIM_MS: Final = 1.0


@contextmanager
def decision_items(folder: Path) -> Iterator[list[Item]]:
    """Lay down the directives in `folder` and yield what is measured of them."""
    wallet = Wallet.create(system_randomness)
    metadata = MetaData()
    tables, log = directive_tables(metadata), log_tables(metadata)
    tree = LogTree(log)
    cipher = ColumnCipher(system_randomness(32))
    uses = UseStore(tables, cipher=cipher, randomness=system_randomness, queue=tree.queue)
    store = DirectiveStore(tables, body=Body.MEDICAL, cipher=cipher, leaf=log.leaf, uses=uses)
    database = Database(f"sqlite:///{folder / 'decisions.sqlite'}")
    key = wallet.public_jwk(Body.MEDICAL)
    signed = [_signed(wallet, number) for number in range(DIRECTIVES)]
    try:
        metadata.create_all(database.engine)
        with database.write() as conn:
            tree.initialise(conn)
            tree.append(conn, [_leaf(each) for each in signed])
            store.wallets.add(conn, PERSON, KeptWallet(key))
            for number, each in enumerate(signed):
                store.add(conn, StoredDirective(each, DirectiveState.ACTIVE, number), fragments=[])
            held = [each.held for each in store.of_person(conn, PERSON)]
        own = [each.jws for each in signed if each.directive.terms.recipient.organisation == CLINIC]

        def from_rows() -> None:
            with database.read() as conn:
                _require(decide(REQUEST, [each.held for each in store.of_person_for(conn, PERSON, CLINIC)]))

        def verify() -> None:
            for each in own:
                UnverifiedDirective(each).verify(key)

        yield [
            _item("decide on 1,000 directives in memory", lambda: _require(decide(REQUEST, held)), verify),
            _item("decide on 1,000 directives in rows", from_rows, verify),
        ]
    finally:
        database.dispose()


def _item(name: str, work: Callable[[], object], bare: Callable[[], object]) -> Item:
    return Item(name, "decision", 1, work, bare, median_aim=AIM_MS)


def _signed(wallet: Wallet, number: int) -> VerifiedDirective:
    denies = number % 7 == 0
    terms = Terms(
        recipient=Recipient(OrganisationId(f"organisation-{number % ORGANISATIONS}")),
        effect=Effect.DENY if denies else Effect.PERMIT,
        purposes=frozenset({Purpose.TREAT}),
        scope=RecordScope(
            frozenset({Category.IMAGING if denies else Category.MEDICATION}), YearSpan(2015, 2026)
        ),
        valid_from=NOW,
        valid_until=NOW + timedelta(days=365),
        notice=Notice.of_text("...", text_id="bench", version="1", language="en", refusal_meaning="nothing"),
    )
    directive = Directive(DirectiveId(f"directive-{number:04}"), Body.MEDICAL, PERSON, terms, NOW)
    return VerifiedDirective(directive, wallet.sign(Body.MEDICAL, DIRECTIVE, directive_payload(directive)))


def _leaf(signed: VerifiedDirective) -> bytes:
    return LogLeaf.for_statement(bytes(32), statement=signed.jws.encode()).data


def _require(decision: Decision) -> None:
    if not isinstance(decision, Permit):
        raise TypeError("the clinic is permitted to read")
