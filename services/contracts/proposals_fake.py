"""An honest body's dual control in memory: the same rules on the same register, kept in a list.

The same contract tests run on it and on a real body.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pydantic import JsonValue

from consent import base64url
from services.contracts.fake_credentials import problem
from services.contracts.oversight.register import Directory, Role
from services.contracts.proposals import EndProposal, ShownProposal
from services.contracts.proposals_routes import shown
from services.kit.clock import Clock, epoch_seconds, system_randomness
from services.kit.credentials.callers import OperatorCaller
from services.kit.dual_control.errors import ObstacleError
from services.kit.dual_control.model import Obstacle, Proposal, ProposalState
from services.kit.dual_control.policy import obstacle_to_approving, obstacle_to_ending, preview_digest
from services.kit.encoding import Message
from services.kit.http import RemoteProblemError

Parameters = Mapping[str, JsonValue]


def as_it_came(parameters: Parameters) -> Parameters:
    """Keep what is proposed as it is."""
    return parameters


@dataclass(frozen=True, slots=True)
class FakeKind:
    """What a kind shows and does, and what it keeps of a proposal; all raise what the real body would answer."""

    sectors: frozenset[str]
    preview: Callable[[Parameters], dict[str, JsonValue]]
    effect: Callable[[Parameters], dict[str, JsonValue]]
    settle: Callable[[Parameters], Parameters] = as_it_came


@dataclass
class FakeProposals:
    """The proposals of one body; `as_operator` is what one supervisor sees of it."""

    clock: Clock
    directory: Callable[[], Directory]
    kinds: Mapping[str, FakeKind]
    seconds: int = 86_400
    kept: dict[str, tuple[Proposal, Parameters]] = field(default_factory=dict)

    def as_operator(self, caller: OperatorCaller) -> "FakeSupervisor":
        """Return the calls of one operator."""
        return FakeSupervisor(self, caller)


@dataclass(frozen=True)
class FakeSupervisor:
    """See `DualControlled`."""

    body: FakeProposals
    caller: OperatorCaller

    def propose(self, kind: str, parameters: Message, *, reason: str) -> ShownProposal:
        """See `DualControlled`."""
        self._require_role()
        found = self.body.directory().signatory(self.caller.organisation, self.caller.operator)
        if kind not in self.body.kinds:
            raise problem(400, "malformed_request")
        if found is None or found.sector not in self.body.kinds[kind].sectors:
            raise problem(403, "forbidden")
        if found.person is None:
            raise _refusal(Obstacle.PERSON_NOT_PRESENTED)
        now = epoch_seconds(self.body.clock())
        asked = self.body.kinds[kind].settle(parameters.model_dump(mode="json"))
        proposal = Proposal(
            id=base64url.encode(system_randomness(16)),
            kind=kind,
            organisation=self.caller.organisation,
            proposer=self.caller.operator,
            terminal=self.caller.terminal,
            card=found.card,
            human=found.person,
            reason=reason,
            asked=parameters.model_dump_json(),
            preview=self.body.kinds[kind].preview(asked),
            person=None,
            made=now,
            expires=now + self.body.seconds,
        )
        self.body.kept[proposal.id] = (proposal, asked)
        return shown(proposal)

    def proposals(self) -> list[ShownProposal]:
        """See `DualControlled`."""
        self._require_role()
        own = [one for one, _ in self.body.kept.values() if one.organisation == self.caller.organisation]
        return [shown(each) for each in sorted(own, key=lambda each: (-each.expires, each.id))]

    def approve(self, proposal: ShownProposal) -> ShownProposal:
        """See `DualControlled`."""
        held, asked = self._held(proposal.id)
        directory, kind = self.body.directory(), self.body.kinds[held.kind]
        proposer = directory.signatory(held.organisation, held.proposer)
        if proposer is not None and Role.SUPERVISOR not in proposer.roles:
            proposer = None
        obstacle = obstacle_to_approving(
            held,
            proposer=proposer,
            approver=directory.signatory(self.caller.organisation, self.caller.operator),
            now=epoch_seconds(self.body.clock()),
        )
        if obstacle is not None:
            raise _refusal(obstacle)
        if proposal.digest != preview_digest(held.preview):
            raise _refusal(Obstacle.OTHER_PREVIEW)
        try:
            present: dict[str, JsonValue] | None = kind.preview(asked)
        except RemoteProblemError:
            present = None
        if present != held.preview:
            self._keep(held, state=ProposalState.OUTDATED)
            raise _refusal(Obstacle.OUTDATED)
        outcome = kind.effect(asked)
        return self._keep(replace(held, outcome=outcome), state=ProposalState.APPROVED)

    def reject(self, proposal: str, *, reason: str) -> ShownProposal:
        """See `DualControlled`."""
        EndProposal(reason=reason)
        return self._end(proposal, state=ProposalState.REJECTED)

    def withdraw(self, proposal: str, *, reason: str) -> ShownProposal:
        """See `DualControlled`."""
        EndProposal(reason=reason)
        held, _ = self._held(proposal)
        if held.state is ProposalState.PENDING and held.proposer != self.caller.operator:
            raise _refusal(Obstacle.NOT_PROPOSER)
        return self._end(proposal, state=ProposalState.WITHDRAWN)

    def _end(self, proposal: str, *, state: ProposalState) -> ShownProposal:
        held, _ = self._held(proposal)
        obstacle = obstacle_to_ending(held, now=epoch_seconds(self.body.clock()))
        if obstacle is not None:
            raise _refusal(obstacle)
        return self._keep(held, state=state)

    def _keep(self, held: Proposal, *, state: ProposalState) -> ShownProposal:
        decided = replace(held, state=state, decided_by=self.caller.operator)
        self.body.kept[held.id] = (decided, self.body.kept[held.id][1])
        return shown(decided)

    def _held(self, proposal: str) -> tuple[Proposal, Parameters]:
        self._require_role()
        found = self.body.kept.get(proposal)
        if found is None or found[0].organisation != self.caller.organisation:
            raise problem(404, "not_found")
        return found

    def _require_role(self) -> None:
        holding = self.body.directory().roles(self.caller.organisation, self.caller.operator)
        if Role.SUPERVISOR not in holding & self.caller.roles:
            raise problem(403, "forbidden")


def _refusal(obstacle: Obstacle) -> RemoteProblemError:
    told = ObstacleError(obstacle).problem
    return problem(told.status, told.code)
