"""What happened to the names in a folder, made durable."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Have the names in a folder survive a crash: a name is not there for good when its content is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
