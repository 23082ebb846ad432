"""The routes that every body answers alike: health, discovery, a person's history, log, audit."""

from collections.abc import Callable, Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import PlainTextResponse
from sqlalchemy import Connection

from consent import base64url
from consent.jwk import to_jwk
from consent.vocabulary import Body
from services.contracts.oversight.register_view import RegisterView
from services.contracts.renewing import renew_names
from services.contracts.shared import AuditReport, Discovery, Leaves, NamesRenewed, RenewNames
from services.contracts.shared_egress import audit_report, checkpoint_shown, leaves_shown, own_history
from services.contracts.witnessing import WitnessClient, sync_witnesses
from services.kit.access import anyone_accredited, body, either, operator, person_or_guardian, terminal
from services.kit.context import BodyContext
from services.kit.credentials.callers import BodyCaller, Caller, PersonCaller
from services.kit.log.audit import Finding
from services.kit.log.evidence import Evidence
from services.kit.log.note import NoteVerifier
from services.kit.problems import NotFoundError

LogReader = Annotated[Caller, Depends(either(anyone_accredited(), terminal("read-log")))]
LEAVES_AT_ONCE = 1000
LAST_LEAF = 2**53


def shared_routes(
    context: BodyContext,
    register: RegisterView,
    scan: Callable[[Connection], tuple[int, list[Finding]]],
    witnesses: Sequence[WitnessClient],
) -> APIRouter:
    """Return the router of one body."""
    router = APIRouter()
    journal, database = context.journal, context.database

    @router.get("/healthz")
    def health() -> dict[str, str]:
        """Tell that the body is up and its database answers."""
        with database.read() as conn:
            journal.tree.size(conn)
        return {"status": "ok", "body": context.body.value}

    @router.get("/.well-known/sekisho")
    def discovery() -> Discovery:
        """Tell who this is and how to check what it says."""
        return Discovery(
            body=context.body.value,
            issuer=context.settings.identity_url,
            log_origin=journal.origin,
            log_key=journal.verifier.vkey(),
            signing_key=to_jwk(context.signing_key.public_key()),
            sealing_key=base64url.encode(context.sealing_key.public_key().public_bytes_raw()),
        )

    @router.get("/history")
    def history(caller: Annotated[PersonCaller, Depends(person_or_guardian())]) -> Evidence:
        """Return everything this body did with the person's data, each entry with its proof."""
        sync_witnesses(context, witnesses)
        with database.read() as conn:
            return own_history(journal, conn, caller)

    @router.get("/log/checkpoint", response_class=PlainTextResponse)
    def checkpoint(_caller: LogReader) -> str:
        """Return the newest co-signed checkpoint (C2SP signed note)."""
        sync_witnesses(context, witnesses)
        with database.read() as conn:
            newest = journal.checkpoints.latest_cosigned(conn)
        if newest is None or newest.cosigned_note is None:
            raise NotFoundError("no checkpoint has been co-signed yet")
        return checkpoint_shown(newest.cosigned_note)

    @router.get("/log/leaves")
    def leaves(
        _caller: LogReader,
        start: Annotated[int, Query(ge=0, le=LAST_LEAF)] = 0,
        count: Annotated[int, Query(ge=1, le=LEAVES_AT_ONCE)] = LEAVES_AT_ONCE,
    ) -> Leaves:
        """Return a run of leaves, salted commitments that tell nothing by themselves."""
        with database.read() as conn:
            found = journal.tree.leaves(conn, start, count)
        return leaves_shown(start, found)

    @router.post("/people/renewals")
    def renew(
        _caller: Annotated[BodyCaller, Depends(body(Body.IDENTITY))], message: RenewNames
    ) -> NamesRenewed:
        """Take new names of people, when the ID centre changes this body's sector key."""
        return renew_names(context, message)

    @router.get("/audit")
    def audit(
        _caller: Annotated[Caller, Depends(either(operator("audit"), body(Body.OVERSIGHT)))],
    ) -> AuditReport:
        """Look at every stored row and name each that does not fit."""
        witnesses = _witness_keys(register)
        with database.read() as conn:
            entries = journal.tree.size(conn)
            found = journal.audit(conn, witnesses=witnesses)
            rows, more = scan(conn)
            names, changed = context.people.audit(conn)
        return audit_report(context.body, found + more + changed, entries=entries, rows=rows + names)

    return router


def _witness_keys(register: RegisterView) -> list[NoteVerifier]:
    entries = register.directory().register.bodies
    return [NoteVerifier.parse(each.witness_key) for each in entries if each.witness_key is not None]
