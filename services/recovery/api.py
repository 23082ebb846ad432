"""Routes of the component; each parses, calls one workflow and answers."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.recovery import DepositPart, KeptParts, ReleasedParts, ReleaseParts, RetireParts
from services.kit.access import person, person_or_guardian
from services.kit.credentials.callers import PersonCaller
from services.recovery import workflows
from services.recovery.workflows import Recovery

Person = Annotated[PersonCaller, Depends(person())]
OrGuardian = Annotated[PersonCaller, Depends(person_or_guardian())]


def recovery_routes(recovery: Recovery) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.put("/recovery")
    def deposit(caller: OrGuardian, message: DepositPart) -> KeptParts:
        """Keep one part of the person's wallet."""
        return workflows.deposit(recovery, caller.pseudonym, message, guardian=caller.guardian)

    @routes.post("/recovery/retirements")
    def retire(caller: OrGuardian, message: RetireParts) -> KeptParts:
        """Forget all parts but one."""
        return workflows.retire(recovery, caller.pseudonym, message, guardian=caller.guardian)

    @routes.post("/recovery/releases")
    def release(caller: Person, message: ReleaseParts) -> ReleasedParts:
        """L1 to L5: give the parts back, confirmed at the counter."""
        return workflows.release(recovery, caller.pseudonym, message)

    return routes
