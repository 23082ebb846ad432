"""A fake oversight body's emergencies behind the wire: messages become JSON and come back."""

import re
from collections.abc import Callable

from services.contracts.oversight.emergencies import (
    DecideReview,
    DeclareEmergency,
    RelayedAnswer,
    SecondEmergency,
)
from services.contracts.oversight.fake_emergencies import FakeEmergencyDesk
from services.kit.encoding import Message

_CASE = "([^/]*)"
_Serve = Callable[..., Message]
_ROUTES: dict[str, Callable[[FakeEmergencyDesk, bytes], _Serve]] = {
    "POST /emergencies": lambda desk, content: (
        lambda: desk.declare(DeclareEmergency.model_validate_json(content))
    ),
    f"GET /emergencies/{_CASE}": lambda desk, _content: desk.show,
    f"POST /emergencies/{_CASE}/second": lambda desk, content: (
        lambda case: desk.second(case, SecondEmergency.model_validate_json(content))
    ),
    f"GET /emergencies/{_CASE}/answer": lambda desk, _content: desk.answer,
    "GET /relay-emergencies": lambda desk, _content: desk.waiting,
    f"POST /emergencies/{_CASE}/relayed": lambda desk, content: (
        lambda case: desk.relayed(case, RelayedAnswer.model_validate_json(content))
    ),
    "GET /emergency-reviews": lambda desk, _content: desk.reviews,
    f"POST /emergency-reviews/{_CASE}": lambda desk, content: (
        lambda case: desk.decide(case, DecideReview.model_validate_json(content))
    ),
}


def serve_emergencies(
    desk: Callable[[], FakeEmergencyDesk], method: str, path: str, content: bytes
) -> bytes | None:
    """Return the fake's answer, and None for routes of something else; `desk` is asked for as whom it is reached."""
    for route, call in _ROUTES.items():
        found = re.fullmatch(route, f"{method} {path}")
        if found is not None:
            return call(desk(), content)(*found.groups()).model_dump_json().encode()
    return None
