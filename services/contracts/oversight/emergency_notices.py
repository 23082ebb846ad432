"""What the oversight body tells a person of emergencies about them: messages and client. Times are epoch seconds."""

from services.contracts.oversight.emergencies import OutcomeName
from services.kit.encoding import Message
from services.kit.http import Http, Token


class Said(Message):
    """One thing said in both languages."""

    ja: str
    en: str

    def of(self, language: str) -> str:
        """Return one of them; `language` is `ja` or `en`."""
        return {"ja": self.ja, "en": self.en}[language]


class EmergencyNotice(Message):
    """An emergency that is or was in force, as the person it is about is told; `finding` is the review's."""

    case: str
    organisation: str
    declared: int
    ends: int
    review_due: int
    finding: OutcomeName | None
    title: Said
    text: Said


class EmergencyNotices(Message):
    """GET /emergency-notices: the newest first."""

    notices: list[EmergencyNotice]


class EmergencyNoticesClient:
    """The person's side. Raises: RemoteProblemError, PeerUnavailableError."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def notices(self, *, token: Token) -> EmergencyNotices:
        """Return the notices of the person themselves."""
        answer = self._http.send("GET", "/emergency-notices", token=token)
        return EmergencyNotices.model_validate_json(answer.content)
