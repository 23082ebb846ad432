"""What a route declares about its callers; a route that declares nothing stops the body from starting."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

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
)
from services.kit.problems import ForbiddenError

CALLER = "caller"


class UndeclaredRouteError(Exception):
    """A route says nothing about who may call it."""


@dataclass(frozen=True, slots=True)
class AccessRule:
    """One row of the permission table: who may call, in words that the docs print."""

    kind: str
    names: tuple[str, ...]


def operator(*roles: str) -> Callable[[Request], OperatorCaller]:
    """Admit an operator who has one of `roles`; with none named the workflow itself checks and logs the role."""

    def admit(request: Request) -> OperatorCaller:
        caller = _caller(request)
        if not isinstance(caller, OperatorCaller):
            raise ForbiddenError("this is for operators of accredited organisations")
        if roles and caller.roles.isdisjoint(roles):
            raise ForbiddenError(f"this needs the role {' or '.join(roles)}")
        return caller

    return _declare(admit, AccessRule("operator", roles))


def person() -> Callable[[Request], PersonCaller]:
    """Admit a person about themselves."""

    def admit(request: Request) -> PersonCaller:
        caller = _caller(request)
        if not isinstance(caller, PersonCaller):
            raise ForbiddenError("this is for the person themselves, signed in")
        return caller

    return _declare(admit, AccessRule("person", ()))


def card_holder() -> Callable[[Request], PersonCaller]:
    """Admit a person about themselves who signed in with the card itself, not with another device."""

    def admit(request: Request) -> PersonCaller:
        caller = _caller(request)
        if not isinstance(caller, PersonCaller) or caller.signed_in_by is not SignedInBy.CARD:
            raise ForbiddenError("this is for the person themselves, signed in with the card")
        return caller

    return _declare(admit, AccessRule("person by card", ()))


def body(*bodies: Body) -> Callable[[Request], BodyCaller]:
    """Admit the named bodies, by their certificates."""

    def admit(request: Request) -> BodyCaller:
        caller = _caller(request)
        if not isinstance(caller, BodyCaller) or caller.body not in bodies:
            raise ForbiddenError("this is between bodies")
        return caller

    return _declare(admit, AccessRule("body", tuple(each.value for each in bodies)))


def anyone_accredited() -> Callable[[Request], Caller]:
    """Admit every verified caller: an operator, a person or a body."""
    return _declare(_caller, AccessRule("accredited", ()))


def either(first: Callable[[Request], Any], second: Callable[[Request], Any]) -> Callable[[Request], Caller]:
    """Admit whom one of two rules admits."""

    def admit(request: Request) -> Caller:
        try:
            caller: Caller = first(request)
        except ForbiddenError:
            caller = second(request)
        return caller

    one, other = first.access_rule, second.access_rule  # type: ignore[attr-defined]  # set by `_declare`
    return _declare(admit, AccessRule(f"{one.kind} or {other.kind}", (*one.names, *other.names)))


def rules(app: FastAPI, open_paths: frozenset[str]) -> dict[tuple[str, str], AccessRule]:
    """Return (method, path) -> rule for every route. Raises: UndeclaredRouteError."""
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
        found |= {(method, path): declared[0] for method in sorted(route.methods or ())}
    return found


def _rules_of(dependant: Dependant) -> list[AccessRule]:
    own = getattr(dependant.call, "access_rule", None)
    return ([own] if own else []) + [rule for each in dependant.dependencies for rule in _rules_of(each)]


def _caller(request: Request) -> Caller:
    caller: Caller = getattr(request.state, CALLER)
    return caller


def _declare(admit: Callable[[Request], Any], rule: AccessRule) -> Callable[[Request], Any]:
    admit.access_rule = rule  # type: ignore[attr-defined]  # read back by `rules`
    return admit
