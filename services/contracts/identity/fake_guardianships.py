"""The honest ID centre's part about guardians, in memory: who stands so is entered by the test."""

from collections.abc import Callable
from dataclasses import dataclass, field

from consent.guardians import Change, LegalState
from services.contracts.fake_credentials import problem
from services.contracts.identity.fake_people import FakePeople
from services.contracts.identity.guardianships import (
    AskWard,
    EndGuardianship,
    GuardianshipView,
    OwnGuardianships,
    WardShown,
)
from services.contracts.oversight.register import Role
from services.kit.http import Token


@dataclass
class FakeGuardianships:
    """See `GuardianshipKeeper`; `age` says what the registry says, None for who is not registered there.

    `wards` are guardianships by the ward's reference.
    """

    people: FakePeople
    age: Callable[[str], LegalState | None]
    wards: dict[str, list[GuardianshipView]] = field(default_factory=dict)

    def ward(self, message: AskWard, *, token: Token) -> WardShown:
        """See `GuardianshipKeeper`."""
        self._known(message.reference, token)
        state = self.age(message.reference)
        if state is None:
            raise problem(409, "not_resident")
        return WardShown(state=state, guardianships=self.wards.get(message.reference, []))

    def end(self, message: EndGuardianship, *, token: Token) -> WardShown:
        """See `GuardianshipKeeper`."""
        self._known(message.reference, token)
        held = self.wards.get(message.reference, [])
        found = next(
            (each for each in held if each.guardianship == message.guardianship and each.ended is None), None
        )
        if found is None:
            raise problem(404, "not_found")
        ended = found.model_copy(update={"ended": Change.GUARDIAN_CHANGED})
        self.wards[message.reference] = [ended if each is found else each for each in held]
        return WardShown(state=found.state, guardianships=self.wards[message.reference])

    def own(self, *, token: Token) -> OwnGuardianships:
        """See `GuardianshipKeeper`; nobody who signs in here has any."""
        self.people.own_number(token=token)
        return OwnGuardianships(guardianships=[])

    def _known(self, reference: str, token: Token) -> None:
        self.people.know(reference, Role.REGISTRAR, token=token)
