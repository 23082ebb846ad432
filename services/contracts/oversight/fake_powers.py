"""What two officials do together, on the fake: the same pure changes on its lists."""

from collections.abc import Callable
from typing import Protocol

from pydantic import JsonValue

from services.contracts.fake_credentials import problem
from services.contracts.oversight.messages import (
    Accredited,
    Changed,
    OrganisationKeys,
    RolesChange,
    StandingChange,
)
from services.contracts.oversight.powers import (
    POWERS,
    Accreditable,
    TermsChange,
    UnchangedError,
    resumed,
    suspended,
    with_other_keys,
    with_roles,
)
from services.contracts.oversight.register import Kind, Operator, Organisation, Terminal, roles_of
from services.contracts.proposals_fake import FakeKind, Parameters
from services.kit.clock import Clock, epoch_seconds

OFFICIALS = frozenset({Kind.OVERSIGHT.value})
Change = Callable[[Parameters], tuple[Accreditable, Accreditable]]


class Kept(Protocol):
    """The fake's register, as far as changes need it."""

    organisations: list[Organisation]
    terminals: list[Terminal]
    operators: list[Operator]

    @property
    def clock(self) -> Clock:
        """Tell the present moment."""

    def entry(self, change: StandingChange) -> Accreditable:
        """Return what is to be changed."""

    def organisation(self, organisation: str) -> Organisation:
        """Return an organisation."""

    def changed(self) -> Changed:
        """Begin a new edition."""


def officials_kinds(kept: Kept) -> dict[str, FakeKind]:
    """Return every kind of the oversight body."""
    changes = {
        "suspend": _standing(kept, suspended),
        "resume": _standing(kept, resumed),
        "roles": _roles(kept),
        "change-keys": _keys(kept),
        **{name: _power(kept, name) for name in POWERS},
    }
    return {name: _kind(kept, change) for name, change in changes.items()}


def _standing(kept: Kept, become: Callable[[Accreditable], Accreditable]) -> Change:
    def change(told: Parameters) -> tuple[Accreditable, Accreditable]:
        before = kept.entry(StandingChange.model_validate(told, strict=False))
        return before, become(before)

    return change


def _roles(kept: Kept) -> Change:
    def change(told: Parameters) -> tuple[Accreditable, Accreditable]:
        asked = RolesChange.model_validate(told, strict=False)
        found = StandingChange(kind=Accredited.OPERATOR, id=asked.id, organisation=asked.organisation)
        before = kept.entry(found)
        if not isinstance(before, Operator) or not roles_of(
            kept.organisation(asked.organisation).kind
        ).issuperset(asked.roles):
            raise problem(409, "roles_not_allowed")
        return before, with_roles(before, asked)

    return change


def _keys(kept: Kept) -> Change:
    def change(told: Parameters) -> tuple[Accreditable, Accreditable]:
        asked = OrganisationKeys.model_validate(told, strict=False)
        before = kept.organisation(asked.id)
        return before, with_other_keys(before, asked)

    return change


def _power(kept: Kept, name: str) -> Change:
    def change(told: Parameters) -> tuple[Accreditable, Accreditable]:
        asked = POWERS[name].asked.model_validate(told, strict=False)
        before = kept.organisation(asked.id)
        after = POWERS[name].apply(before, asked)
        if isinstance(asked, TermsChange):
            if asked.expires <= epoch_seconds(kept.clock()):
                raise problem(409, "not_in_future")
            if not roles_of(before.kind).issuperset(asked.tasks or ()):
                raise problem(409, "roles_not_allowed")
        return before, after

    return change


def _kind(kept: Kept, change: Change) -> FakeKind:
    def made(told: Parameters) -> tuple[Accreditable, Accreditable]:
        try:
            return change(told)
        except UnchangedError:
            raise problem(409, "nothing_to_change") from None

    def preview(told: Parameters) -> dict[str, JsonValue]:
        one, other = (each.model_dump(mode="json") for each in made(told))
        names = [name for name in one if one[name] != other[name]]
        return {"before": {name: one[name] for name in names}, "after": {name: other[name] for name in names}}

    def effect(told: Parameters) -> dict[str, JsonValue]:
        _put(kept, *made(told))
        return {"serial": kept.changed().serial}

    return FakeKind(OFFICIALS, preview, effect)


def _put(kept: Kept, before: Accreditable, after: Accreditable) -> None:
    match after:
        case Organisation():
            kept.organisations[:] = [after if each is before else each for each in kept.organisations]
        case Terminal():
            kept.terminals[:] = [after if each is before else each for each in kept.terminals]
        case Operator():
            kept.operators[:] = [after if each is before else each for each in kept.operators]
