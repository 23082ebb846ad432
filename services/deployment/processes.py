"""Starting, watching and stopping the bodies as processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from consent.vocabulary import Body
from services.deployment.layout import DeploymentError, Layout, require_free_ports
from services.kit.http import Http, PeerUnavailableError, client_context
from services.kit.server import Tls

START_SECONDS = 60.0
STOP_SECONDS = 10.0
LOG_TAIL = 2000
LOOPBACK_NAME, LOOPBACKS = "localhost", ("127.0.0.1", "::1")


@dataclass
class Processes:
    """The running bodies of one deployment.

    Guarantees: only processes started here are stopped, by their id; children end when this process ends.
    """

    layout: Layout
    register_key: str
    probe: Tls
    overrides: Mapping[Body, Mapping[str, str]] = field(default_factory=dict)
    running: dict[Body, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, bodies: Iterable[Body] = tuple(Body)) -> None:
        """Start the named bodies, the oversight body first, and wait until each answers.

        Raises: DeploymentError naming the body that did not start and why.
        """
        wanted = list(bodies)
        require_free_ports(self.layout, wanted)
        for body in wanted:
            self.running[body] = self._spawn(body)
        for body in wanted:
            self._wait(body)

    def stop(self) -> None:
        """Stop every body: politely, then by force."""
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.running.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.running.clear()

    def kill(self, body: Body) -> None:
        """End a body at once, as a power cut would (SIGKILL)."""
        process = self.running.pop(body)
        process.kill()
        process.wait()

    def pause(self, body: Body) -> None:
        """Stop a body's process from running (SIGSTOP)."""
        self.running[body].send_signal(signal.SIGSTOP)

    def resume(self, body: Body) -> None:
        """Let a paused process run on (SIGCONT)."""
        self.running[body].send_signal(signal.SIGCONT)

    def ended(self) -> Body | None:
        """Return a body that has ended by itself, if any."""
        return next((body for body, process in self.running.items() if process.poll() is not None), None)

    def log_file(self, body: Body) -> Path:
        """Return where a body's process writes."""
        return self.layout.body(body) / "process.log"

    def _spawn(self, body: Body) -> "subprocess.Popen[bytes]":
        folder = self.layout.body(body)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings = body_settings(self.layout, body, self.register_key) | dict(self.overrides.get(body, {}))
        prefix = f"SEKISHO_{body.value.upper()}_"
        environment = dict(os.environ) | {prefix + name.upper(): value for name, value in settings.items()}
        with self.log_file(body).open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - this program itself, arguments from a closed list
                [sys.executable, "-m", "services.serve", body.value, "--parent", str(os.getpid())],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _wait(self, body: Body) -> None:
        context = client_context(authority=self.layout.authority, tls=self.probe)
        http = Http(self.layout.url(body), context=context, timeout=5.0)
        deadline = time.monotonic() + START_SECONDS
        try:
            while time.monotonic() < deadline:
                if self.running[body].poll() is not None:
                    raise DeploymentError(f"{body.value} did not start: {self._last_words(body)}")
                with suppress(PeerUnavailableError):
                    http.get("/healthz")
                    return
                time.sleep(0.05)
        finally:
            http.close()
        raise DeploymentError(
            f"{body.value} does not answer after {START_SECONDS:.0f} s; see {self.log_file(body)}"
        )

    def _last_words(self, body: Body) -> str:
        lines = self.log_file(body).read_text(errors="replace")[-LOG_TAIL:].strip().splitlines()
        return lines[-1].removeprefix(f"{body.value}: ") if lines else f"see {self.log_file(body)}"


def body_settings(layout: Layout, body: Body, register_key: str) -> dict[str, str]:
    """Return the settings that an embedded body gets, as texts."""
    common = {
        "data": str(layout.body(body)),
        "host": layout.host,
        "port": str(layout.ports[body]),
        "public_url": layout.url(body),
        "oversight_url": layout.url(Body.OVERSIGHT),
        "identity_url": layout.url(Body.IDENTITY),
        "register_key": register_key,
    }
    match body:
        case Body.OVERSIGHT:
            return common | {"bootstrap": str(layout.body(body) / "bootstrap.json")}
        case Body.RESEARCH:
            return common | {"organisation": str(layout.body(body) / "organisation")}
        case Body.PORTAL:
            others = (Body.REGISTRY, Body.MEDICAL, Body.PRODUCT_SAFETY, Body.RESEARCH)
            return common | {f"{other.value}_url": layout.url(other) for other in others}
        case Body.IDENTITY:
            # passkeys are bound to a host's name; an address of the loopback has one
            port = layout.ports[Body.PORTAL]
            named = f"https://{LOOPBACK_NAME}:{port}" if layout.host in LOOPBACKS else ""
            return common | {"passkey_origin": named}
        case _:
            return common
