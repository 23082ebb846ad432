"""Giving `sekisho` commands as a user does: processes, their output, their children."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from click.testing import CliRunner
from support.waiting import PATIENCE_SECONDS

from services.cli import main

COMMAND = [sys.executable, "-m", "services.cli"]
BODIES = 7


def sekisho(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, typed: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run one command to its end; `typed` is what the user types."""
    return subprocess.run(
        [*COMMAND, *(str(each) for each in arguments)],
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        env=os.environ | dict(environment or {}),
    )


def within(
    *arguments: str | Path, environment: Mapping[str, str] | None = None, typed: str = ""
) -> "subprocess.CompletedProcess[str]":
    """Run a command that starts nothing within this process, which is much quicker; an error that it lets out fails."""
    told = [str(each) for each in arguments]
    done = CliRunner().invoke(main, told, env=dict(environment or {}), input=typed)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return subprocess.CompletedProcess(told, done.exit_code, done.stdout, done.stderr)


def lines_of(done: "subprocess.CompletedProcess[str]") -> list[str]:
    """Check that a command succeeded; return the lines it printed."""
    assert done.returncode == 0, f"{done.args[0]}: {done.stdout}{done.stderr}"
    return done.stdout.splitlines()


def assert_one_line(done: "subprocess.CompletedProcess[str]", *expected: str, status: int = 1) -> str:
    """Check that a command ended with one clear line on stderr that says what is expected; return it."""
    shown = f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.returncode == status, shown
    assert "Traceback" not in shown
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    if status == 2:  # wrong usage: the usage and where to find help come before the line
        lines = [line for line in lines if line.startswith("Error: ")]
    assert len(lines) == 1, shown
    assert lines[0].startswith("Error: "), shown
    for text in expected:
        assert text in lines[0], f"{text!r} is not in: {lines[0]}"
    return lines[0]


@dataclass
class Up:
    """A running `sekisho up`."""

    process: "subprocess.Popen[str]"
    said: list[str] = field(default_factory=list)

    @property
    def children(self) -> set[int]:
        """The ids of the bodies' processes."""
        file = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(each) for each in file.read_text().split()}

    def wait_until_up(self) -> "Up":
        """Read what it says until all bodies are up."""
        assert self.process.stdout is not None
        guard = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        guard.start()
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if "all bodies are up" in line:
                guard.cancel()
                return self
        guard.cancel()
        raise AssertionError(f"sekisho up ended: {self.said} {self.process.communicate()[1]}")

    def end(self, how: signal.Signals) -> tuple[int, str, str]:
        """Send a signal and wait for the end; return status and what was said since."""
        self.process.send_signal(how)
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, out, err


@contextmanager
def up(data: Path, *options: str) -> Iterator[Up]:
    """Start `sekisho up`; whatever happens, nothing of it runs on afterwards."""
    process = subprocess.Popen(
        [*COMMAND, "up", "--data", str(data), *options],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    running = Up(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.communicate(timeout=PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()


def free_base_port() -> int:
    """Return a port from which on seven are free, outside the range that the system gives to clients."""
    chosen = random.SystemRandom()
    while True:
        base = chosen.randrange(15_000, 30_000)
        with ExitStack() as held:
            try:
                for port in range(base, base + BODIES):
                    held.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return base


def wait_until_gone(pids: set[int]) -> None:
    """Wait until none of the processes runs any more (what is dead and not yet collected counts as gone)."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(_runs(pid) for pid in pids):
        assert time.monotonic() < deadline, f"still running: {[pid for pid in pids if _runs(pid)]}"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def entries_told(printed: str) -> list[str]:
    """Return the entries of a history that was printed, without the lines that count them."""
    return [each for each in printed.splitlines() if re.match(r"\d{4}-\d\d-\d\d", each)]
