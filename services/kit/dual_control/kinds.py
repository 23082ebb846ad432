"""What can be proposed: a body registers one `Kind` for each privileged operation."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from pydantic import JsonValue, ValidationError
from sqlalchemy import Connection

from consent.identifiers import Pseudonym
from services.kit.credentials.callers import OperatorCaller
from services.kit.dual_control.model import Approval
from services.kit.encoding import Message
from services.kit.problems import MalformedRequestError

P = TypeVar("P", bound=Message)
Shown = Mapping[str, JsonValue]


def read_parameters(shape: type[P], parameters: Shown, *, kind: str) -> P:
    """Return what is asked for. Raises: MalformedRequestError; it names what is wrong, and no value."""
    try:
        return shape.model_validate_json(json.dumps(dict(parameters)))
    except ValidationError as error:
        fields = sorted({".".join(map(str, each["loc"])) for each in error.errors()})
        raise MalformedRequestError(
            f"the parameters of {kind} are wrong: {', '.join(fields)[:200]}"
        ) from error


def nobody(_conn: Connection, _asked: Message) -> Pseudonym | None:
    """Say that a proposal is about no person."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[P]):
    """One privileged operation.

    `sectors` are the kinds of organisations whose supervisors may propose and approve it. `preview` tells what would
    happen, from what is stored now, and raises one of `refusals` when it cannot happen; it is computed when proposed
    and again when approved, and both must be equal. `effect` does it in the caller's transaction and tells what came
    of it. `person` says in whose history it stands. `settle` replaces, when proposed, what lasts only a moment (a
    pseudonym token) by what it stands for; without it the parameters are stored as they came.
    """

    name: str
    asked: type[P]
    sectors: frozenset[str]
    preview: Callable[[Connection, P], Shown]
    effect: Callable[[Connection, P, Approval], Shown]
    person: Callable[[Connection, P], Pseudonym | None] = nobody
    settle: Callable[[Connection, OperatorCaller, Shown], P] | None = None
    refusals: tuple[type[Exception], ...] = ()

    def take(self, conn: Connection, caller: OperatorCaller, parameters: Shown) -> "Asked":
        """Return what is proposed. Raises: MalformedRequestError; what `settle` raises."""
        if self.settle is not None:
            return self._bound(self.settle(conn, caller, parameters))
        return self._bound(read_parameters(self.asked, parameters, kind=self.name))

    def again(self, stored: str) -> "Asked":
        """Return what was proposed earlier."""
        return self._bound(self.asked.model_validate_json(stored))

    def _bound(self, asked: P) -> "Asked":
        return Asked(
            stored=asked.model_dump_json(),
            preview=lambda conn: dict(self.preview(conn, asked)),
            effect=lambda conn, approval: dict(self.effect(conn, asked, approval)),
            person=lambda conn: self.person(conn, asked),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A kind's operation with its parameters."""

    stored: str
    preview: Callable[[Connection], dict[str, JsonValue]]
    effect: Callable[[Connection, Approval], dict[str, JsonValue]]
    person: Callable[[Connection], Pseudonym | None]

    def __repr__(self) -> str:
        return "Asked(...)"


class AnyKind(Protocol):
    """A `Kind`, whatever its parameters are."""

    @property
    def name(self) -> str:
        """What it is called on the wire."""

    @property
    def sectors(self) -> frozenset[str]:
        """Whose supervisors may propose and approve it."""

    @property
    def refusals(self) -> tuple[type[Exception], ...]:
        """What `preview` raises when the operation cannot be done."""

    def take(self, conn: Connection, caller: OperatorCaller, parameters: Shown) -> Asked:
        """See `Kind`."""

    def again(self, stored: str) -> Asked:
        """See `Kind`."""


def by_name(kinds: Iterable[AnyKind]) -> Mapping[str, AnyKind]:
    """Return kinds by name. Raises: ValueError when two have the same."""
    found: dict[str, AnyKind] = {}
    for each in kinds:
        if each.name in found:
            raise ValueError(f"two kinds of proposals are called {each.name}")
        found[each.name] = each
    return found
