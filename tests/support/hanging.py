"""A real server that takes connections and does not answer."""

import socket
import threading
from contextlib import suppress

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


class HangingServer:
    """Takes connections and answers none until it is told to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.answers = False
        self.asked: list[str] = []
        self._held: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.asked.append(connection.recv(65536).split(b" ")[1].decode())
                if self.answers:
                    connection.sendall(ANSWER)
                    connection.close()
                else:
                    self._held.append(connection)

    def close(self) -> None:
        """Let everything go."""
        for each in (self._listener, *self._held):
            each.close()
