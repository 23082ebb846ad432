"""Two officials who enter whatever a test needs, on the real oversight body and on its fake."""

from dataclasses import dataclass

from services.contracts.oversight.entering import Entering, certified
from services.contracts.oversight.messages import (
    OperatorAccreditation,
    OrganisationAccreditation,
    OrganisationKeys,
    TerminalAccreditation,
    TerminalAccredited,
)
from services.contracts.proposals import DualControlled, ShownProposal
from services.kit.encoding import Message


@dataclass(frozen=True)
class Keeping:
    """The register's keeping by two officials: the first proposes, the second approves."""

    first: DualControlled
    second: DualControlled

    def decide(self, kind: str, message: Message, *, reason: str = "a reason") -> ShownProposal:
        """Propose and approve."""
        return self.second.approve(self.first.propose(kind, message, reason=reason))

    def accredit_organisation(self, organisation: OrganisationAccreditation) -> None:
        """Enter an organisation."""
        self.decide("enter", Entering(organisations=[organisation]))

    def accredit_terminal(self, terminal: TerminalAccreditation) -> TerminalAccredited:
        """Enter a terminal."""
        told = certified(self.decide("enter", Entering(terminals=[terminal])).outcome, terminal.id)
        assert told is not None
        return told

    def accredit_operator(self, operator: OperatorAccreditation) -> None:
        """Enter an operator."""
        self.decide("enter", Entering(operators=[operator]))

    def change_keys(self, keys: OrganisationKeys) -> None:
        """Give an organisation other keys."""
        self.decide("change-keys", keys)
