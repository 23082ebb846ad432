"""The component as a running body has it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from services.contracts.oversight.register import Directory
from services.directives.barrier import Barrier
from services.directives.store import DirectiveStore
from services.directives.tables import DirectiveTables
from services.directives.uses import UseStore
from services.kit.context import BodyContext, witness_name
from services.kit.log.note import Cosigner, NoteVerifier
from services.kit.log.witness import Witness


@dataclass(frozen=True, slots=True)
class Directives:
    """Directives of one running body; `directory` returns the present register (`RegisterReader.directory`)."""

    context: BodyContext
    store: DirectiveStore
    barrier: Barrier
    directory: Callable[[], Directory]


def open_directives(
    context: BodyContext, tables: DirectiveTables, *, directory: Callable[[], Directory]
) -> Directives:
    """Put the component together; `tables` are those that the body's `tables.py` defined."""
    leaf = context.tables.journal.log.leaf
    uses = UseStore(
        tables, cipher=context.cipher, randomness=context.randomness, queue=context.journal.tree.queue
    )
    store = DirectiveStore(tables, body=context.body, cipher=context.cipher, leaf=leaf, uses=uses)
    return Directives(context, store, Barrier(context.database, tables.directive), directory)


def open_cosigner(context: BodyContext) -> Cosigner:
    """Return the key by which this body witnesses other logs, under its name in the register."""
    return Cosigner(witness_name(context.body), context.keys.ed25519("witness"))


def open_witness(context: BodyContext, *, directory: Callable[[], Directory]) -> Witness:
    """Return this body's witness over the logs of all other bodies in the register."""

    def known(origin: str) -> NoteVerifier | None:
        for each in directory().register.bodies:
            if each.log_origin == origin and each.body is not context.body:
                return _parsed(each.log_key)
        return None

    return Witness(context.tables.journal.log, cosigner=open_cosigner(context), known_logs=known)


@lru_cache(maxsize=64)
def _parsed(key: str) -> NoteVerifier:
    return NoteVerifier.parse(key)
