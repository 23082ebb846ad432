"""Routes of the common form, served in one turn of a thread: admit, read, work, write the answer (ADR 0040).

A route has this form when its address is constant, an access rule of `services.kit.access` is all it depends on, it
takes at most one JSON message, and its function waits for nothing. Every other route is the framework's.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_args, get_origin

from fastapi import FastAPI, Request
from fastapi.datastructures import DefaultPlaceholder
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.responses import Response

from services.kit.access import Judge, judge_of
from services.kit.put_off import is_effect_first

JSON = "application/json"
Route = tuple[str, str]
"""Method and path."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    adapter: TypeAdapter[Any]


@dataclass(frozen=True, slots=True)
class Straight:
    """One route: who may call, what it takes, whether its effect comes first, what it does, what it answers."""

    admit: Judge
    caller: str
    message: _Parameter | None
    effect_first: bool
    work: Callable[..., object]
    answer: TypeAdapter[Any] | None

    def serve(self, request: Request, content: object) -> Response:
        """Admit the verified caller, read the message from `content`, the parsed JSON, and answer.

        Raises: ForbiddenError; RequestValidationError as the framework does; what the route's function raises.
        """
        given: dict[str, Any] = {self.caller: self.admit(request)}
        if self.message is not None:
            given[self.message.name] = _read(self.message.adapter, content)
        told = self.work(**given)
        if isinstance(told, Response):
            return told
        if self.answer is None:
            raise TypeError("the route answers nothing that was declared")
        return Response(self.answer.dump_json(told, by_alias=True), media_type=JSON)


def straight_routes(app: FastAPI, open_paths: frozenset[str]) -> Mapping[Route, Straight]:
    """Return the routes of this form, without those that are open or that an earlier route would answer."""
    found: dict[Route, Straight] = {}
    earlier: list[APIRoute] = []
    for route in app.routes:
        if not isinstance(route, APIRoute):
            continue
        straight = None if route.path in open_paths else _straight(route)
        for method in route.methods or ():
            taken = any(
                method in (each.methods or ()) and each.path_regex.match(route.path) for each in earlier
            )
            if straight is not None and not taken:
                found[method, route.path] = straight
        earlier.append(route)
    return found


def _straight(route: APIRoute) -> Straight | None:
    asked = route.dependant
    judge = judge_of(asked.dependencies[0].call) if len(asked.dependencies) == 1 else None
    if judge is None or asked.dependencies[0].name is None or not _is_plain(route):
        return None
    message = None
    if asked.body_params:
        taken = _message(route.endpoint, asked.body_params[0].name)
        if taken is None or len(asked.body_params) > 1:
            return None
        message = _Parameter(asked.body_params[0].name, TypeAdapter(taken))
    answer = None if route.response_model is None else TypeAdapter(route.response_model)
    work, caller = route.endpoint, asked.dependencies[0].name
    return Straight(judge, caller, message, is_effect_first(work), work, answer)


def _is_plain(route: APIRoute) -> bool:
    asked = route.dependant
    read = (asked.path_params, asked.query_params, asked.header_params, asked.cookie_params)
    given = (asked.request_param_name, asked.response_param_name, asked.background_tasks_param_name)
    return (
        not any(read)
        and not any(given)
        and not inspect.iscoroutinefunction(route.endpoint)
        and not inspect.isgeneratorfunction(route.endpoint)
        and route.status_code is None
        and (_makes_response(route) or isinstance(route.response_class, DefaultPlaceholder))
        and (_makes_response(route) or route.response_model is not None)
    )


def _makes_response(route: APIRoute) -> bool:
    made = inspect.signature(route.endpoint).return_annotation
    return inspect.isclass(made) and issubclass(made, Response)


def _message(work: Callable[..., object], name: str) -> type[BaseModel] | None:
    declared = inspect.signature(work).parameters[name].annotation
    if get_origin(declared) is Annotated and len(get_args(declared)) > 1:
        return None  # something more is said about it than its type
    return declared if inspect.isclass(declared) and issubclass(declared, BaseModel) else None


def _read(adapter: TypeAdapter[Any], content: object) -> object:
    try:
        return adapter.validate_python(content, from_attributes=True)  # as FastAPI, whose words these are
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in found]) from None
