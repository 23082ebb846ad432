"""The emergency relay as a process beside the bodies: it has no port, and is asked nothing."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from services.deployment.layout import Layout
from services.deployment.organisations import EMERGENCY_RELAY, credential_folder

STOP_SECONDS = 10.0


@dataclass
class RelayProcess:
    """The relay of one deployment. Guarantees: it ends when this process ends."""

    layout: Layout
    running: "subprocess.Popen[bytes] | None" = None

    @property
    def log_file(self) -> Path:
        """Where the process writes which cases it served."""
        return self.layout.folder / f"{EMERGENCY_RELAY}.log"

    def start(self) -> None:
        """Start it; the relay must be accredited."""
        folder = str(credential_folder(self.layout, EMERGENCY_RELAY))
        words = ["emergency", "relay", "--as", folder, "--parent", str(os.getpid())]
        with self.log_file.open("ab") as log:
            self.running = subprocess.Popen(  # noqa: S603 - this program itself, arguments from a closed list
                [sys.executable, "-m", "services.cli", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Stop it: politely, then by force."""
        if self.running is None:
            return
        self.running.terminate()
        try:
            self.running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()
        self.running = None

    @property
    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self.running is not None and self.running.poll() is not None
