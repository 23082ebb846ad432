"""Own records come in parts, each in the person's history before it is handed out."""

from pathlib import Path

import pytest
from sqlalchemy import update
from support.medical_story import ALL, MEDICATION, deposit, documents, seal
from support.medical_world import HOSPITAL, Running, Someone, World

from services.contracts.medical.messages import OwnRecords, OwnRecordsRequest
from services.kit.http import RemoteProblemError
from services.medical import tables


def fetch(running: Running, person: Someone, *, start: int = 0) -> OwnRecords:
    token = running.world.person_token(person)
    return running.medical(HOSPITAL).own_records(OwnRecordsRequest(start=start), token=token)


def test_parts_follow_each_other_and_together_are_everything(tmp_path: Path) -> None:
    """Whole deposits, though one of them has more documents than one part should."""
    world, person = World(tmp_path), Someone("hanako")
    world.settings = world.settings.model_copy(update={"own_records_at_once": 3})
    with world.running() as running:
        running.enrol(person, ALL)
        for number, count in enumerate((2, 2, 5, 1, 1)):
            plain = documents(count, prefix=f"part{number}")
            deposit(running, person, [seal(world, person, plain, compartment=MEDICATION[0])])
        parts, start = [], 0
        while True:
            part = fetch(running, person, start=start)
            parts.append([one.id for each in part.bundles for one in each.documents])
            if part.next is None:
                break
            start = part.next
        told = [each for each in running.events(person) if each["kind"] == "own_records_fetched"]
    assert [len(each) for each in parts] == [4, 5, 2]
    assert len({name for each in parts for name in each}) == 11
    assert [(each["outcome"], each["count"], each["categories"]) for each in told] == [
        ("done", len(each), ["medication"]) for each in parts
    ]


def test_record_whose_row_was_changed_is_handed_to_nobody_and_said_so(tmp_path: Path) -> None:
    """IT5."""
    world, person = World(tmp_path), Someone("hanako")
    with world.running() as running:
        running.enrol(person, ALL)
        deposit(running, person, [seal(world, person, documents(1), compartment=MEDICATION[0])])
        with world.context.database.write() as conn:
            conn.execute(update(tables.document).values(ciphertext=b"something else"))
        with pytest.raises(RemoteProblemError) as refused:
            fetch(running, person)
        assert refused.value.status == 500
        assert running.events(person)[-1]["kind"] == "own_records_fetched"
        assert running.events(person)[-1]["outcome"] == "refused"
