"""The audit of stored records knows the keys that authors had before, and drops those that are distrusted."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from support.medical_story import story
from support.medical_world import AUDITOR, HOSPITAL, Running, Someone

from consent.jwk import to_jwk
from services.contracts.oversight.messages import OrganisationKeys
from services.contracts.oversight.register import FormerKey
from services.contracts.shared import AuditReport


@pytest.fixture
def told(tmp_path: Path) -> Iterator[tuple[Running, Someone]]:
    with story(tmp_path) as begun:
        yield begun


def findings(running: Running) -> set[str]:
    world = running.world
    answer = running.http(AUDITOR).get("/audit", token=world.token(world.members[AUDITOR]))
    return {finding.problem for finding in AuditReport.model_validate(answer).findings}


@pytest.mark.parametrize(
    ("former", "expected"),
    [
        (FormerKey.KEPT, set()),
        (FormerKey.DISTRUSTED, {"the author's signature does not verify"}),
    ],
)
def test_audit_takes_signatures_of_former_keys_unless_distrusted(
    told: tuple[Running, Someone], former: FormerKey, expected: set[str]
) -> None:
    running, _ = told
    assert findings(running) == set()
    held = running.world.oversight.directory().organisation(HOSPITAL)
    assert held is not None
    other = to_jwk(Ed25519PrivateKey.generate().public_key())
    keys = OrganisationKeys(id=HOSPITAL, signing_key=other, receiving_key=held.receiving_key, former=former)
    running.world.oversight.change_keys(keys)
    assert findings(running) == expected
