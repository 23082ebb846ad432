"""Neither a clock that is set back nor a restart keeps, or brings back, an old edition of the register."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from consent import jws
from consent.identifiers import OrganisationId
from services.contracts.oversight.register import REGISTER_TYPE, Kind, Organisation, Register
from services.contracts.oversight.register_reader import RegisterReader
from services.kit.clock import epoch_seconds
from services.kit.high_water import HighWater, MarkInFolder
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

    def reader(self, seen: HighWater | None = None) -> RegisterReader:
        return RegisterReader(
            self.edition,
            key=self.key.public_key(),
            clock=lambda: self.now,
            max_age=1,
            stale_limit=30,
            seen=seen,
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


def test_an_old_edition_is_refused_also_after_a_restart(tmp_path: Path) -> None:
    """LD7, IL5: who brings an oversight body of yesterday back brings nobody back who was suspended."""
    oversight = Oversight()
    oversight.suspend()
    assert oversight.reader(MarkInFolder(tmp_path / "seen")).directory().organisation(CLINIC) is None
    oversight.serial, oversight.active = 1, True
    restarted = oversight.reader(MarkInFolder(tmp_path / "seen"))
    with pytest.raises(UnavailableError):
        restarted.directory()
    oversight.serial = 3
    oversight.now += timedelta(seconds=2)
    assert restarted.directory().organisation(CLINIC) is not None


@given(st.lists(st.tuples(st.booleans(), st.integers(min_value=1, max_value=10**12)), max_size=20))
def test_a_mark_only_rises_whoever_raises_it(raised: list[tuple[bool, int]]) -> None:
    """LD7: of two processes with one folder, none lowers what the other has seen."""
    with TemporaryDirectory() as folder:
        one, other = (MarkInFolder(Path(folder) / "seen") for _ in range(2))
        highest = 0
        for first, number in raised:
            (one if first else other).rise_to(number)
            highest = max(highest, number)
            assert one.height() == other.height() == MarkInFolder(Path(folder) / "seen").height() == highest
        assert len(list((Path(folder) / "seen").glob("*"))) == bool(raised)
