"""What two officials do to an entry of the register: pure, each takes an entry and gives the changed one.

The real body and the fake both use these; `POWERS` names every kind of proposal about an organisation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Generic, TypeVar

from pydantic import Field

from consent.vocabulary import Body
from services.contracts.oversight.messages import Moment, Name, OrganisationKeys, RoleName, RolesChange
from services.contracts.oversight.register import Operator, Organisation, Terminal
from services.contracts.oversight.terms import Agreement, ReportDemand, Sanction
from services.kit.encoding import Message

BodyName = Annotated[Body, Field(strict=False)]
Accreditable = Organisation | Terminal | Operator
P = TypeVar("P", bound="OrganisationMessage")


class UnchangedError(Exception):
    """The entry is already as asked, or cannot become it any more."""


class OrganisationMessage(Message):
    """Base of what is proposed about one organisation."""

    id: Name


class Revocation(OrganisationMessage):
    """Proposal `revoke`: the accreditation ends for good."""


class SanctionOrder(OrganisationMessage):
    """Proposal `sanction`."""

    sanction: Sanction


class Demand(OrganisationMessage):
    """Proposal `demand-report`."""

    report: ReportDemand


class Provision(OrganisationMessage):
    """Proposals `withhold` and `provide`: whether one body serves the organisation (J12)."""

    body: BodyName


class TermsChange(OrganisationMessage):
    """Proposal `terms`: the bodies that serve it (null: all), the roles of its operators (null: all of its kind), end,
    agreement.
    """

    scope: Annotated[list[BodyName], Field(max_length=len(Body))] | None
    tasks: Annotated[list[RoleName], Field(max_length=16)] | None
    expires: Moment
    agreement: Agreement | None


def suspended(entry: Accreditable) -> Accreditable:
    """Stop it everywhere. Raises: UnchangedError."""
    _require(entry.active, "it is suspended already")
    return entry.model_copy(update={"active": False})


def resumed(entry: Accreditable) -> Accreditable:
    """Let it go on. Raises: UnchangedError."""
    _require(not entry.active, "it is not suspended")
    _require(not (isinstance(entry, Organisation) and entry.revoked), "it was revoked; accredit it anew")
    return entry.model_copy(update={"active": True})


def with_roles(entry: Operator, asked: RolesChange) -> Operator:
    """Give an operator other roles. Raises: UnchangedError."""
    _require(set(entry.roles) != set(asked.roles), "the operator has these roles already")
    return entry.model_copy(update={"roles": asked.roles})


def with_other_keys(entry: Organisation, asked: OrganisationKeys) -> Organisation:
    """Give an organisation other keys. Raises: UnchangedError."""
    changed = entry.with_keys(
        signing_key=asked.signing_key, receiving_key=asked.receiving_key, former=asked.former
    )
    _require(changed != entry, "the organisation has these keys already")
    return changed


def _revoked(entry: Organisation, _asked: Revocation) -> Organisation:
    _require(not entry.revoked, "it was revoked already")
    return entry.model_copy(update={"active": False, "revoked": True})


def _sanctioned(entry: Organisation, asked: SanctionOrder) -> Organisation:
    _require(asked.sanction not in entry.sanctions, "it has this sanction already")
    return entry.model_copy(update={"sanctions": [*entry.sanctions, asked.sanction]})


def _demanded(entry: Organisation, asked: Demand) -> Organisation:
    _require(all(each.id != asked.report.id for each in entry.reports), "a report of this name was demanded")
    demand = asked.report.model_copy(update={"received": False})
    return entry.model_copy(update={"reports": [*entry.reports, demand]})


def _withheld(entry: Organisation, asked: Provision) -> Organisation:
    _require(asked.body not in entry.withheld, "that body does not serve it already")
    return entry.model_copy(update={"withheld": [*entry.withheld, asked.body]})


def _provided(entry: Organisation, asked: Provision) -> Organisation:
    _require(asked.body in entry.withheld, "that body serves it")
    return entry.model_copy(update={"withheld": [each for each in entry.withheld if each != asked.body]})


def _on_terms(entry: Organisation, asked: TermsChange) -> Organisation:
    terms = {name: getattr(asked, name) for name in ("scope", "tasks", "expires", "agreement")}
    changed = entry.model_copy(update=terms)
    _require(changed != entry, "these are the terms already")
    return changed


def received(entry: Organisation, report: str) -> Organisation:
    """Note that a demanded report came. Raises: UnchangedError."""
    open_ones = {each.id for each in entry.reports if not each.received}
    _require(report in open_ones, "no such report is awaited")
    told = [
        each.model_copy(update={"received": True}) if each.id == report else each for each in entry.reports
    ]
    return entry.model_copy(update={"reports": told})


def _require(condition: object, problem: str) -> None:
    if not condition:
        raise UnchangedError(problem)


@dataclass(frozen=True, slots=True)
class Power(Generic[P]):
    """One kind of proposal about an organisation."""

    asked: type[P]
    change: Callable[[Organisation, P], Organisation]

    def apply(self, entry: Organisation, asked: Message) -> Organisation:
        """Change an entry as a message of this kind asks. Raises: UnchangedError."""
        return self.change(entry, self.asked.model_validate(asked.model_dump(), strict=False))


def _powers() -> Mapping[
    str, "Power[Revocation] | Power[SanctionOrder] | Power[Demand] | Power[Provision] | Power[TermsChange]"
]:
    return {
        "revoke": Power(Revocation, _revoked),
        "sanction": Power(SanctionOrder, _sanctioned),
        "demand-report": Power(Demand, _demanded),
        "withhold": Power(Provision, _withheld),
        "provide": Power(Provision, _provided),
        "terms": Power(TermsChange, _on_terms),
    }


POWERS: Final = _powers()
