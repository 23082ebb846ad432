"""The fake medical centre's large documents behind the wire."""

import re
from collections.abc import Callable

from services.contracts.medical.fake_streams import FakeStreams
from services.contracts.medical.streams import AskSegment, BeginUpload, CompleteUpload
from services.kit.encoding import Message
from services.kit.http import Token

PLACE = re.compile(r"/uploads/([^/]+)(?:/(completion)|/segments/([0-9]+))?")


def serving(streams: FakeStreams) -> Callable[[str, str, bytes, Token], bytes | None]:
    """Return what answers the routes of large documents, and None for others."""

    def answer(method: str, path: str, content: bytes, token: Token) -> bytes | None:
        if path == "/streams/segments":
            return streams.segment(AskSegment.model_validate_json(content), token=token)
        if path == "/uploads":
            return _json(streams.begin(BeginUpload.model_validate_json(content), token=token))
        place = PLACE.fullmatch(path)
        if place is None:
            return None
        if method == "PUT":
            return _json(streams.put(place[1], int(place[3]), content, token=token))
        if place[2]:
            message = CompleteUpload.model_validate_json(content)
            return _json(streams.complete(place[1], message, token=token))
        return _json(streams.state(place[1], token=token))

    return answer


def _json(message: Message) -> bytes:
    return message.model_dump_json().encode()
