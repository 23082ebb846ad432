"""A process that ends with the one that started it, however that one ends."""

import os
import signal
import threading
import time
from typing import Final

LOOK_SECONDS: Final = 0.5


def end_with(parent: int) -> None:
    """Have this process end, as if it were told to (SIGTERM), when its parent does."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
