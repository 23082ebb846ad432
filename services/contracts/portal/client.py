"""Calls to My Portal itself, by clients that are no browser; the session's cookie stays in the `Http` given."""

from typing import Final

from services.contracts.portal.messages import PortalConfig, SessionOpened
from services.kit.http import Http, Token

SESSION_PATH: Final = "/session"
CONFIG_PATH: Final = "/config.json"


class PortalClient:
    """My Portal over one `Http`. Raises from every method: RemoteProblemError, PeerUnavailableError."""

    def __init__(self, http: Http) -> None:
        self._http = http

    def config(self) -> PortalConfig:
        """Return for which bodies the portal relays."""
        return PortalConfig.model_validate_json(self._http.send("GET", CONFIG_PATH).content)

    def sign_in(self, token: Token) -> SessionOpened:
        """Open a session with a person's token for the portal; later requests over the same `Http` carry it."""
        return SessionOpened.model_validate_json(
            self._http.send("POST", SESSION_PATH, token=token, htu=self._http.base_url + SESSION_PATH).content
        )

    def sign_out(self) -> None:
        """End the session."""
        self._http.send("DELETE", SESSION_PATH)
