"""What a route declares about its callers; a route that declares nothing stops the body from starting.

For the framework the rules are coroutines: none of them waits for anything, and a plain function would take a thread's
turn.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from consent.vocabulary import Body
from services.kit.credentials.callers import (
    BodyCaller,
    Caller,
    OperatorCaller,
    PersonCaller,
    SignedInBy,
    TerminalCaller,
)
from services.kit.permissions import policies
from services.kit.problems import ForbiddenError

CALLER = "caller"
C = TypeVar("C", bound=Caller)
Judge = Callable[[Request], Caller]
"""Returns the caller of a request, or raises ForbiddenError."""


class UndeclaredRouteError(Exception):
    """A route says nothing about who may call it."""


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One row of the permission table: who may call, in words that the docs print.

    `names` are bodies, and the roles or scopes to which the policies permit one of `actions` here.
    """

    kind: str
    names: tuple[str, ...]
    actions: tuple[str, ...] = field(default=(), compare=False)


def operator(action: str | None = None) -> Callable[[Request], Awaitable[OperatorCaller]]:
    """Admit an operator whom the policies permit `action` at this body; with none named the workflow itself asks the
    policies and logs the answer.
    """

    def admit(request: Request) -> OperatorCaller:
        caller = _caller(request)
        if not isinstance(caller, OperatorCaller):
            raise ForbiddenError("this is for operators of accredited organisations")
        at = request.app.state.context.body
        if action is not None and not policies().permits(caller.roles, action, at):
            raise ForbiddenError(f"this needs the role {' or '.join(policies().roles_for(action, at))}")
        return caller

    return _declare(admit, AccessRule("operator", (), () if action is None else (action,)))


def person() -> Callable[[Request], Awaitable[PersonCaller]]:
    """Admit a person about themselves."""

    def admit(request: Request) -> PersonCaller:
        caller = _caller(request)
        if not isinstance(caller, PersonCaller) or caller.signed_in_by is SignedInBy.GUARDIAN:
            raise ForbiddenError("this is for the person themselves, signed in")
        return caller

    return _declare(admit, AccessRule("person", ()))


def person_or_guardian() -> Callable[[Request], Awaitable[PersonCaller]]:
    """Admit a person about themselves, and who acts for them; the rule table of `consent.guardians` says in what."""

    def admit(request: Request) -> PersonCaller:
        caller = _caller(request)
        if not isinstance(caller, PersonCaller):
            raise ForbiddenError("this is for the person themselves, or their guardian, signed in")
        return caller

    return _declare(admit, AccessRule("person or guardian", ()))


def card_holder() -> Callable[[Request], Awaitable[PersonCaller]]:
    """Admit a person about themselves who signed in with the card itself, not with another device."""

    def admit(request: Request) -> PersonCaller:
        caller = _caller(request)
        if not isinstance(caller, PersonCaller) or caller.signed_in_by is not SignedInBy.CARD:
            raise ForbiddenError("this is for the person themselves, signed in with the card")
        return caller

    return _declare(admit, AccessRule("person by card", ()))


def body(*bodies: Body) -> Callable[[Request], Awaitable[BodyCaller]]:
    """Admit the named bodies, by their certificates."""

    def admit(request: Request) -> BodyCaller:
        caller = _caller(request)
        if not isinstance(caller, BodyCaller) or caller.body not in bodies:
            raise ForbiddenError("this is between bodies")
        return caller

    return _declare(admit, AccessRule("body", tuple(each.value for each in bodies)))


def anyone_accredited() -> Callable[[Request], Awaitable[Caller]]:
    """Admit a person, a body, and an operator who has a role at this moment; no terminal by itself."""

    def admit(request: Request) -> Caller:
        caller = _caller(request)
        if isinstance(caller, TerminalCaller):
            raise ForbiddenError("this is for operators, people and bodies, not for a terminal by itself")
        return _with_a_role(caller) if isinstance(caller, OperatorCaller) else caller

    return _declare(admit, AccessRule("accredited", ()))


