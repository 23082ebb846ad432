"""The medical centre's own administrator at its database file, and the auditor who looks afterwards."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

from support.medical_world import AUDITOR, Running

from services.contracts.shared import AuditReport

Database = sqlite3.Connection


def tamper(running: Running, change: Callable[[Database], None]) -> None:
    """Change the database file behind the centre's back."""
    file = running.world.settings.data / "database.sqlite"
    with closing(sqlite3.connect(file, timeout=10)) as database, database:
        change(database)


def audit(running: Running) -> AuditReport:
    """Have the auditor look at everything."""
    world = running.world
    answer = running.http(AUDITOR).get("/audit", token=world.token(world.members[AUDITOR]))
    return AuditReport.model_validate(answer)
