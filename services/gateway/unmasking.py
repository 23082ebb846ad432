"""Unmasking staff: the person names an entry of their history, two officials decide; the organisation's own part."""

from pathlib import Path

from pydantic import ValidationError

from consent import base64url
from consent.vocabulary import Body
from services.contracts.oversight.unmasking import (
    REFUSE,
    UNMASK,
    AskUnmasking,
    ClaimedOpening,
    RefuseUnmasking,
    Tell,
    Unmasking,
    UnmaskingClient,
    UnmaskStaff,
)
from services.contracts.proposals import ProposalsClient, ShownProposal
from services.gateway.errors import NotVerifiedError, StaffFileError
from services.gateway.history import BODIES, HistoryEntry, history
from services.gateway.organisation import Organisation
from services.gateway.person import Person
from services.kit.log.evidence import FORMAT, Evidence


def ask(person: Person, body: Body, index: int, *, why: str, colleague: int = 0) -> Unmasking:
    """Ask the oversight body who acted in an entry of one's history, or who was one of those beside.

    Raises: RefusedError, NotVerifiedError.
    """
    evidence = history(person, bodies=[body] if body in BODIES else ()).evidence
    message = AskUnmasking(evidence=only(evidence, index), why=why, colleague=colleague)
    return person.ask(Body.OVERSIGHT, lambda http, token: UnmaskingClient(http, token=token).ask(message))


def askable(person: Person) -> list[HistoryEntry]:
    """Return the entries in which somebody can be unmasked. Raises: RefusedError, NotVerifiedError."""
    return [each for each in history(person).entries if each.unmaskable]


def only(evidence: Evidence, index: int) -> Evidence:
    """Return the evidence of one entry of a log. Raises: NotVerifiedError when there is none."""
    for each in evidence.entries:
        if each.index == index:
            alone = each.model_copy(update={"checkpoint": 0})
            return Evidence(
                format=FORMAT, checkpoints=[evidence.checkpoints[each.checkpoint]], entries=[alone]
            )
    raise NotVerifiedError(
        "your history has no such entry that a witness has seen; wait a little, or look again"
    )


def own(person: Person) -> list[Unmasking]:
    """Return what became of what the person asked. Raises: RefusedError."""
    return person.ask(Body.OVERSIGHT, lambda http, token: UnmaskingClient(http, token=token).own())


def waiting(official: Organisation) -> list[Unmasking]:
    """Return what two officials may decide. Raises: RefusedError."""
    return official.ask(Body.OVERSIGHT, lambda http, token: UnmaskingClient(http, token=token).waiting())


def read_opening(file: Path) -> ClaimedOpening:
    """Read what `sekisho staff opening` printed. Raises: StaffFileError."""
    try:
        return ClaimedOpening.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise StaffFileError(
            f"{file} is not what `sekisho staff opening` prints; have the organisation print it again"
        ) from error


def propose(
    official: Organisation, case: str, *, tell: Tell, opening: ClaimedOpening | None, reason: str
) -> ShownProposal:
    """Propose to unmask; nothing is opened before another official approves. Raises: RefusedError."""
    message = UnmaskStaff(case=case, tell=tell, opening=opening)
    return official.ask(
        Body.OVERSIGHT,
        lambda http, token: ProposalsClient(http, token=token).propose(UNMASK, message, reason=reason),
    )


def propose_refusal(official: Organisation, case: str, *, comment: str) -> ShownProposal:
    """Propose to refuse; the person reads the comment when another official approved. Raises: RefusedError."""
    message = RefuseUnmasking(case=case, comment=comment)
    return official.ask(
        Body.OVERSIGHT,
        lambda http, token: ProposalsClient(http, token=token).propose(REFUSE, message, reason=comment),
    )


def opening_for(organisation: Organisation, reference: str) -> ClaimedOpening:
    """Return what opens the entries of this operator at this terminal about a person, for two officials who ask."""
    own_mask, credentials = organisation.staff_mask(reference), organisation.credentials
    return ClaimedOpening(
        operator=credentials.operator,
        terminal=credentials.terminal,
        salt=base64url.encode(own_mask.salt),
    )
