"""What leaves the ID centre about who acts for whom: to each body its own name of the person and its own keys."""

from consent.vocabulary import Body
from services.contracts.guardianship import GuardianKey, PersonState, TellStates
from services.directives import guarding
from services.directives.service import Directives
from services.identity.centre import IdentityCentre
from services.identity.guardianships import LegalStanding
from services.kit.egress import egress
from services.kit.http import PeerUnavailableError, RemoteProblemError
from services.kit.problems import UnavailableError


@egress(
    to="every body that keeps directives",
    fields="that body's own pseudonym of a person; how far they act alone; guardians' keys for that body; no name",
    purpose="each body judges by itself who may sign for whom",
    ground="what two supervisors of a municipality entered, what one ended, and what the registry says of age",
)
def tell_state(
    centre: IdentityCentre, directives: Directives, standing: LegalStanding, *, body: Body
) -> None:
    """H4: tell a body how far somebody acts alone. Raises: UnavailableError."""
    with centre.context.database.read() as conn:
        someone = centre.store.person(conn, standing.person)
        held = centre.guardianships.of_ward(conn, standing.person)
        name = centre.names(conn)(body, someone.linkage)
    keys = [
        GuardianKey(
            key=each.keys[body.value],
            capacity=each.capacity,
            ended=each.ended,
            confirm_until=each.confirm_until,
        )
        for each in held
    ]
    told = PersonState(person=name, number=standing.number, state=standing.state(held), guardians=keys)
    message = TellStates(states=[told])
    if body is centre.context.body:
        guarding.tell(directives, message)
        return
    try:
        centre.peers(body).tell_states(message)
    except (PeerUnavailableError, RemoteProblemError) as error:
        raise UnavailableError(f"the body {body.value} cannot be told who acts for whom") from error
