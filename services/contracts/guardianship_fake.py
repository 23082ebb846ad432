"""An honest body, in memory, that is told how far people act alone."""

from dataclasses import dataclass, field

from services.contracts.guardianship import PersonState, StatesTold, TellStates


@dataclass
class FakeStateKeeper:
    """Keeps what it was told last of each person; `down` makes it fail as a body that does not answer."""

    told: dict[str, PersonState] = field(default_factory=dict)
    down: Exception | None = None

    def tell(self, message: TellStates) -> StatesTold:
        """See `StateKeeper`."""
        if self.down is not None:
            raise self.down
        news = 0
        for each in message.states:
            known = self.told.get(each.person)
            if known is None or known.number < each.number:
                self.told[each.person] = each
                news += 1
        return StatesTold(news=news)
