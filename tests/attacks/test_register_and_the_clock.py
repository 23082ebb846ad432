"""A clock that is set back does not keep an old edition of the register in force."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from consent import jws
from consent.identifiers import OrganisationId
from services.contracts.oversight.register import REGISTER_TYPE, Kind, Organisation, Register
from services.contracts.oversight.register_reader import RegisterReader
from services.kit.clock import epoch_seconds
from services.kit.http import PeerUnavailableError
from services.kit.problems import UnavailableError

CLINIC = OrganisationId("clinic-b")
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


@dataclass
class Oversight:
    """An oversight body that signs the present edition, or is down, and a reader of it with its clock."""

    now: datetime = NOON
    serial: int = 1
    active: bool = True
    down: bool = False
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def edition(self) -> str:
        if self.down:
            raise PeerUnavailableError("down")
        clinic = Organisation(
            id=CLINIC,
            name="B",
            kind=Kind.CLINIC,
            active=self.active,
            expires=epoch_seconds(NOON) + 10**6,
        )
        told = Register(
            serial=self.serial,
            issued_at=epoch_seconds(self.now),
            organisations=[clinic],
            terminals=[],
            operators=[],
            bodies=[],
        )
        return jws.sign(told.model_dump(mode="json"), typ=REGISTER_TYPE, key=self.key, kid="register")

    def reader(self) -> RegisterReader:
        return RegisterReader(
            self.edition, key=self.key.public_key(), clock=lambda: self.now, max_age=1, stale_limit=30
        )

    def suspend(self) -> None:
        self.serial, self.active = self.serial + 1, False


@pytest.mark.parametrize("back", [timedelta(minutes=5), timedelta(days=1)], ids=str)
def test_a_suspended_organisation_stays_out_when_the_clock_is_set_back(back: timedelta) -> None:
    """LD6, IL5: an edition from a time that has not come yet is no young edition."""
    oversight = Oversight()
    reader = oversight.reader()
    assert reader.directory().organisation(CLINIC) is not None
    oversight.suspend()
    oversight.now -= back
    assert reader.directory().organisation(CLINIC) is None


def test_a_clock_set_back_asks_a_body_again_that_was_down() -> None:
    """LD6: neither does a failure from a time that has not come yet keep the reader from asking."""
    oversight = Oversight(down=True)
    reader = oversight.reader()
    with pytest.raises(UnavailableError):
        reader.directory()
    oversight.down = False
    oversight.now -= timedelta(days=1)
    assert reader.directory().organisation(CLINIC) is not None
