"""Connections that are gone after so many requests, as when a machine dies in the middle of something."""

from collections.abc import Callable

import httpx

from consent.vocabulary import Body
from services.gateway.exchange import Connect
from services.kit.http import Http, PeerUnavailableError


class Cut:
    """Connections that carry so many requests in all, answers included, and then are gone.

    `counts` tells which requests count, by their path.
    """

    def __init__(
        self, whole: Connect, requests: int, counts: Callable[[str], bool] = lambda _path: True
    ) -> None:
        self._whole, self.left, self.counts = whole, requests, counts

    def __call__(self, body: Body) -> Http:
        return _CutHttp(self._whole(body), self)

    def close(self) -> None:
        self._whole.close()


class _CutHttp(Http):
    def __init__(self, whole: Http, cut: Cut) -> None:
        self.base_url = whole.base_url
        self._whole, self._cut = whole, cut

    def send(self, method: str, path: str, **more: object) -> httpx.Response:
        answer = self._whole.send(method, path, **more)  # type: ignore[arg-type]  # passed on as it came
        self._count(path)
        return answer

    def form(self, path: str, *told: object, **more: object) -> httpx.Response:
        answer = self._whole.form(path, *told, **more)  # type: ignore[arg-type]  # passed on as it came
        self._count(path)
        return answer

    def _count(self, path: str) -> None:
        self._cut.left -= self._cut.counts(path)
        if self._cut.left < 0:
            raise PeerUnavailableError("cut")
