"""A body that hangs is left alone: nobody but the first few waits for it, and it is asked again when it is back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from support.hanging import HangingServer
from support.identity_wire import NO_TLS

from services.kit.circuit import Circuit, Limits, OpenCircuitError
from services.kit.http import Http, PeerUnavailableError

LIMITS = Limits(failures=2, pause=5.0, probe=0.2)


class SetClock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = datetime(2026, 4, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def server() -> Iterator[HangingServer]:
    server = HangingServer()
    yield server
    server.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def http(server: HangingServer, clock: SetClock) -> Iterator[Http]:
    circuit = Circuit(LIMITS, clock=clock)
    http = Http(server.url, context=NO_TLS, timeout=0.2, circuit=circuit)
    yield http
    http.close()


def refused(http: Http) -> str:
    with pytest.raises(PeerUnavailableError) as error:
        http.get("/register")
    return str(error.value)


def test_hanging_server_is_not_asked_again_until_the_pause_is_over(
    http: Http, server: HangingServer, clock: SetClock
) -> None:
    assert all("ReadTimeout" in refused(http) for _ in range(LIMITS.failures))
    assert all("not asked now" in refused(http) for _ in range(5))
    assert server.asked == ["/register"] * LIMITS.failures
    clock.now += timedelta(seconds=LIMITS.pause)
    assert all("not asked now" in refused(http) for _ in range(5))
    assert server.asked[LIMITS.failures :] == ["/healthz"]


def test_server_that_is_back_is_asked_again(http: Http, server: HangingServer, clock: SetClock) -> None:
    for _ in range(LIMITS.failures):
        refused(http)
    server.answers = True
    assert "not asked now" in refused(http)
    clock.now += timedelta(seconds=LIMITS.pause)
    assert [http.get("/register") for _ in range(2)] == [{}, {}]
    assert server.asked[LIMITS.failures :] == ["/healthz", "/register", "/register"]


def test_an_answer_between_failures_counts_them_anew(http: Http, server: HangingServer) -> None:
    for _ in range(3):
        server.answers = False
        assert "ReadTimeout" in refused(http)
        server.answers = True
        assert http.get("/register") == {}


def test_one_looks_whether_the_server_is_back_and_nobody_waits_for_that_one(clock: SetClock) -> None:
    circuit = Circuit(LIMITS, clock=clock)
    for _ in range(LIMITS.failures):
        circuit.failed()
    clock.now += timedelta(seconds=LIMITS.pause)

    def probe() -> bool:
        with pytest.raises(OpenCircuitError):
            circuit.require(lambda: pytest.fail("two looked at once"))
        return True

    circuit.require(probe)
    circuit.require(lambda: pytest.fail("it is back already"))


def test_clock_that_is_set_back_leaves_nobody_alone_for_longer(clock: SetClock) -> None:
    circuit = Circuit(LIMITS, clock=clock)
    for _ in range(LIMITS.failures):
        circuit.failed()
    clock.now -= timedelta(days=1)
    circuit.require(lambda: True)
