"""The founding of the register: who is accredited before there are two who can accredit anybody."""

import logging
from pathlib import Path

from pydantic import ValidationError

from services.contracts.oversight.messages import Bootstrap
from services.kit.events import Event, EventKind, Outcome
from services.kit.settings import SettingsError
from services.oversight.office import Office
from services.oversight.store import Entry, entry_digest, place

FOUNDED = 0
"""The number of the edition in which the register is empty."""
logger = logging.getLogger("sekisho")


def found(office: Office, file: Path) -> None:
    """Enter what the founding file names, if the register is empty; later it has no effect, whatever it says.

    Raises: SettingsError when the file cannot be read.
    """
    with office.context.database.write() as conn:
        office.store.initialise(conn)
        if office.store.serial(conn) > FOUNDED:
            logger.info("the register is founded; the setting bootstrap is not read any more")
            return
        asked = _read(file)
        entries: list[Entry] = [
            *asked.bodies,
            *asked.organisations,
            *asked.terminals,
            *asked.operators,
            *asked.policies,
        ]
        for entry in entries:
            office.store.add(conn, entry)
        event = Event(
            kind=EventKind.ACCREDITATION_CHANGED,
            outcome=Outcome.DONE,
            count=len(entries),
            detail={
                "change": "founding",
                "serial": office.store.next_serial(conn),
                "entries": [[*place(entry), entry_digest(entry)] for entry in entries],
            },
        )
        office.context.journal.record(conn, person=None, event=event)


def _read(file: Path) -> Bootstrap:
    try:
        return Bootstrap.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise SettingsError(
            f"the setting bootstrap names {file}, which cannot be read as a register"
        ) from error