def terminal(action: str) -> Callable[[Request], Awaitable[TerminalCaller]]:
    """Admit a terminal by itself whose scopes the policies permit `action` at this body."""

    def admit(request: Request) -> TerminalCaller:
        caller = _caller(request)
        if not isinstance(caller, TerminalCaller):
            raise ForbiddenError("this is for a terminal by itself, with a token by client_credentials")
        at = request.app.state.context.body
        if not policies().lets(caller.scopes, action, at):
            raise ForbiddenError(f"this needs the scope {' or '.join(policies().scopes_for(action, at))}")
        return caller

    return _declare(admit, AccessRule("terminal", (), (action,)))


def accredited_operator() -> Callable[[Request], Awaitable[OperatorCaller]]:
    """Admit an operator of any role, whichever it is."""

    def admit(request: Request) -> OperatorCaller:
        caller = _caller(request)
        if not isinstance(caller, OperatorCaller):
            raise ForbiddenError("this is for operators of accredited organisations")
        return _with_a_role(caller)

    return _declare(admit, AccessRule("operator", ()))


def either(
    first: Callable[[Request], Awaitable[Caller]], second: Callable[[Request], Awaitable[Caller]]
) -> Callable[[Request], Awaitable[Caller]]:
    """Admit whom one of two rules admits."""

    judges = first.judge, second.judge  # type: ignore[attr-defined]  # set by `_declare`

    def admit(request: Request) -> Caller:
        try:
            caller: Caller = judges[0](request)
        except ForbiddenError:
            caller = judges[1](request)
        return caller

    one, other = first.access_rule, second.access_rule  # type: ignore[attr-defined]  # set by `_declare`
    kind, names = f"{one.kind} or {other.kind}", (*one.names, *other.names)
    return _declare(admit, AccessRule(kind, names, (*one.actions, *other.actions)))


def rules(app: FastAPI, open_paths: frozenset[str], *, at: Body) -> dict[tuple[str, str], AccessRule]:
    """Return (method, path) -> rule for every route of a body.

    Raises: UndeclaredRouteError, also for a route that names an action which nobody is permitted there.
    """
    found: dict[tuple[str, str], AccessRule] = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if not isinstance(route, APIRoute):
            continue
        path = context.path or route.path
        declared = [rule for each in route.dependant.dependencies for rule in _rules_of(each)]
        if path in open_paths:
            declared = [AccessRule("open", ())]
        if len(declared) != 1:
            raise UndeclaredRouteError(
                f"route {path} declares {len(declared)} access rules; it must declare one"
            )
        resolved = _resolved(declared[0], path, at=at)
        found |= {(method, path): resolved for method in sorted(route.methods or ())}
    return found


def _resolved(rule: AccessRule, path: str, *, at: Body) -> AccessRule:
    roles: set[str] = set()
    for action in rule.actions:
        permitted = policies().roles_for(action, at) or policies().scopes_for(action, at)
        if not permitted:
            raise UndeclaredRouteError(
                f"route {path} names the action {action}, which services/policies permit nobody at {at.value}"
            )
        roles.update(permitted)
    return replace(rule, names=(*sorted(roles), *rule.names))


def _rules_of(dependant: Dependant) -> list[AccessRule]:
    own = getattr(dependant.call, "access_rule", None)
    return ([own] if own else []) + [rule for each in dependant.dependencies for rule in _rules_of(each)]


def _with_a_role(caller: OperatorCaller) -> OperatorCaller:
    # who is suspended, or past their date, has none from the next edition of the register on; the token lives longer
    if not caller.roles:
        raise ForbiddenError("the operator is not accredited, or has no role left")
    return caller


def _caller(request: Request) -> Caller:
    caller: Caller = getattr(request.state, CALLER)
    return caller


def judge_of(dependency: object) -> Judge | None:
    """Return how a dependency judges, if it is one of the rules above."""
    judge: Judge | None = getattr(dependency, "judge", None)
    return judge


def _declare(judge: Callable[[Request], C], rule: AccessRule) -> Callable[[Request], Awaitable[C]]:
    async def admit(request: Request) -> C:
        return judge(request)

    admit.access_rule = rule  # type: ignore[attr-defined]  # read back by `rules`
    admit.judge = judge  # type: ignore[attr-defined]  # read back by `judge_of`
    return admit
